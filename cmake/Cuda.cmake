# attnscope_cuda: CUDA kernels on raw pointers and the thin C++ file that hands them tensors, as a module that
# attnscope_compute loads where a device is. The architectures are named one by one: a machine that only compiles has no
# GPU to ask.
attnscope_sources(cuda_sources core/src/kernels/*.cu core/src/module/cuda/*.cpp)
if(NOT cuda_sources OR NOT TARGET attnscope_compute)
    return()
endif()

if(NOT CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES "75-real;80-real;86-real;89-real;90-real;100-real;120")
endif()
set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
enable_language(CUDA)
# nvcc has had C++20 since 12.0; CMake 3.25 does not know it yet.
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
    list(APPEND CMAKE_CUDA_COMPILE_FEATURES cuda_std_20)
endif()

add_library(attnscope_cuda MODULE ${cuda_sources})
attnscope_build_id(attnscope_cuda core/src/module/cuda/build_id.cpp)
target_include_directories(attnscope_cuda SYSTEM PRIVATE
    ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES} "${ATTNSCOPE_NVIDIA_DIR}/include")
target_link_libraries(attnscope_cuda PRIVATE attnscope_base attnscope_warnings torch::torch_cpu torch::c10
    # Nothing in the objects names these two, yet loading them is what registers the device with LibTorch.
    -Wl,--no-as-needed torch::torch_cuda torch::c10_cuda -Wl,--as-needed)
set_target_properties(attnscope_cuda PROPERTIES BUILD_RPATH "${ATTNSCOPE_NVIDIA_DIR}/lib")
