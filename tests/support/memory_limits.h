// Whether a limit on memory can be tried in this build.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ATTNSCOPE_TEST_SANITIZED
#elif defined(__has_feature) // clang's way to say it
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ATTNSCOPE_TEST_SANITIZED
#endif
#endif

namespace attnscope::test {

/// The sanitizers reserve more address space than any limit on memory leaves.
#ifdef ATTNSCOPE_TEST_SANITIZED
inline constexpr bool limits_on_memory_work = false;
#else
inline constexpr bool limits_on_memory_work = true;
#endif

} // namespace attnscope::test
