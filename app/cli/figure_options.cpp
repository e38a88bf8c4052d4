#include "cli/figure_options.h"

#include "analyses/alignment/describe.h"
#include "analyses/attention/describe.h"
#include "analyses/cv/describe.h"
#include "analyses/jacobian/describe.h"
#include "analyses/residual/describe.h"
#include "analyses/retrieval/describe.h"
#include "cli/field_options.h"
#include "cli/model_options.h"

#include <attnscope/cv_figures.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace attnscope::cli {
namespace fs = std::filesystem;

namespace {

double parse_width(const std::string& text) {
    constexpr std::pair<const char*, double> units[] = {{"mm", 1}, {"cm", 10}, {"in", 25.4}};
    constexpr double narrowest = 10, widest = 5000;
    std::string number = text;
    double millimetres = 1;
    for (const auto& [unit, factor] : units) {
        if (!text.ends_with(unit)) continue;
        number = text.substr(0, text.size() - 2);
        millimetres = factor;
    }
    const double width = parse_number("--width", number) * millimetres;
    if (width < narrowest || width > widest) throw Error(ErrorKind::usage, "--width", "10mm to 5000mm", text);
    return width;
}

/// What the gain of a model may be and the β of a bank may not.
double finite_beta(const RetrievalJob& asked) {
    if (std::isinf(asked.beta)) throw Error(ErrorKind::usage, "--beta", "a finite number for a bank", "inf");
    return asked.beta;
}

void add_attention_options(CLI::App& app, FigureOptions& options) {
    AttentionJob& job = options.attention;
    const std::string group = "Attention";
    add_path(app, "--model", job.model, "folder of a model, or a GGUF file (the sample's)")->group(group);
    add_path(app, "--ids", options.ids, "file of token ids")->group(group);
    add_value(app, "--prompt", "S", "the text of the tokens itself", [&options](const std::string& text) {
        options.prompt = text;
    })->group(group);
    add_whole(app, "--layer", job.layer, 0, "layer shown (0)")->group(group);
    add_whole(app, "--head", job.head, 0, "head shown (0)")->group(group);
    add_fields(app, cursor_fields(job), group);
    add_fields(app, request_fields(job), group, {"beta", "rows", "scores", "induction_on_random"});
    add_chat(app, options.chat)->group(group);
    add_fields(app, map_fields(job), group);
}

void add_cv_options(CLI::App& app, FigureOptions& options) {
    CvExperimentJob& shown = options.shown;
    const std::string group = "CV bands";
    add_fields(app, cursor_fields(options.cv), group);
    add_fields(app, fields_of(options.cv.parameters), group, {"exact", "band"});
    add_experiment_options(app, options.experiment);
    add_fields(app, cursor_fields(shown), "Experiment");
    add_value(app, "--config", "D,H", "configuration shown (the first)", [&shown](const std::string& text) {
        const std::vector<std::string> parts = parse_list("--config", text);
        if (parts.size() != 2) throw Error(ErrorKind::usage, "--config", "width and heads as in 64,2", text);
        shown.dim = static_cast<int>(parse_whole("--config", parts[0], 1, cv::most_experiment_dim));
        shown.heads = static_cast<int>(parse_whole("--config", parts[1], 1, cv::most_experiment_dim));
    })->group("Experiment");
}

void add_alignment_options(CLI::App& app, FigureOptions& options) {
    AlignmentJob& job = options.alignment;
    const std::string group = "Alignment";
    add_path(app, "--grams", job.grams, "grams of operators (JSON) instead of a model")->group(group);
    add_path(app, "--eigdirs", job.directions, "their eigendirections")->group(group);
    add_fields(app, comparison_fields(job), group);
    add_fields(app, operator_fields(job), group);
    add_fields(app, cursor_fields(job), group);
    app.add_flag("--match", job.match, "the anchor profile of matched heads too")->group(group);
}

void add_jacobian_options(CLI::App& app, FigureOptions& options) {
    JacobianJob& job = options.jacobian;
    const std::string group = "Softmax gradient";
    add_path(app, "--captures", job.captures, "file of probabilities A and gradients g")->group(group);
    add_fields(app, cursor_fields(job), group);
}

/// X0:X1,Y0:Y1
Zoom parse_zoom(const std::string& text) {
    const auto fail = [&] { throw Error(ErrorKind::usage, "--zoom", "X0:X1,Y0:Y1, lower numbers first", text); };
    const std::vector<std::string> ranges = parse_list("--zoom", text);
    if (ranges.size() != 2) fail();
    const auto range = [&](const std::string& part) -> std::array<double, 2> {
        const std::size_t colon = part.find(':');
        if (colon == std::string::npos) fail();
        const std::array ends{parse_number("--zoom", part.substr(0, colon)),
                              parse_number("--zoom", part.substr(colon + 1))};
        if (!(ends[0] < ends[1])) fail();
        return ends;
    };
    return {0, range(ranges[0]), range(ranges[1])};
}

} // namespace

/// Whether an option was given, so that it outweighs what the recipe or session says.
bool given(const CLI::App& command, const char* option) {
    return command.get_option(option)->count() > 0;
}

void override_job(const CLI::App& command, const FigureOptions& options, RetrievalJob& job) {
    const RetrievalJob& asked = options.retrieval.job;
    const retrieval::Request& from = asked.request;
    retrieval::Request& to = job.request;
    if (given(command, "--mode")) to.modes = from.modes;
    if (given(command, "--steps")) to.steps = from.steps;
    if (given(command, "--lambda")) to.lambda = from.lambda;
    if (given(command, "--plane-x")) to.plane_x = from.plane_x;
    if (given(command, "--plane-y")) to.plane_y = from.plane_y;
    if (given(command, "--basins")) to.basins = from.basins;
    if (given(command, "--beta")) job.beta = finite_beta(asked);
    if (given(command, "--step")) job.step = asked.step;
}

void override_job(const CLI::App& command, const FigureOptions& options, AttentionJob& job) {
    const AttentionJob& asked = options.attention;
    if (given(command, "--beta")) job.request.gain = asked.request.gain;
    if (given(command, "--layer")) job.layer = asked.layer;
    if (given(command, "--head")) job.head = asked.head;
    if (given(command, "--token")) job.token = asked.token;
    if (given(command, "--colour")) job.colour = asked.colour;
    if (given(command, "--precision")) job.request.precision = asked.request.precision;
    if (given(command, "--every-layer")) job.every_layer = asked.every_layer;
    if (given(command, "--without-sink")) job.without_sink = asked.without_sink;
    if (given(command, "--renormalize")) job.renormalize = asked.renormalize;
}

void override_job(const CLI::App& command, const FigureOptions& asked, CvJob& job) {
    if (given(command, "--kind")) job.cursor.kind = asked.cv.cursor.kind;
    if (given(command, "--layer")) job.cursor.layer = asked.attention.layer;
    if (given(command, "--head")) job.cursor.head = asked.attention.head;
    if (given(command, "--samples")) job.parameters.samples = asked.cv.parameters.samples;
    if (given(command, "--pool")) job.parameters.pool = asked.cv.parameters.pool;
    if (given(command, "--points")) job.parameters.points = asked.cv.parameters.points;
    if (given(command, "--precision")) job.precision = asked.attention.request.precision;
}

void override_job(const CLI::App& command, const FigureOptions& asked, AlignmentJob& job) {
    const AlignmentJob& from = asked.alignment;
    if (given(command, "--anchor")) job.anchor = from.anchor;
    if (given(command, "--topk")) job.topk = from.topk;
    if (given(command, "--quantity")) job.quantity = from.quantity;
    if (given(command, "--match")) job.match = from.match;
    if (given(command, "--layer")) job.layer = asked.attention.layer;
    if (given(command, "--head")) job.head = asked.attention.head;
    if (!job.grams.empty()) return; // which have settled the rest
    if (given(command, "--operator")) job.kind = from.kind;
    if (given(command, "--directions")) job.basis = from.basis;
    if (given(command, "--norm-gain")) job.norm_gain = from.norm_gain;
}

void override_job(const CLI::App& command, const FigureOptions& asked, ResidualJob& job) {
    if (given(command, "--layer")) job.cursor.layer = asked.attention.layer;
    if (given(command, "--head")) job.cursor.head = asked.attention.head;
    if (given(command, "--rank")) job.cursor.rank = asked.residual.cursor.rank;
    if (given(command, "--block")) job.cursor.block = asked.residual.cursor.block;
    if (given(command, "--precision")) job.request.precision = asked.attention.request.precision;
}

void override_job(const CLI::App& command, const FigureOptions& asked, CvExperimentJob& job) {
    if (given(command, "--follow")) job.group = asked.shown.group;
    if (given(command, "--epoch")) job.epoch = asked.shown.epoch;
    if (given(command, "--config")) {
        job.dim = asked.shown.dim;
        job.heads = asked.shown.heads;
    }
}

void override_job(const CLI::App& command, const FigureOptions& asked, JacobianJob& job) {
    JacobianJob::Cursor& cursor = job.cursor;
    if (given(command, "--metric")) cursor.metric = asked.jacobian.cursor.metric;
    if (given(command, "--layer")) cursor.layer = asked.attention.layer;
    if (given(command, "--head")) cursor.head = asked.attention.head;
    if (given(command, "--sequence")) cursor.sequence = asked.jacobian.cursor.sequence;
    if (given(command, "--row")) cursor.row = asked.jacobian.cursor.row;
    // Sequences here are blocks of a text there, and asked for by the same options.
    const residual::Parameters& text = asked.residual.request.parameters;
    if (given(command, "--seq-len")) job.length = static_cast<std::size_t>(text.seq_len);
    if (given(command, "--blocks")) job.blocks = static_cast<std::size_t>(text.blocks);
}

void override_job(const CLI::App& command, const FigureOptions& asked, JacobianExperimentJob& job) {
    if (given(command, "--metric")) job.metric = asked.jacobian.cursor.metric;
}

void override_writing(const CLI::App& command, const FigureSpec& asked, FigureSpec& spec) {
    if (given(command, "--panel") && spec.panel != asked.panel) {
        spec.panel = asked.panel;
        spec.zoom.clear(); // of another panel
    }
    if (given(command, "--zoom")) spec.zoom = asked.zoom;
    if (given(command, "--style")) spec.style = asked.style;
    if (given(command, "--width") || given(command, "--style")) spec.width_mm = asked.width_mm;
    if (given(command, "--dpi")) spec.dpi = asked.dpi;
}

/// What to draw when nothing was named: the sample bank, or the letters.
RetrievalJob retrieval_inputs(RetrievalOptions& options) {
    options.job.beta = finite_beta(options.job);
    if (!has_bank(options)) {
        options.job.bank = find_samples().bank;
        options.job.letters = options.job.bank.empty();
    }
    if (!has_queries(options)) options.job.queries.rows = {0};
    settle_queries(options);
    return options.job;
}

namespace {

/// The model that was named, else the sample's. Throws Error{usage}.
fs::path model_or_sample(const FigureOptions& options) {
    const fs::path model = options.attention.model.empty() ? find_samples().model : options.attention.model;
    if (model.empty()) throw Error(ErrorKind::usage, "attnscope figure", "--model M", "none, and no sample model");
    return model;
}

/// The tokens as they were given, none of them needed.
ModelOptions given_tokens(const CLI::App& command, const FigureOptions& options) {
    if (options.retrieval.texts.size() > 1) throw Error(ErrorKind::usage, "--text", "one file of text", "several");
    ModelOptions tokens;
    tokens.ids = options.ids;
    tokens.prompt = options.prompt;
    tokens.prompt_given = given(command, "--prompt");
    tokens.chat = options.chat;
    if (!options.retrieval.texts.empty()) tokens.text = options.retrieval.texts.front();
    return tokens;
}

} // namespace

AttentionJob attention_inputs(const CLI::App& command, const FigureOptions& options) {
    AttentionJob job = options.attention;
    job.model = model_or_sample(options);
    const ModelOptions tokens = given_tokens(command, options);
    const bool none = tokens.ids.empty() && tokens.text.empty() && !tokens.prompt_given;
    // The score of repeated tokens needs no text.
    if (none && job.colour == attention::HeadColour::induction) return job;
    job.tokens = token_source(tokens, "figure");
    return job;
}

CvJob cv_inputs(const CLI::App& command, const FigureOptions& options) {
    CvJob job = options.cv;
    override_job(command, options, job);
    job.model = model_or_sample(options);
    const ModelOptions tokens = given_tokens(command, options);
    if (!tokens.ids.empty() || !tokens.text.empty() || tokens.prompt_given) job.tokens = token_source(tokens, "figure");
    return job;
}

AlignmentJob alignment_inputs(const CLI::App& command, const FigureOptions& options) {
    AlignmentJob job;
    job.grams = options.alignment.grams;
    job.directions = options.alignment.directions;
    override_job(command, options, job);
    if (!job.grams.empty()) return job;
    job.model = options.attention.model.empty() ? find_samples().model : options.attention.model;
    if (job.model.empty())
        throw Error(ErrorKind::usage, "attnscope figure", "--model M or --grams G", "neither, and no sample model");
    return job;
}

ResidualJob residual_inputs(const CLI::App& command, const FigureOptions& options) {
    ResidualJob job = options.residual;
    override_job(command, options, job);
    job.model = model_or_sample(options);
    job.tokens = token_source(given_tokens(command, options), "figure");
    return job;
}

JacobianJob jacobian_inputs(const CLI::App& command, const FigureOptions& options) {
    JacobianJob job = options.jacobian;
    override_job(command, options, job);
    if (!job.captures.empty()) return job;
    const AttentionJob model = attention_inputs(command, options);
    job.model = model.model;
    if (model.tokens) job.tokens = *model.tokens;
    return job;
}

CvExperimentJob experiment_inputs(const CLI::App& command, const FigureOptions& options, const CommonOptions& common) {
    CvExperimentJob job = options.shown;
    job.request = options.experiment.request;
    job.request.parameters = options.cv.parameters;
    if (!given(command, "--every")) job.request.every = 1;
    if (common.seed_given) job.request.seed = common.seed;
    cv::check_experiment(job.request);
    return job;
}

void add_figure_options(CLI::App& command, FigureOptions& options) {
    RetrievalJob& job = options.retrieval.job;
    FigureSpec& spec = options.spec;
    add_path(command, "FILE", options.file, "a result or figure: draw from the recipe in it");
    add_path(command, "--recipe", options.recipe, "the same; or none: write the figure without its recipe");
    add_path(command, "--session", options.session, "draw what a session of the window shows");
    command
        .add_option_function<std::vector<std::string>>(
            "--inputs",
            [&options](const std::vector<std::string>& folders) {
                options.folders.assign(folders.begin(), folders.end());
            },
            "folders to look for the recipe's inputs in")
        ->type_name("DIR");
    add_value(command, "--panel", "P",
              "weights, entropy, plane, trajectories, spectrum, origin, modes, hysteresis, "
              "separation, letters; heads, map, text, rows, gain; band, cv.map, volumes, "
              "dimension, table, training, grid, relation; alignment.map, profile, signs, angles, "
              "alignment.heads, spectra, matched, verdict; curve, residual.map, "
              "variance, residual.text, residual.spectrum; jacobian.map, bars, energy, row, "
              "maps; or all (into the folder --out)",
              [&spec](const std::string& panel) { spec.panel = panel; });
    add_value(command, "--style", "S",
              "neurips, iclr, icml, icml-wide, acl, nature, nature-wide, slide, or a JSON file",
              [&spec](const std::string& style) { spec.style = style; });
    add_value(command, "--width", "W", "width, as in 89mm (the style's)",
              [&spec](const std::string& text) { spec.width_mm = parse_width(text); });
    add_value(command, "--dpi", "N", "dots per inch of a PNG (300)", [&spec](const std::string& text) {
        spec.dpi = static_cast<double>(parse_whole("--dpi", text, 10, 2400));
    });
    add_value(command, "--zoom", "X0:X1,Y0:Y1", "show this part of the first plot, in its data (all of it)",
              [&spec](const std::string& text) { spec.zoom = {parse_zoom(text)}; });
    add_value(command, "--types", "L", "file types of --panel all (svg)",
              [&options](const std::string& text) { options.types = parse_list("--types", text); });
    Fields shown;
    FieldCollector field(shown);
    field.as(AboveZeroOrInfinity{}, options.attention.request.gain,
             {.name = "beta",
              .help = "inverse temperature shown; of a model, its gain, inf: top-1",
              .absent = "0.75 of the critical one; 1"});
    field(job.step, {.name = "step", .help = "step shown"});
    add_fields(command, std::move(shown), "Options");
    add_input_options(command, options.retrieval);
    add_fields(command, fields_of(options.retrieval.job.request), "Dynamics",
               {"beta_table", "beta", "tol", "origin_beta", "origin_eps", "origin_steps", "sweep", "plane",
                "plane_beta", "separation", "separation_samples"});
    add_attention_options(command, options);
    add_cv_options(command, options);
    add_alignment_options(command, options);
    const std::string group = "Low-rank residual, softmax gradient";
    add_fields(command, fields_of(options.residual.request), group, {"heads", "token_losses", "precision"});
    add_fields(command, cursor_fields(options.residual), group);
    add_jacobian_options(command, options);
}

} // namespace attnscope::cli
