# attnscope_cuda: CUDA kernels on raw pointers and the thin C++ file that hands them tensors, as a module that
# attnscope_compute loads where a device is. The architectures are named one by one: a machine that only compiles has no
# GPU to ask.
attnscope_sources(cuda_sources core/src/kernels/*.cu core/src/kernels/cuda_module.cpp)
if(NOT cuda_sources OR NOT TARGET attnscope_compute)
    return()
endif()

if(NOT CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES "75-real;80-real;86-real;89-real;90-real;100-real;120")
endif()
set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
set(CMAKE_CUDA_STANDARD 20)
enable_language(CUDA)

add_library(attnscope_cuda MODULE ${cuda_sources})
target_include_directories(attnscope_cuda SYSTEM PRIVATE ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES})
target_link_libraries(attnscope_cuda PRIVATE attnscope_base attnscope_warnings torch::torch_cpu torch::c10
    # Nothing in the objects names these two, yet loading them is what registers the device with LibTorch.
    -Wl,--no-as-needed torch::torch_cuda torch::c10_cuda -Wl,--as-needed)
