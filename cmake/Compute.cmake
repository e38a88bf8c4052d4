# attnscope_compute: models, analyses, kernels. The base loads it at run time, so starting the program does not wait for
# LibTorch; only its one entry point crosses.
attnscope_sources(compute_sources core/src/*.cpp)
list(FILTER compute_sources INCLUDE REGEX "/core/src/(models/|kernels/|.*/compute/)")
if(NOT compute_sources OR NOT TARGET attnscope_base)
    return()
endif()

add_library(attnscope_compute SHARED ${compute_sources})
target_link_libraries(attnscope_compute
    PUBLIC attnscope_base torch::torch_cpu torch::c10 PkgConfig::HIGHWAY
    PRIVATE attnscope_warnings nlohmann_json::nlohmann_json torch::gomp ${CMAKE_DL_LIBS})
attnscope_precompile(attnscope_compute ${tensor_headers})
# Each of these has an embed, a layer and a finish of its own.
foreach(name IN ITEMS gpt2 gpt_neox llama)
    set_source_files_properties("${CMAKE_SOURCE_DIR}/core/src/models/${name}.cpp"
        PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endforeach()
attnscope_build_id(attnscope_compute core/src/module/compute/build_id.cpp)
attnscope_unity(attnscope_compute ${compute_sources})
# at::parallel_for is a template that is serial unless its caller is compiled with OpenMP, which the precompiled headers
# are not. Clang would bring an OpenMP beside LibTorch's own: serial there, which is what the sanitizers are built with.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(openmp "-fopenmp")
endif()
foreach(name IN ITEMS activations attention_gradient attention_on_cpu fixed_product forward gradient_pass packed_linear pass
        rotary)
    set_source_files_properties("${CMAKE_SOURCE_DIR}/core/src/models/${name}.cpp"
        PROPERTIES COMPILE_OPTIONS "${openmp}" SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
endforeach()

# The hand-written loops gain from the heavier optimiser; nothing else is worth its compile time.
foreach(source IN LISTS compute_sources)
    if(NOT source MATCHES "/core/src/kernels/")
        continue()
    endif()
    # Each is compiled once per instruction set.
    set_source_files_properties("${source}" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    if(CMAKE_BUILD_TYPE STREQUAL "Release")
        set_source_files_properties("${source}" PROPERTIES COMPILE_OPTIONS "-O3")
    elseif(ATTNSCOPE_SANITIZE MATCHES "undefined")
        # The loops as plain C++, which stand in for instructions here: a NaN as an integer is what the processor makes it.
        set_source_files_properties("${source}" PROPERTIES COMPILE_OPTIONS "-fno-sanitize=float-cast-overflow")
    endif()
endforeach()
