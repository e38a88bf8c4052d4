// Checks of a kernel on every instruction set this machine has.
#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <functional>

namespace attnscope::test {

/// Runs the check once per instruction set, and leaves the dispatch as it was.
inline void on_every_target(const std::function<void()>& check) {
    for (const std::uint32_t target : hwy::SupportedAndGeneratedTargets()) {
        SCOPED_TRACE(hwy::TargetName(target));
        hwy::SetSupportedTargetsForTest(target);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
        check();
    }
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

} // namespace attnscope::test
