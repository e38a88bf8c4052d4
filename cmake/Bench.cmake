# attnscope_bench: Google Benchmark programs of the kernels and the analyses.
attnscope_sources(bench_sources bench/*.cpp)
if(NOT bench_sources OR NOT TARGET attnscope_compute)
    return()
endif()
find_package(benchmark REQUIRED)
add_executable(attnscope_bench ${bench_sources})
target_include_directories(attnscope_bench PRIVATE "${CMAKE_SOURCE_DIR}")
target_link_libraries(attnscope_bench PRIVATE attnscope_compute attnscope_warnings benchmark::benchmark
    nlohmann_json::nlohmann_json)
