#include "cli/commands.h"
#include "cli/figure_job.h"
#include "cli/retrieval_options.h"
#include "cli/session_job.h"

#include <attnscope/retrieval_figures.h>

#include <algorithm>
#include <memory>

namespace attnscope::cli {
namespace fs = std::filesystem;

namespace {

struct FigureOptions {
    RetrievalOptions retrieval;
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

void override_dynamics(const CLI::App& command, const RetrievalJob& asked, RetrievalJob& job) {
    const retrieval::Request& from = asked.request;
    retrieval::Request& to = job.request;
    if (given(command, "--mode")) to.modes = from.modes;
    if (given(command, "--steps")) to.steps = from.steps;
    if (given(command, "--lambda")) to.lambda = from.lambda;
    if (given(command, "--plane-x")) to.plane_x = from.plane_x;
    if (given(command, "--plane-y")) to.plane_y = from.plane_y;
    if (given(command, "--basins")) to.basins = from.basins;
    if (given(command, "--beta")) job.beta = asked.beta;
    if (given(command, "--step")) job.step = asked.step;
}

void override_writing(const CLI::App& command, const FigureSpec& asked, FigureSpec& spec) {
    if (given(command, "--panel")) spec.panel = asked.panel;
    if (given(command, "--style")) spec.style = asked.style;
    if (given(command, "--width") || given(command, "--style")) spec.width_mm = asked.width_mm;
    if (given(command, "--dpi")) spec.dpi = asked.dpi;
}

/// What to draw when nothing was named: the sample bank, or the letters.
RetrievalJob default_inputs(RetrievalOptions& options) {
    if (!has_bank(options)) {
        options.job.bank = find_samples().bank;
        options.job.letters = options.job.bank.empty();
    }
    if (!has_queries(options)) options.job.queries.rows = {0};
    settle_queries(options);
    return options.job;
}

RetrievalJob settle_job(const CLI::App& command, FigureOptions& options, Context& context) {
    const fs::path recipe = options.file.empty() ? options.recipe : options.file;
    const bool with_recipe = !recipe.empty() && recipe != "none";
    const int sources = int(with_recipe) + int(!options.session.empty()) +
                        int(has_bank(options.retrieval) || has_queries(options.retrieval));
    if (sources > 1) {
        throw Error(ErrorKind::usage, "attnscope figure", "one of a recipe, a session and inputs", "several");
    }
    FigureSpec spec = options.spec;
    RetrievalJob job;
    if (with_recipe) {
        const Recipe found = open_recipe(recipe).recipe;
        job = retrieval_job(found, input_places(recipe, options.folders));
        context.compute_as(found);
        if (job.figure) {
            spec = *job.figure;
            override_writing(command, options.spec, spec);
        }
        override_dynamics(command, options.retrieval.job, job);
    } else if (!options.session.empty()) {
        job = session_job(options.session, input_places(options.session, options.folders));
        override_dynamics(command, options.retrieval.job, job);
    } else {
        job = default_inputs(options.retrieval);
    }
    if (spec.panel.empty()) {
        throw Error(ErrorKind::usage, "--panel", "a panel to draw, or all", "none");
    }
    job.figure = spec;
    job.seed = context.job().seed();
    return job;
}

struct Drawing {
    RetrievalJob job;
    Style style;
    bool with_recipe = true;
    Context& context;

    Figure draw(const std::string& panel) {
        Figure figure = draw_panel(job, panel, context.job());
        if (!with_recipe) return figure;
        job.figure->panel = panel;
        job.figure->style = style.name;
        Recipe recipe = retrieval_recipe(job);
        recipe.device = context.device_name();
        figure.recipe = recipe.json();
        return figure;
    }

    void write(const fs::path& path, const Figure& figure) const {
        context.job().checkpoint();
        {
            const auto writing = context.writing();
            write_figure(path, figure, style, job.figure->dpi);
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
    const auto& panels = retrieval::panel_ids();
    for (std::size_t i = 0; i < panels.size(); ++i) {
        drawing.context.job().progress(static_cast<double>(i), static_cast<double>(panels.size()), "drawing panels");
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
    RetrievalJob job = settle_job(command, options, context);
    const bool all = job.figure->panel == "all";
    const std::string panel = all ? std::string() : panel_id(job.figure->panel);
    if (all && out.empty()) throw Error(ErrorKind::usage, "--out", "a folder for all panels", "nothing");
    if (!all && out.empty()) context.require_format({Format::json, Format::csv, Format::npz}, "figure");
    if (!all && !out.empty()) require_figure_type(figure_type(out));

    for (const std::string& type : options.types) require_figure_type(type);

    Drawing drawing{.job = std::move(job), .style = {}, .with_recipe = options.recipe != "none", .context = context};
    drawing.style = find_style(*drawing.job.figure, options.folders);
    std::vector<Warning> warnings;
    load_inputs(drawing.job, context.job(), warnings);
    context.note(warnings);
    if (all) return write_all(drawing, out, options.types);
    const Figure figure = drawing.draw(panel);
    if (out.empty()) return deliver_data(figure, context);
    drawing.write(out, figure);
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
                                        "separation, or all (into the folder --out)",
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
    add_positive(*command, "--beta", job.beta, "inverse temperature shown (0.75 of the critical one)");
    add_whole(*command, "--step", job.step, 0, "step shown (1)");
    add_input_options(*command, options->retrieval);
    add_dynamics_options(*command, options->retrieval);
    return {command, [options, command](Context& context) { make_figure(*command, *options, context); }};
}

}  // namespace attnscope::cli
