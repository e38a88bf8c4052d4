# Precompiled headers. Of what a file costs the compiler, a third to a half is reading the same standard and LibTorch
# headers again. Only headers of others are precompiled, so that nothing here ever makes one stale; a source still
# includes everything it uses, and builds the same with ATTNSCOPE_PRECOMPILE off.
option(ATTNSCOPE_PRECOMPILE "Precompile the headers that many sources share" ON)

set(standard_headers
    <algorithm> <array> <atomic> <charconv> <chrono> <cmath> <condition_variable> <cstdint> <cstdio> <cstring>
    <filesystem> <fstream> <functional> <limits> <map> <memory> <mutex> <numeric> <optional> <set> <span> <sstream>
    <stop_token> <string> <string_view> <thread> <unordered_map> <unordered_set> <utility> <variant> <vector>)
set(tensor_headers <ATen/core/Tensor.h> <ATen/Parallel.h> <ATen/ops/empty.h> <ATen/ops/from_blob.h>)

# attnscope_precompile(TARGET HEADER...): the standard headers, and these, ahead of every source of TARGET.
function(attnscope_precompile target)
    if(NOT ATTNSCOPE_PRECOMPILE)
        return()
    endif()
    target_precompile_headers(${target} PRIVATE ${standard_headers} ${ARGN})
    # With these the compiler cache can tell one precompiled header from another.
    target_compile_options(${target} PRIVATE
        $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess> "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endfunction()
