// Runs the built program and looks at what it did.
#pragma once

#include "support/memory_limits.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace attnscope::test {

struct Outcome {
    int status = -1; ///< exit status; 128 + N when killed by signal N
    std::string out, error;
    int error_lines() const {
        int count = 0;
        for (const char c : error) count += c == '\n';
        return count;
    }
};

inline std::string read_all(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// A limit that the program runs under: RLIMIT_DATA, RLIMIT_FSIZE …, and the bytes.
struct Limit {
    decltype(RLIMIT_AS) resource;
    rlim_t bytes;
};

/// A program that runs; its output goes to files in a folder of its own.
class Program {
public:
    /// `out` stands for standard output where it is given, e.g. /dev/full.
    explicit Program(const std::vector<std::string>& arguments, const std::filesystem::path& out = {},
                     const std::vector<Limit>& limits = {}, const std::filesystem::path& binary = ATTNSCOPE_BIN) {
        std::string name = (std::filesystem::temp_directory_path() / "attnscope-run-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) std::abort();
        folder_ = name;
        out_ = out.empty() ? folder_ / "out" : out;
        std::vector<char*> argv;
        std::string program = binary.string();
        argv.push_back(program.data());
        std::vector<std::string> copies = arguments;
        for (std::string& argument : copies) argv.push_back(argument.data());
        argv.push_back(nullptr);
        const std::string out_name = out_.string(), error_name = (folder_ / "error").string();
        process_ = fork();
        if (process_ != 0) return;
        const int output = open(out_name.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        const int error = open(error_name.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        const int input = open("/dev/null", O_RDONLY);
        dup2(input, STDIN_FILENO);
        dup2(output, STDOUT_FILENO);
        dup2(error, STDERR_FILENO);
        for (const Limit& limit : limits) {
            const struct rlimit both = {limit.bytes, limit.bytes};
            setrlimit(limit.resource, &both);
        }
        execv(argv[0], argv.data());
        _exit(127);
    }
    ~Program() {
        if (process_ > 0) {
            kill(process_, SIGKILL);
            wait();
        }
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    void signal(int number) const { kill(process_, number); }
    pid_t id() const { return process_; }
    std::string error() const { return read_all(folder_ / "error"); }

    Outcome wait() {
        int status = 0;
        waitpid(process_, &status, 0);
        process_ = -1;
        Outcome run;
        run.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (std::filesystem::is_regular_file(out_)) run.out = read_all(out_);
        run.error = error();
        return run;
    }

private:
    std::filesystem::path folder_, out_;
    pid_t process_ = -1;
};

inline Outcome run_program(const std::vector<std::string>& arguments) {
    return Program(arguments).wait();
}
inline Outcome run_limited(const std::vector<std::string>& arguments, const std::vector<Limit>& limits) {
    return Program(arguments, {}, limits).wait();
}

} // namespace attnscope::test
