# LibTorch out of its wheel, as own imported targets: the package file it ships asks for a CUDA toolkit even where only
# the CPU libraries are wanted. Its libraries find their neighbours relative to themselves, so they stay where they are.
set(site_packages "${ATTNSCOPE_CACHE_DIR}/torch-2.11.0/lib/python3.11/site-packages")
set(ATTNSCOPE_TORCH_DIR "${site_packages}/torch" CACHE PATH "The torch folder of an unpacked LibTorch wheel")
set(ATTNSCOPE_NVIDIA_DIR "${site_packages}/nvidia/cu13" CACHE PATH "The CUDA 13 wheels unpacked beside it")
if(NOT EXISTS "${ATTNSCOPE_TORCH_DIR}/lib/libtorch_cpu.so")
    message(FATAL_ERROR "LibTorch: expected ${ATTNSCOPE_TORCH_DIR}/lib/libtorch_cpu.so, got nothing there; "
                        "scripts/run.sh --build-only fetches it")
endif()

foreach(name IN ITEMS c10 torch_cpu c10_cuda torch_cuda)
    add_library(torch::${name} SHARED IMPORTED)
    set_target_properties(torch::${name} PROPERTIES
        IMPORTED_LOCATION "${ATTNSCOPE_TORCH_DIR}/lib/lib${name}.so"
        INTERFACE_INCLUDE_DIRECTORIES
            "${ATTNSCOPE_TORCH_DIR}/include;${ATTNSCOPE_TORCH_DIR}/include/torch/csrc/api/include"
        # Its libraries leave symbols to others that only a CUDA process loads.
        INTERFACE_LINK_OPTIONS "LINKER:--allow-shlib-undefined")
endforeach()

# LibTorch's own OpenMP: code that shares its threads must not bring another.
add_library(torch::gomp SHARED IMPORTED)
set_target_properties(torch::gomp PROPERTIES IMPORTED_LOCATION "${ATTNSCOPE_TORCH_DIR}/lib/libgomp.so.1")
