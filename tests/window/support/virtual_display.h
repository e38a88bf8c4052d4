// A display for the tests of the real window: the one there is, or an Xvfb of our own.
#pragma once

#include <sys/types.h>

namespace attnscope::test {

class VirtualDisplay {
public:
    /// Starts Xvfb unless DISPLAY is set; sets DISPLAY. Without Xvfb nothing is set.
    VirtualDisplay();
    ~VirtualDisplay();
    bool available() const { return available_; }

private:
    pid_t process_ = 0;
    bool available_ = false;
};

} // namespace attnscope::test
