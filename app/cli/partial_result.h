// What a long command has so far, in a file beside the result that is still being made.
#pragma once

#include "cli/context.h"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace attnscope::cli {

/// OUT.partial beside --out OUT: what a cancelled command leaves and the same command goes on from. Nowhere, and
/// without effect, where the result goes to standard output. A command derives the kind that knows what is in the file.
class PartialResult {
public:
    explicit PartialResult(Context& context);

    /// How much of the result is in the file, in what the command counts.
    std::size_t kept() const { return kept_; }
    std::string name() const { return path_.filename().string(); }
    void remove() const;

protected:
    ~PartialResult() = default;
    /// What `read` makes of the file of an earlier command, and how much that is. {null, 0} where there is none or
    /// another.
    template <class Result>
    using Left = std::pair<std::shared_ptr<const Result>, std::size_t>;
    template <class Result>
    std::shared_ptr<const Result> take_up(const std::function<Left<Result>(const std::filesystem::path&)>& read) {
        if (!exists()) return nullptr;
        try {
            auto left = read(path_);
            kept_ = left.second;
            return std::move(left.first);
        } catch (const Error&) {
            return nullptr; // a file of something else is written anew
        }
    }
    /// Has `write` put `amount` of the result there unless that much is there already; a signal waits for its end.
    void keep(std::size_t amount, const std::function<void(const std::filesystem::path&)>& write);

private:
    bool exists() const;

    Context& context_;
    std::filesystem::path path_;
    std::size_t kept_ = 0;
};

/// Runs `compute` with a job of these options, and hands what it publishes to partial.keep(const Result&). The file is
/// gone once there is a whole result, and when the job failed; one that was cancelled says what partial.left() has to
/// say of it.
template <class Result, class Partial, class Compute>
Result compute_keeping(Context& context, Partial& partial, JobContext::Options options, const Compute& compute) {
    options.on_snapshot = [&partial](const std::shared_ptr<const void>& snapshot) {
        partial.keep(*std::static_pointer_cast<const Result>(snapshot));
    };
    try {
        JobContext job = context.streaming(std::move(options));
        Result result = compute(job);
        partial.remove();
        return result;
    } catch (const Cancelled&) {
        if (partial.kept() > 0) context.note(partial.left());
        throw;
    } catch (const std::exception&) {
        partial.remove();
        throw;
    }
}

} // namespace attnscope::cli
