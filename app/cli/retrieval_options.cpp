#include "cli/retrieval_options.h"

#include "cli/embedding.h"

#include <algorithm>

namespace attnscope::cli {
namespace {

std::vector<retrieval::Mode> parse_modes(const std::string& text) {
    if (text == "all") return {retrieval::all_modes.begin(), retrieval::all_modes.end()};
    std::vector<retrieval::Mode> modes;
    for (const std::string& name : parse_list("--mode", text)) {
        const retrieval::Mode mode = retrieval::parse_mode(name);
        if (std::find(modes.begin(), modes.end(), mode) == modes.end()) modes.push_back(mode);
    }
    return modes;
}

} // namespace

void add_input_options(CLI::App& app, RetrievalOptions& options) {
    RetrievalJob& job = options.job;
    const std::string group = "Input";
    add_path(app, "--bank", job.bank, "file of memories (safetensors, npy, npz, pt)")->group(group);
    app.add_flag("--letters", job.letters, "the toy bank of drawn letters instead")->group(group);
    add_value(app, "--layout", "auto|rows|columns", "how the bank lies in its file (auto)",
              [&job](const std::string& text) { job.layout = parse_layout(text); })
        ->group(group);
    add_value(app, "--key", "NAME", "tensor of the bank's file", [&job](const std::string& text) {
        job.key = text;
    })->group(group);
    add_path(app, "--queries", options.queries, "file of query vectors")->group(group);
    add_path(app, "--questions", options.questions, "file of questions (.jsonl with `question`, or lines)")
        ->group(group);
    app.add_option("--text", options.texts, "a question itself; may be repeated")
        ->type_name("S")
        ->allow_extra_args(false)
        ->group(group);
    add_value(app, "--rows", "L", "memories as queries; with a file, rows of it", [&job](const std::string& text) {
        job.queries.rows = parse_rows("--rows", text);
    })->group(group);
    add_path(app, "--encoder", job.queries.encoder, "folder or GGUF file of the questions' encoder (the sample's)")
        ->group(group);
}

void add_dynamics_options(CLI::App& app, RetrievalOptions& options) {
    retrieval::Request& request = options.job.request;
    const std::string group = "Dynamics";
    add_whole(app, "--steps", request.steps, 1, "steps of a trace (8)")->group(group);
    add_value(app, "--mode", "L", "raw, centered, hybrid, residual, renormalized, or all (centered)",
              [&request](const std::string& text) { request.modes = parse_modes(text); })
        ->group(group);
    add_value(app, "--lambda", "X", "share of the old state in mode residual (0.5)",
              [&request](const std::string& text) {
                  request.lambda = parse_number("--lambda", text);
                  if (request.lambda < 0 || request.lambda > 1) {
                      throw Error(ErrorKind::usage, "--lambda", "a number from 0 to 1", text);
                  }
              })
        ->group(group);
    const auto add_direction = [&](const char* option, const char* help, retrieval::PlaneDirection& direction) {
        add_value(app, option, "v1|query|memory:N", help, [&direction](const std::string& text) {
            direction = parse_plane_direction(text);
        })->group(group);
    };
    add_direction("--plane-x", "first direction of the plane (v1)", request.plane_x);
    add_direction("--plane-y", "second direction of the plane (query)", request.plane_y);
    app.add_flag("--basins", request.basins, "where every point of the plane ends")->group(group);
}

bool has_bank(const RetrievalOptions& options) {
    return options.job.letters || !options.job.bank.empty();
}

bool has_queries(const RetrievalOptions& options) {
    return !options.queries.empty() || !options.questions.empty() || !options.texts.empty() ||
           !options.job.queries.rows.empty();
}

void settle_queries(RetrievalOptions& options) {
    QuerySpec& queries = options.job.queries;
    const int sources = int(!options.queries.empty()) + int(!options.questions.empty()) + int(!options.texts.empty());
    if (sources > 1 || (!options.texts.empty() && !queries.rows.empty())) {
        throw Error(ErrorKind::usage, "queries", "one of --queries, --questions, --text and --rows", "several");
    }
    if (!options.queries.empty()) {
        queries.kind = QuerySpec::Kind::file;
        queries.file = options.queries;
    } else if (!options.questions.empty()) {
        queries.kind = QuerySpec::Kind::questions;
        queries.file = options.questions;
    } else if (!options.texts.empty()) {
        queries.kind = QuerySpec::Kind::text;
        queries.texts = options.texts;
    }
    const bool embeds = queries.kind == QuerySpec::Kind::questions || queries.kind == QuerySpec::Kind::text;
    if (embeds) queries.encoder = encoder_or_sample(queries.encoder);
}

} // namespace attnscope::cli
