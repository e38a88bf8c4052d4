// Commands as nobody would give them: any of the registry, with arguments right and wrong, the same in every run.
#pragma once

#include "shell/shell.h"
#include "state/command_json.h"

#include <attnscope/job.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace attnscope::ui {

/// Draws by number.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : seed_(seed) {}
    std::size_t below(std::size_t end) { return static_cast<std::size_t>(random_bits(seed_, 0, ++count_) % end); }
    bool one_in(std::size_t n) { return below(n) == 0; }
    template <class List>
    const auto& of(const List& list) {
        return list[below(list.size())];
    }

private:
    std::uint64_t seed_, count_ = 0;
};

class RandomCommands {
public:
    /// `files` are what paths name, to read and to write. The shell outlives this.
    RandomCommands(Shell& shell, std::vector<std::filesystem::path> files) : shell_(shell), files_(std::move(files)) {
        for (const CommandSpec& spec : shell_.commands().all())
            if (allowed(spec.id)) specs_.push_back(&spec);
    }

    Command next(Dice& dice) const {
        const CommandSpec& spec = *dice.of(specs_);
        Command made{spec.id, {}};
        for (const Parameter& parameter : spec.parameters)
            if (parameter.name == "path" || !dice.one_in(10))
                made.arguments[parameter.name] = some_value(parameter, dice);
        if (dice.one_in(100)) made.arguments["nonsense"] = 1.0;
        return made;
    }

    const std::vector<std::filesystem::path>& files() const { return files_; }
    /// A view that was seen before, for commands that take one.
    void remember_view(std::string text) { last_view_ = std::move(text); }

private:
    /// Not those that run for minutes, ask the desktop, or compute elsewhere.
    static bool allowed(const std::string& id) {
        static const std::set<std::string> not_here{"cv.start",        "training.start",   "training.sample",
                                                    "residual.run",    "residual.wordnet", "compute.device",
                                                    "session.save_as", "file.sample",      "file.embed"};
        return !not_here.contains(id);
    }

    Value some_value(const Parameter& parameter, Dice& dice) const {
        static const std::vector<std::int64_t> integers{0,  1,   2,   3,          7,         39,       -1,
                                                        -2, 100, 101, 4294967297, INT64_MAX, INT64_MIN};
        static const std::vector<double> numbers{0, 1, 0.5, -1, 3.7, 64, 1e-300, 1e300, -1e300, NAN, INFINITY};
        static const std::vector<std::string> texts{"",
                                                    "a",
                                                    "v1",
                                                    "v2",
                                                    "query",
                                                    "memory 3",
                                                    "memory 99999999999",
                                                    "3, 1, 4",
                                                    "\xff\xfe",
                                                    "9-11",
                                                    "0-1",
                                                    "[[[[",
                                                    "{}",
                                                    "Ctrl+J",
                                                    "retrieval.weights",
                                                    "cv.table",
                                                    "attention.map",
                                                    "no.panel"};
        const AppState& state = shell_.state();
        if (dice.one_in(40)) return dice.of(texts); // of no type in particular
        switch (parameter.type) {
        case Parameter::Type::boolean: return dice.one_in(2);
        case Parameter::Type::integer:
            if (parameter.name == "source" && !state.sources.empty() && !dice.one_in(8))
                return std::int64_t{dice.of(state.sources).id};
            return dice.one_in(4) ? dice.of(integers) : static_cast<std::int64_t>(dice.below(6));
        case Parameter::Type::number: return dice.of(numbers);
        case Parameter::Type::text:
            if (parameter.name == "path") return dice.of(files_).string();
            if (parameter.name == "view" && !dice.one_in(3)) return dice.one_in(2) ? view_text(state.view) : last_view_;
            if (!parameter.choices.empty() && !dice.one_in(6)) return dice.of(parameter.choices);
            if (parameter.name == "panel" && !dice.one_in(4)) return dice.of(shell_.panels())->id();
            return dice.of(texts);
        case Parameter::Type::numbers: {
            const auto bank = state.bank();
            std::vector<double> values(dice.one_in(3) || !bank ? dice.below(12) : bank->d);
            for (double& value : values) value = dice.one_in(20) ? dice.of(numbers) : double(dice.below(3)) - 1;
            return values;
        }
        }
        return false;
    }

    Shell& shell_;
    std::vector<std::filesystem::path> files_;
    std::vector<const CommandSpec*> specs_;
    std::string last_view_ = "{}";
};

} // namespace attnscope::ui
