#include "kernels/devices.h"

#include "base/build_id.h"
#include "kernels/cuda_table.h"

#include <dlfcn.h>

#include <cstring>
#include <filesystem>

namespace attnscope::compute {
namespace {

constexpr const char* module_name = "libattnscope_cuda.so";

/// The CUDA kernels, or null where the module is missing, cannot be loaded (no CUDA libraries) or finds no device.
struct CudaModule {
    const kernels::CudaTable* table = nullptr;
    int devices = 0;
    std::string reason = "no CUDA module beside the program";
};

CudaModule load() {
    CudaModule module;
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void*>(&resolve_device), &info) == 0 || info.dli_fname == nullptr) return module;
    std::error_code failure;
    std::filesystem::path folder = std::filesystem::canonical(info.dli_fname, failure).parent_path();
    const std::filesystem::path path = folder / module_name;
    if (failure || !std::filesystem::exists(path, failure)) return module;
    // Local symbols; never closed, because a driver that was opened once cannot be put back.
    void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        const char* const message = dlerror();
        module.reason = message ? message : "the CUDA module cannot be loaded";
        return module;
    }
    using BuildId = const char* (*)();
    using Entry = const kernels::CudaTable* (*)();
    const auto id = reinterpret_cast<BuildId>(dlsym(handle, "attnscope_cuda_build_id"));
    const auto entry = reinterpret_cast<Entry>(dlsym(handle, "attnscope_cuda_table"));
    if (id == nullptr || entry == nullptr || std::strcmp(id(), build_id()) != 0) {
        module.reason = "a CUDA module of another build";
        return module;
    }
    module.table = entry();
    module.devices = module.table->device_count();
    module.reason = std::to_string(module.devices) + " CUDA devices";
    return module;
}

/// Loaded before anything asks LibTorch for devices: a process that asked too early has no CUDA for good.
const CudaModule& cuda_module() {
    static const CudaModule module = load();
    return module;
}

} // namespace

std::vector<std::string> devices() {
    std::vector<std::string> names{"cpu"};
    const CudaModule& module = cuda_module();
    for (int index = 0; index < module.devices; ++index) {
        std::string name = "cuda:" + std::to_string(index);
        try {
            name += " · " + module.table->device_name(index);
        } catch (const Error&) {
            // A device that fell off the bus after it was counted keeps its number; using it says what is wrong.
        }
        names.push_back(std::move(name));
    }
    return names;
}

Device resolve_device(const Device& device) {
    if (device.kind == Device::Kind::cpu) return device;
    const CudaModule& module = cuda_module();
    if (device.kind == Device::Kind::automatic)
        return module.devices > 0 ? Device{Device::Kind::cuda, 0} : Device{Device::Kind::cpu, 0};
    if (device.index < 0 || device.index >= module.devices)
        throw Error(ErrorKind::resource, "device", device.name(), module.reason);
    return device;
}

const kernels::CudaTable* cuda_table(const Device& device) {
    return device.kind == Device::Kind::cuda ? cuda_module().table : nullptr;
}

} // namespace attnscope::compute
