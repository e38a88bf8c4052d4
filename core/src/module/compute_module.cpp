#include "module/compute_module.h"

#include "base/build_id.h"

#include <dlfcn.h>
#include <sys/mman.h>

#include <cstring>
#include <filesystem>

namespace attnscope {
namespace {

constexpr const char* module_name = "libattnscope_compute.so";

/// The module lies beside the library this code is in, wherever both were installed.
std::filesystem::path module_path() {
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void*>(&compute_module), &info) == 0 || info.dli_fname == nullptr) {
        return module_name;
    }
    std::error_code failure;
    const std::filesystem::path library = std::filesystem::canonical(info.dli_fname, failure);
    return (failure ? std::filesystem::path(info.dli_fname) : library).parent_path() / module_name;
}

/// LibTorch registers its operators while it is loaded. Nobody could catch what an initialiser of a library throws, so
/// the memory for it is asked for before. Throws Error{resource}.
void check_memory_to_load() {
    constexpr std::size_t needed = std::size_t{64} << 20;
    void* const memory =
        mmap(nullptr, needed, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        throw Error(ErrorKind::resource, module_name, std::to_string(needed >> 20) + " MiB of memory to load it",
                    "less");
    }
    munmap(memory, needed);
}

const ComputeTable& load() {
    const std::filesystem::path path = module_path();
    check_memory_to_load();
    // RTLD_LOCAL: the symbols of LibTorch must not answer for anybody else's. Never closed: LibTorch cannot be
    // unloaded.
    void* const module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) {
        const char* const reason = dlerror();
        throw Error(ErrorKind::resource, module_name, "the compute module beside the program's library",
                    reason ? reason : "nothing");
    }
    using BuildId = const char* (*)();
    using Entry = const ComputeTable* (*)();
    const auto id = reinterpret_cast<BuildId>(dlsym(module, "attnscope_compute_build_id"));
    const auto entry = reinterpret_cast<Entry>(dlsym(module, "attnscope_compute_table"));
    if (id == nullptr || entry == nullptr || std::strcmp(id(), build_id()) != 0) {
        throw Error(ErrorKind::resource, module_name, std::string("the build ") + build_id(),
                    id ? std::string("the build ") + id() : "a module without a build id");
    }
    return *entry();
}

} // namespace

const ComputeTable& compute_module() {
    // A failed load throws out of the initialisation, so the next call tries again.
    static const ComputeTable& table = load();
    return table;
}

std::vector<std::string> available_devices() {
    return compute_module().devices();
}

std::shared_ptr<const TextEncoder> open_text_encoder(const std::filesystem::path& path) {
    return compute_module().open_text_encoder(path);
}

} // namespace attnscope
