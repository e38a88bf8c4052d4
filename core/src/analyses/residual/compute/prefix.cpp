#include "analyses/residual/compute/prefix.h"

#include <attnscope/error.h>

#include <ATen/ops/empty.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace attnscope::compute {
namespace {

[[noreturn]] void no_room(const char* wanted) {
    throw Error(ErrorKind::resource, "activations on disk", wanted, std::strerror(errno), "folder of temporary files");
}

/// Calls one(bytes, count, offset) until all `count` bytes are through.
template <class Byte, class One>
void in_pieces(Byte* bytes, std::uint64_t count, std::uint64_t place, const char* wanted, One one) {
    while (count > 0) {
        const ssize_t done = one(bytes, count, static_cast<off_t>(place));
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) no_room(wanted);
        bytes += done;
        place += static_cast<std::uint64_t>(done);
        count -= static_cast<std::uint64_t>(done);
    }
}

} // namespace

PrefixStore::~PrefixStore() {
    if (file_ >= 0) close(file_);
}

void PrefixStore::open_file() {
    std::error_code failure;
    const std::filesystem::path folder = std::filesystem::temp_directory_path(failure);
    if (failure)
        throw Error(ErrorKind::resource, "activations on disk", "a folder of temporary files", failure.message(),
                    "TMPDIR");
    std::string name = (folder / "attnscope-XXXXXX").string();
    file_ = mkostemp(name.data(), O_CLOEXEC);
    if (file_ < 0) no_room("a temporary file");
    unlink(name.c_str());
}

void PrefixStore::add(const at::Tensor& states) {
    Entry entry;
    entry.shape = states.sizes().vec();
    entry.options = states.options();
    const auto bytes = static_cast<std::uint64_t>(states.numel()) * states.element_size();
    if (bytes <= left_) {
        left_ -= bytes;
        entry.states = states;
    } else {
        left_ = 0; // what follows lies behind it on disk
        if (file_ < 0) open_file();
        const at::Tensor here = states.cpu().contiguous();
        entry.place = end_;
        in_pieces(
            static_cast<const char*>(here.const_data_ptr()), bytes, end_, "space for them",
            [&](const char* from, std::uint64_t count, off_t place) { return pwrite(file_, from, count, place); });
        end_ += bytes;
    }
    entries_.push_back(std::move(entry));
}

at::Tensor PrefixStore::load(std::size_t index) const {
    const at::Tensor states = look(index);
    return entries_[index].states.defined() ? states.clone() : states;
}

at::Tensor PrefixStore::look(std::size_t index) const {
    const Entry& entry = entries_.at(index);
    if (entry.states.defined()) return entry.states;
    at::Tensor states = at::empty(entry.shape, entry.options.device(at::kCPU));
    const auto bytes = static_cast<std::uint64_t>(states.numel()) * states.element_size();
    in_pieces(static_cast<char*>(states.mutable_data_ptr()), bytes, entry.place, "what was written",
              [&](char* to, std::uint64_t count, off_t place) { return pread(file_, to, count, place); });
    return states.to(entry.options.device());
}

} // namespace attnscope::compute
