# Fuzz targets: tests/fuzz/NAME.cpp, each with its own LLVMFuzzerTestOneInput. Under clang with ATTNSCOPE_FUZZERS they are
# libFuzzer programs; otherwise a small main replays tests/fuzz/corpus/NAME through them. Either way ctest knows the
# replay as fuzz_NAME.
file(GLOB fuzz_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/fuzz/*.cpp")
set(corpus_main "${CMAKE_SOURCE_DIR}/tests/fuzz/support/corpus_main.cpp")
if(NOT TARGET attnscope_base OR (NOT ATTNSCOPE_FUZZERS AND NOT EXISTS "${corpus_main}"))
    return()
endif()
# The libFuzzer programs are sanitized already.
if(ATTNSCOPE_SANITIZE AND NOT ATTNSCOPE_FUZZERS)
    return()
endif()
enable_testing()

foreach(source IN LISTS fuzz_sources)
    get_filename_component(name "${source}" NAME_WE)
    string(REGEX REPLACE "^fuzz_" "" name "${name}")
    set(corpus "${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name}")
    add_executable(fuzz_${name} "${source}")
    set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/fuzz")
    target_include_directories(fuzz_${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests" "${CMAKE_SOURCE_DIR}")
    target_link_libraries(fuzz_${name} PRIVATE attnscope_base attnscope_warnings nlohmann_json::nlohmann_json)
    if(ATTNSCOPE_FUZZERS)
        target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
        # -runs=0 reads every file of the corpus once and ends.
        add_test(NAME fuzz_${name} COMMAND fuzz_${name} -runs=0 "${corpus}")
    else()
        target_sources(fuzz_${name} PRIVATE "${corpus_main}")
        add_test(NAME fuzz_${name} COMMAND fuzz_${name} "${corpus}")
    endif()
    set_tests_properties(fuzz_${name} PROPERTIES LABELS core TIMEOUT 300)
endforeach()
