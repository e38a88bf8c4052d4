#include "base/json_reader.h"
#include "base/json_text.h"
#include "cli/commands.h"
#include "cli/figure_job.h"
#include "cli/recipe_job.h"
#include "cli/svg_comparison.h"
#include "files/model_identity.h"

#include <attnscope/model_recipe.h>
#include <attnscope/tensor_file.h>

#include <array>
#include <memory>

namespace attnscope::cli {
namespace fs = std::filesystem;

namespace {

struct ReplayOptions {
    fs::path file;
    std::vector<fs::path> folders;
};

struct Verdict {
    std::string compared; ///< numbers, or bytes
    std::vector<std::string> differences;
};

/// The result of an envelope as JSON text.
std::string expected_result(const fs::path& file) {
    const Json envelope = read_json(file, json_kinds::result);
    if (!envelope.is_object() || !envelope.contains("result")) {
        throw Error(ErrorKind::input, file.filename().string(), "a result to compare with", "a recipe alone");
    }
    return envelope["result"].dump();
}

std::string verdict_text(const Verdict& verdict) {
    if (verdict.differences.empty()) return "agrees: equal " + verdict.compared + "\n";
    std::string text = "disagrees\n";
    for (const std::string& difference : verdict.differences) text += difference + "\n";
    return text;
}

void deliver(const Verdict& verdict, const Recipe& recipe, const std::vector<Warning>& warnings, Context& context) {
    if (context.options().format == Format::text) return context.deliver(verdict_text(verdict));
    const Json result = {
        {"agree", verdict.differences.empty()}, {"compared", verdict.compared}, {"differences", verdict.differences}};
    context.deliver_json("attnscope.replay/1", recipe, one_line(result), warnings);
}

/// What a replay starts from.
struct Replay {
    const fs::path& file;
    const FoundRecipe& found;
    const std::vector<fs::path>& places; ///< of inputs
    BytesDone between;                   ///< a checkpoint of the hashing
};

template <class Job>
Verdict replay_figure(const Replay& replay, const Job& job, Context& context) {
    const FigureSpec& spec = *job.figure;
    const Style style = find_style(spec, replay.places);
    const auto source = recipe_source(job, replay.found.recipe, replay.places, context);
    std::vector<Warning> warnings;
    source->load(context.job(), warnings);
    FigureSpec named = spec;
    named.panel = panel_id(*source, spec.panel);
    Figure figure = source->draw(named, context.job());
    zoom_into(figure, spec.zoom);
    figure.recipe = replay.found.text;
    const std::string expected = read_file(replay.file);
    const std::string got = render(figure, spec, style, figure_type(replay.file), replay.file.stem().string());
    if (got == expected) return {"bytes", {}};
    if (figure_type(replay.file) == "svg") return {"numbers", compare_svg(expected, got)};
    if (figure_type(replay.file) == "json") return {"numbers", compare_results(expected, got)};
    return {"bytes", {"the file: expected " + sha256(expected) + ", got " + sha256(got)}};
}

void require_result(const Replay& replay) {
    if (figure_type(replay.file) == "json") return;
    throw Error(ErrorKind::input, replay.file.filename().string(), "a recipe that names its panel", "none");
}

/// A figure, or what `result` computes of the job's loaded inputs.
template <class Job, class Result>
Verdict replay_job(const Replay& replay, Job job, const Result& result, Context& context) {
    if (job.figure) return replay_figure(replay, job, context);
    require_result(replay);
    context.add_inputs(input_files(job));
    const std::string expected = expected_result(replay.file);
    std::vector<Warning> warnings;
    load_inputs(job, context.job(), warnings);
    return {"numbers", compare_results(expected, result(job))};
}

Verdict replay_retrieval(const Replay& replay, Context& context) {
    const auto result = [&](const RetrievalJob& job) {
        return retrieval_result_json(retrieval::compute(job.request, context.job()));
    };
    return replay_job(replay, retrieval_job(replay.found.recipe, replay.places, replay.between), result, context);
}

Verdict replay_attention(const Replay& replay, Context& context) {
    const auto result = [&](const AttentionJob& job) {
        return attention_result_json(job, compute_attention(job, context.job()));
    };
    return replay_job(replay, attention_job(replay.found.recipe, replay.places, replay.between), result, context);
}

Verdict replay_logits(const Replay& replay, Context& context) {
    LogitsJob job = logits_job(replay.found.recipe, replay.places, replay.between);
    require_result(replay);
    context.add_inputs(input_files(job));
    const std::string expected = expected_result(replay.file);
    load_inputs(job, context.job());
    return {"numbers", compare_results(expected, logits_result_json(compute_logits(job.request, context.job())))};
}

Verdict replay_experiment(const Replay& replay, Context& context) {
    const CvExperimentJob job = cv_experiment_job(replay.found.recipe);
    if (job.figure) return replay_figure(replay, job, context);
    require_result(replay);
    const std::string expected = expected_result(replay.file);
    return {"numbers",
            compare_results(expected, cv_experiment_json(cv::compute_experiment(job.request, context.job())))};
}

Verdict replay_cv(const Replay& replay, Context& context) {
    if (is_cv_experiment(replay.found.recipe)) return replay_experiment(replay, context);
    const auto result = [&](const CvJob& job) { return cv_result_json(job, compute_cv(job, context.job())); };
    return replay_job(replay, cv_job(replay.found.recipe, replay.places, replay.between), result, context);
}

Verdict replay_alignment(const Replay& replay, Context& context) {
    const auto result = [&](const AlignmentJob& job) {
        return alignment_result_json(job, compute_alignment(job, context.job()));
    };
    AlignmentJob job = alignment_job(replay.found.recipe, replay.places, replay.between);
    job.cache = false; // a comparison with numbers kept on disk would show nothing
    return replay_job(replay, std::move(job), result, context);
}

Verdict replay_residual(const Replay& replay, Context& context) {
    const auto result = [&](const ResidualJob& job) {
        return residual_result_json(job, residual::compute(job.request, context.job()));
    };
    return replay_job(replay, residual_job(replay.found.recipe, replay.places, replay.between), result, context);
}

Verdict replay_training(const Replay& replay, Context& context) {
    const auto result = [&](const JacobianExperimentJob& job) {
        return jacobian_experiment_json(jacobian::compute_experiment(job.request, context.job()));
    };
    return replay_job(replay, jacobian_experiment_job(replay.found.recipe, replay.places, replay.between), result,
                      context);
}

Verdict replay_jacobian(const Replay& replay, Context& context) {
    if (is_jacobian_experiment(replay.found.recipe)) return replay_training(replay, context);
    const auto result = [&](const JacobianJob& job) {
        return jacobian_result_json(compute_jacobian(job, context.job()));
    };
    return replay_job(replay, jacobian_job(replay.found.recipe, replay.places, replay.between), result, context);
}

/// Every analysis that can be replayed, by the name in its recipes.
struct Replayable {
    const char* analysis;
    Verdict (*replay)(const Replay& replay, Context& context);
};
constexpr std::array replayables{Replayable{"retrieval", replay_retrieval}, Replayable{"attention", replay_attention},
                                 Replayable{"logits", replay_logits},       Replayable{"cv", replay_cv},
                                 Replayable{"align", replay_alignment},     Replayable{"residual", replay_residual},
                                 Replayable{"jacobian", replay_jacobian}};

const Replayable& find_replayable(const Recipe& recipe) {
    std::string names;
    for (const Replayable& known : replayables) {
        if (recipe.analysis == known.analysis) return known;
        names += (names.empty() ? "" : " or ") + std::string(known.analysis);
    }
    throw Error(ErrorKind::input, "recipe", "the analysis " + names, recipe.analysis, "analysis");
}

/// A parameter that its analysis refuses is a fault of the recipe's file, not of the command line.
Verdict replay_with(const Replayable& replayable, const Replay& replay, Context& context) {
    try {
        return replayable.replay(replay, context);
    } catch (const Error& error) {
        if (error.kind != ErrorKind::usage || error.subject.starts_with("--")) throw;
        throw Error(ErrorKind::input, replay.file.filename().string(), error.expected, error.got,
                    error.subject + (error.where.empty() ? "" : ", " + error.where));
    }
}

void replay(const ReplayOptions& options, Context& context) {
    context.require_format({Format::json, Format::text}, "replay");
    const FoundRecipe found = open_recipe(options.file);
    const Replayable& replayable = find_replayable(found.recipe);
    const auto places = input_places(options.file, options.folders);
    context.compute_as(found.recipe);
    const std::vector<Warning> warnings = recipe_warnings(found.recipe);
    context.note(warnings);
    const Verdict verdict =
        replay_with(replayable, {options.file, found, places, context.job().between_reads()}, context);
    deliver(verdict, found.recipe, warnings, context);
    if (verdict.differences.empty()) return;
    std::string first;
    for (const std::string& difference : verdict.differences) {
        first += (first.empty() ? "" : "; ") + difference.substr(0, difference.find(':'));
    }
    throw Error(ErrorKind::input, options.file.filename().string(), "what its recipe computes",
                "other " + verdict.compared, first);
}

} // namespace

Command replay_command(CLI::App& app) {
    const auto options = std::make_shared<ReplayOptions>();
    CLI::App* const command =
        app.add_subcommand("replay", "run the recipe in a result or figure again and compare the numbers");
    add_path(*command, "FILE", options->file, "a result (JSON) or a written figure")->required();
    command
        ->add_option_function<std::vector<std::string>>(
            "--inputs",
            [options](const std::vector<std::string>& folders) {
                options->folders.assign(folders.begin(), folders.end());
            },
            "folders to look for its inputs in")
        ->type_name("DIR");
    return {.app = command, .run = [options](Context& context) { replay(*options, context); }, .large = true};
}

} // namespace attnscope::cli
