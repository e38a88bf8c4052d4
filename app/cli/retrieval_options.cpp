#include "cli/retrieval_options.h"

#include "analyses/retrieval/describe.h"
#include "cli/embedding.h"
#include "cli/field_options.h"

namespace attnscope::cli {
void add_input_options(CLI::App& app, RetrievalOptions& options) {
    RetrievalJob& job = options.job;
    const std::string group = "Input";
    add_path(app, "--bank", job.bank, "file of memories (safetensors, npy, npz, pt)")->group(group);
    app.add_flag("--letters", job.letters, "the toy bank of drawn letters instead")->group(group);
    add_fields(app, bank_fields(job), group);
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
