#include "cli/commands.h"
#include "cli/figure_job.h"
#include "cli/model_options.h"
#include "cli/panel_source.h"
#include "cli/retrieval_options.h"
#include "cli/session_job.h"

#include <attnscope/retrieval_figures.h>

#include <algorithm>
#include <cmath>
#include <memory>

namespace attnscope::cli {
namespace fs = std::filesystem;

namespace {

struct FigureOptions {
    RetrievalOptions retrieval;
    AttentionJob attention;  // `request.gain` is --beta of either workspace
    fs::path ids;
    std::string prompt;
    FigureSpec spec;
    fs::path file, recipe, session;
    std::vector<fs::path> folders;
    std::vector<std::string> types{"svg"};  // of --panel all
};

/// Whether an option was given, so that it outweighs what the recipe or session says.
bool given(const CLI::App& command, const char* option) { return command.get_option(option)->count() > 0; }

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

void override_dynamics(const CLI::App& command, const RetrievalJob& asked, RetrievalJob& job) {
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

void override_attention(const CLI::App& command, const AttentionJob& asked, AttentionJob& job) {
    if (given(command, "--beta")) job.request.gain = asked.request.gain;
    if (given(command, "--layer")) job.layer = asked.layer;
    if (given(command, "--head")) job.head = asked.head;
    if (given(command, "--token")) job.token = asked.token;
    if (given(command, "--colour")) job.colour = asked.colour;
    if (given(command, "--precision")) job.request.precision = asked.request.precision;
}

void override_writing(const CLI::App& command, const FigureSpec& asked, FigureSpec& spec) {
    if (given(command, "--panel")) spec.panel = asked.panel;
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

/// The sample model where none is named.
AttentionJob attention_inputs(const CLI::App& command, const FigureOptions& options) {
    AttentionJob job = options.attention;
    if (job.model.empty()) job.model = find_samples().model;
    if (job.model.empty()) throw Error(ErrorKind::usage, "attnscope figure", "--model M", "none, and no sample model");
    if (options.retrieval.texts.size() > 1) throw Error(ErrorKind::usage, "--text", "one file of text", "several");
    ModelOptions tokens;
    tokens.ids = options.ids;
    tokens.prompt = options.prompt;
    tokens.prompt_given = given(command, "--prompt");
    if (!options.retrieval.texts.empty()) tokens.text = options.retrieval.texts.front();
    const bool none = tokens.ids.empty() && tokens.text.empty() && !tokens.prompt_given;
    // The score of repeated tokens needs no text.
    if (none && job.colour == attention::HeadColour::induction) return job;
    job.tokens = token_source(tokens, "figure");
    return job;
}

/// What is drawn, and how it is written.
struct Settled {
    std::unique_ptr<PanelSource> source;
    FigureSpec spec;
};

Settled from_recipe(const CLI::App& command, const FigureOptions& options, const fs::path& path, Context& context) {
    const Recipe found = open_recipe(path).recipe;
    const auto places = input_places(path, options.folders);
    context.compute_as(found);
    FigureSpec spec = options.spec;
    const auto settle = [&](auto job, const auto& override_job) {
        if (job.figure) spec = *job.figure;
        override_writing(command, options.spec, spec);
        override_job(job);
        return Settled{panel_source(std::move(job)), spec};
    };
    if (found.analysis == "attention") {
        return settle(attention_job(found, places),
                      [&](AttentionJob& job) { override_attention(command, options.attention, job); });
    }
    return settle(retrieval_job(found, places),
                  [&](RetrievalJob& job) { override_dynamics(command, options.retrieval.job, job); });
}

Settled settle(const CLI::App& command, FigureOptions& options, Context& context) {
    const fs::path recipe = options.file.empty() ? options.recipe : options.file;
    const bool with_recipe = !recipe.empty() && recipe != "none";
    const bool with_model = given(command, "--model") || given(command, "--ids") || given(command, "--prompt");
    const RetrievalOptions& bank = options.retrieval;
    const bool with_bank = has_bank(bank) || !bank.queries.empty() || !bank.questions.empty() ||
                           !bank.job.queries.rows.empty();
    // A text is a question to a bank, or what a model reads.
    const bool with_text = !bank.texts.empty() && !with_bank && !with_model;
    const int sources = int(with_recipe) + int(!options.session.empty()) + int(with_bank) + int(with_model) +
                        int(with_text);
    if (sources > 1) {
        throw Error(ErrorKind::usage, "attnscope figure", "one of a recipe, a session, a bank and a model",
                    "several");
    }
    options.retrieval.job.seed = options.attention.seed = context.job().seed();
    options.retrieval.job.beta = given(command, "--beta") ? options.attention.request.gain : 0;
    Settled settled;
    if (with_recipe) {
        settled = from_recipe(command, options, recipe, context);
    } else if (!options.session.empty()) {
        RetrievalJob job = session_job(options.session, input_places(options.session, options.folders));
        override_dynamics(command, options.retrieval.job, job);
        job.seed = context.job().seed();
        settled = {panel_source(std::move(job)), options.spec};
    } else {
        const std::string& panel = options.spec.panel;
        const bool attention = with_model || (!panel.empty() && panel != "all" &&
                                              workspace_of(panel) == Workspace::attention);
        if (attention && with_bank) throw Error(ErrorKind::usage, "--panel", "a panel of retrieval for a bank", panel);
        settled.source = attention ? panel_source(attention_inputs(command, options))
                                   : panel_source(retrieval_inputs(options.retrieval));
        settled.spec = options.spec;
    }
    if (settled.spec.panel.empty()) throw Error(ErrorKind::usage, "--panel", "a panel to draw, or all", "none");
    return settled;
}

struct Drawing {
    std::unique_ptr<PanelSource> source;
    FigureSpec spec;
    Style style;
    bool with_recipe = true;
    Context& context;

    Figure draw(const std::string& panel) {
        Figure figure = source->draw(panel, context.job());
        if (!with_recipe) return figure;
        spec.panel = panel;
        spec.style = style.name;
        Recipe recipe = source->recipe(spec);
        recipe.device = context.device_name();
        figure.recipe = recipe.json();
        return figure;
    }

    void write(const fs::path& path, const Figure& figure) const {
        context.job().checkpoint();
        {
            const auto writing = context.writing();
            write_figure(path, figure, style, spec.dpi);
        }
        context.note("wrote " + path.string());
    }
};

void write_all(Drawing& drawing, const fs::path& folder, const std::vector<std::string>& types) {
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (!fs::is_directory(folder)) {
        throw Error(ErrorKind::resource, folder.string(), "a folder that can be written", failure.message());
    }
    const auto& panels = drawing.source->panels();
    for (std::size_t i = 0; i < panels.size(); ++i) {
        drawing.context.job().progress(static_cast<double>(i), static_cast<double>(panels.size()), "drawing panels");
        if (!drawing.source->can_draw(panels[i])) continue;
        const Figure figure = drawing.draw(panels[i]);
        for (const std::string& type : types) drawing.write(folder / (panels[i] + "." + type), figure);
    }
}

void deliver_data(const Figure& figure, Context& context) {
    switch (context.options().format) {
    case Format::csv: return context.deliver(figure_csv(figure));
    case Format::npz: return context.deliver(figure_npz(figure));
    default: return context.deliver(figure_json(figure));
    }
}

void make_figure(const CLI::App& command, FigureOptions options, Context& context) {
    const fs::path& out = context.options().out;
    Settled settled = settle(command, options, context);
    const bool all = settled.spec.panel == "all";
    const std::string panel = all ? std::string() : panel_id(*settled.source, settled.spec.panel);
    if (all && out.empty()) throw Error(ErrorKind::usage, "--out", "a folder for all panels", "nothing");
    if (!all && out.empty()) context.require_format({Format::json, Format::csv, Format::npz}, "figure");
    if (!all && !out.empty()) require_figure_type(figure_type(out));

    for (const std::string& type : options.types) require_figure_type(type);

    Drawing drawing{.source = std::move(settled.source),
                    .spec = std::move(settled.spec),
                    .style = {},
                    .with_recipe = options.recipe != "none",
                    .context = context};
    drawing.style = find_style(drawing.spec, options.folders);
    std::vector<Warning> warnings;
    drawing.source->load(context.job(), warnings);
    context.note(warnings);
    if (all) return write_all(drawing, out, options.types);
    const Figure figure = drawing.draw(panel);
    if (out.empty()) return deliver_data(figure, context);
    drawing.write(out, figure);
}

void add_attention_options(CLI::App& app, FigureOptions& options) {
    AttentionJob& job = options.attention;
    const std::string group = "Attention";
    add_path(app, "--model", job.model, "folder of a model, or a GGUF file (the sample's)")->group(group);
    add_path(app, "--ids", options.ids, "file of token ids")->group(group);
    add_value(app, "--prompt", "S", "the text of the tokens itself",
              [&options](const std::string& text) { options.prompt = text; })
        ->group(group);
    add_whole(app, "--layer", job.layer, 0, "layer shown (0)")->group(group);
    add_whole(app, "--head", job.head, 0, "head shown (0)")->group(group);
    add_value(app, "--token", "N", "query shown (the last)",
              [&job](const std::string& text) { job.token = parse_whole("--token", text, 0, INT64_MAX); })
        ->group(group);
    add_value(app, "--colour", "C", "of the heads: entropy, max_weight, sink, previous, duplicate, induction (entropy)",
              [&job](const std::string& text) { job.colour = attention::parse_head_colour(text); })
        ->group(group);
    add_precision(app, job.request.precision)->group(group);
}

}  // namespace

Command figure_command(CLI::App& app) {
    const auto options = std::make_shared<FigureOptions>();
    CLI::App* const command = app.add_subcommand("figure", "write panels as figures");
    RetrievalJob& job = options->retrieval.job;
    FigureSpec& spec = options->spec;
    add_path(*command, "FILE", options->file, "a result or figure: draw from the recipe in it");
    add_path(*command, "--recipe", options->recipe, "the same; or none: write the figure without its recipe");
    add_path(*command, "--session", options->session, "draw what a session of the window shows");
    command->add_option_function<std::vector<std::string>>(
               "--inputs",
               [options](const std::vector<std::string>& folders) {
                   options->folders.assign(folders.begin(), folders.end());
               },
               "folders to look for the recipe's inputs in")
        ->type_name("DIR");
    add_value(*command, "--panel", "P", "weights, entropy, plane, trajectories, spectrum, origin, modes, hysteresis, "
                                        "separation, letters; heads, map, text, rows, gain; or all (into the folder --out)",
              [&spec](const std::string& panel) { spec.panel = panel; });
    add_value(*command, "--style", "S", "neurips, iclr, icml, icml-wide, acl, nature, nature-wide, slide, or a JSON file",
              [&spec](const std::string& style) { spec.style = style; });
    add_value(*command, "--width", "W", "width, as in 89mm (the style's)",
              [&spec](const std::string& text) { spec.width_mm = parse_width(text); });
    add_value(*command, "--dpi", "N", "dots per inch of a PNG (300)", [&spec](const std::string& text) {
        spec.dpi = static_cast<double>(parse_whole("--dpi", text, 10, 2400));
    });
    add_value(*command, "--types", "L", "file types of --panel all (svg)",
              [options](const std::string& text) { options->types = parse_list("--types", text); });
    add_gain(*command, options->attention.request.gain)
        ->description("inverse temperature shown (0.75 of the critical one); of a model, its gain (1; inf: top-1)");
    add_whole(*command, "--step", job.step, 0, "step shown (1)");
    add_input_options(*command, options->retrieval);
    add_dynamics_options(*command, options->retrieval);
    add_attention_options(*command, *options);
    return {command, [options, command](Context& context) { make_figure(*command, *options, context); }};
}

}  // namespace attnscope::cli
