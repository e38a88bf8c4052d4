# attnscope_base: everything of the core that needs no LibTorch. A lab can link it without a window. What is in models/,
# kernels/ and any folder compute/ is attnscope_compute's; what is in a folder cuda/, attnscope_cuda's.
attnscope_sources(base_sources core/src/*.cpp)
list(FILTER base_sources EXCLUDE REGEX "/core/src/(models/|kernels/|.*/(compute|cuda)/)")
if(NOT base_sources)
    return()
endif()

add_library(attnscope_base SHARED ${base_sources})
target_include_directories(attnscope_base
    PUBLIC "${CMAKE_SOURCE_DIR}/core/include"
    # Internal headers: for the other core libraries, the tests and the benchmarks; never installed.
    PUBLIC "${CMAKE_SOURCE_DIR}/core/src")
target_compile_definitions(attnscope_base PUBLIC ATTNSCOPE_VERSION="${PROJECT_VERSION}")
target_link_libraries(attnscope_base
    PUBLIC Threads::Threads
    PRIVATE attnscope_warnings nlohmann_json::nlohmann_json PkgConfig::CAIRO PkgConfig::PCRE2
            PkgConfig::ICU PkgConfig::HIGHWAY Freetype::Freetype PNG::PNG ZLIB::ZLIB ${CMAKE_DL_LIBS})
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Clang reads of a precompiled header what is asked of it, GCC all.
    set(json_header <nlohmann/json.hpp>)
endif()
attnscope_precompile(attnscope_base ${json_header})
attnscope_build_id(attnscope_base core/src/base/build_id.cpp)
attnscope_unity(attnscope_base ${base_sources})
# Sums and products are rounded one by one there, which makes the loops and their reference agree to the bit.
set_source_files_properties(core/src/files/dequantise.cpp core/src/files/dequantise_reference.cpp
    PROPERTIES COMPILE_OPTIONS "-ffp-contract=off;$<$<CONFIG:Release>:-O3>")
# It loads libattnscope_compute from its own folder, and must not need anything it forgot to name.
if(NOT ATTNSCOPE_SANITIZE)
    target_link_options(attnscope_base PRIVATE LINKER:--no-undefined)
endif()
