#include "window/support/virtual_display.h"

#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <unistd.h>

namespace attnscope::test {

VirtualDisplay::VirtualDisplay() {
    if (const char* display = std::getenv("DISPLAY"); display && *display) {
        available_ = true;
        return;
    }
    int numbers[2];
    if (pipe(numbers) != 0) return;
    process_ = fork();
    if (process_ == 0) {
        close(numbers[0]);
        // The server takes a free number and writes it once it accepts clients.
        const std::string fd = std::to_string(numbers[1]);
        // -noreset: a server that begins anew when its last client leaves refuses the next one for a moment.
        execlp("Xvfb", "Xvfb", "-noreset", "-displayfd", fd.c_str(), "-screen", "0", "1920x1200x24", "-nolisten", "tcp",
               nullptr);
        _exit(127);
    }
    close(numbers[1]);
    std::string number;
    for (char c = 0; read(numbers[0], &c, 1) == 1 && c != '\n';) number += c;
    close(numbers[0]);
    if (number.empty()) return;
    setenv("DISPLAY", (":" + number).c_str(), 1);
    available_ = true;
}

VirtualDisplay::~VirtualDisplay() {
    if (process_ <= 0) return;
    kill(process_, SIGTERM);
    waitpid(process_, nullptr, 0);
}

} // namespace attnscope::test
