#include "files/bus_guard.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

namespace attnscope {
namespace {

// `end` is 0 while the place is free. The handler reads these without a lock, hence atomics and a fixed table.
struct Range {
    std::atomic<std::uintptr_t> begin{0}, end{0};
    std::atomic<bool> damaged{false};
};

std::array<Range, 256> ranges;
std::mutex registration;
struct sigaction previous_action;
std::uintptr_t page_size = 4096;

bool replace_missing_pages(std::uintptr_t address) noexcept {
    for (Range& range : ranges) {
        const std::uintptr_t end = range.end.load(std::memory_order_acquire);
        if (address >= end || address < range.begin.load(std::memory_order_acquire)) continue;
        const std::uintptr_t page = address & ~(page_size - 1);
        // Everything from the first missing page on: a shortened file has nothing after it either.
        void* zeros = mmap(reinterpret_cast<void*>(page), end - page, PROT_READ,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
        if (zeros == MAP_FAILED) return false;
        range.damaged.store(true, std::memory_order_release);
        return true;
    }
    return false;
}

void on_bus_error(int signal, siginfo_t* info, void* context) {
    const int saved = errno;
    const bool replaced = replace_missing_pages(reinterpret_cast<std::uintptr_t>(info->si_addr));
    errno = saved;
    if (replaced) return;
    if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
        previous_action.sa_sigaction(signal, info, context);
    } else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
        previous_action.sa_handler(signal);
    } else {
        // Not ours: the instruction runs again and fails the way it would have without this handler.
        sigaction(SIGBUS, &previous_action, nullptr);
    }
}

void install_handler() {
    static const bool installed = [] {
        page_size = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
        struct sigaction action = {};
        action.sa_sigaction = on_bus_error;
        action.sa_flags = SA_SIGINFO | SA_NODEFER;
        sigemptyset(&action.sa_mask);
        return sigaction(SIGBUS, &action, &previous_action) == 0;
    }();
    static_cast<void>(installed);
}

} // namespace

int guard_mapping(const void* begin, std::size_t size) {
    const std::scoped_lock lock(registration);
    install_handler();
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        Range& range = ranges[i];
        if (range.end.load(std::memory_order_relaxed) != 0) continue;
        const auto first = reinterpret_cast<std::uintptr_t>(begin);
        range.damaged.store(false, std::memory_order_relaxed);
        range.begin.store(first, std::memory_order_release);
        range.end.store((first + size + page_size - 1) & ~(page_size - 1), std::memory_order_release);
        return static_cast<int>(i);
    }
    return -1;
}

void release_mapping(int ticket) noexcept {
    if (ticket < 0) return;
    const std::scoped_lock lock(registration);
    ranges[static_cast<std::size_t>(ticket)].end.store(0, std::memory_order_release);
}

bool mapping_damaged(int ticket) noexcept {
    return ticket >= 0 && ranges[static_cast<std::size_t>(ticket)].damaged.load(std::memory_order_acquire);
}

} // namespace attnscope
