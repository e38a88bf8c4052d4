#include "cli/commands.h"
#include "cli/figure_job.h"
#include "cli/figure_options.h"
#include "cli/recipe_job.h"
#include "cli/session_job.h"
#include "files/file_sets.h"
#include "files/model_identity.h"

#include <attnscope/cv_figures.h>
#include <attnscope/jacobian_experiment_figures.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

namespace attnscope::cli {
namespace fs = std::filesystem;

namespace {

/// What is drawn, and how it is written.
struct Settled {
    std::vector<std::unique_ptr<PanelSource>> sources; ///< one a workspace
    FigureSpec spec;
};

Settled settled_as(std::unique_ptr<PanelSource> source, FigureSpec spec) {
    Settled settled;
    settled.sources.push_back(std::move(source));
    settled.spec = std::move(spec);
    return settled;
}

Settled from_recipe(const CLI::App& command, const FigureOptions& options, const fs::path& path, Context& context) {
    const Recipe found = open_recipe(path).recipe;
    context.note(recipe_warnings(found));
    const auto places = input_places(path, options.folders);
    context.compute_as(found);
    FigureSpec spec = options.spec;
    auto source = with_job(found, places, context.job(), [&](auto job) {
        if (job.figure) spec = *job.figure;
        override_writing(command, options.spec, spec);
        override_job(command, options, job);
        return recipe_source(std::move(job), found, places, context);
    });
    return settled_as(std::move(source), std::move(spec));
}

/// Whether the panel, named with or without its workspace, shows the experiment of CV bands.
bool of_experiment(const std::string& panel) {
    return cv::is_experiment_panel(panel) || cv::is_experiment_panel("cv." + panel);
}
/// The same of the softmax gradient.
bool of_training(const std::string& panel) {
    return jacobian::is_experiment_panel(panel) || jacobian::is_experiment_panel("jacobian." + panel);
}

/// What the panels of a session are drawn from.
class SessionFigures {
public:
    SessionFigures(const CLI::App& command, const FigureOptions& options, const SessionJobs& session, Context& context)
        : session(session), command_(command), options_(options), context_(context) {}

    const SessionJobs& session;
    const std::string& panel() const { return options_.spec.panel; }
    /// What was given is asked of the view on the screen; A is what it was.
    template <class Sides>
    Sides settled(Sides sides) const {
        override_job(command_, options_, sides.shown);
        if constexpr (requires { sides.shown.seed; })
            if (context_.options().seed_given) sides.shown.seed = context_.options().seed;
        if (sides.pinned && !ui::compare_alike(sides.shown, *sides.pinned)) sides.pinned.reset();
        context_.add_inputs(input_files(sides.shown));
        if (sides.pinned) context_.add_inputs(input_files(*sides.pinned));
        return sides;
    }
    std::unique_ptr<PanelSource> beside_pinned(std::unique_ptr<PanelSource> shown,
                                               std::unique_ptr<PanelSource> pinned) const {
        return compared(std::move(shown), std::move(pinned), session.beside());
    }
    template <class Sides>
    std::unique_ptr<PanelSource> source(Sides given) const {
        auto sides = settled(std::move(given));
        auto shown = panel_source(std::move(sides.shown));
        return sides.pinned ? beside_pinned(std::move(shown), panel_source(*std::move(sides.pinned)))
                            : std::move(shown);
    }

private:
    const CLI::App& command_;
    const FigureOptions& options_;
    Context& context_;
};

/// The map of heads and the panels of one head are drawn from jobs of their own.
std::unique_ptr<PanelSource> attention_of_session(const SessionFigures& figures) {
    auto heads = figures.settled(figures.session.attention_heads());
    auto head = figures.settled(figures.session.attention_head());
    auto shown = panel_source(std::move(heads.shown), std::move(head.shown));
    if (!heads.pinned || !head.pinned) return shown;
    return figures.beside_pinned(std::move(shown), panel_source(*std::move(heads.pinned), *std::move(head.pinned)));
}

/// What the panels are drawn from where inputs were given.
struct GivenInputs {
    const CLI::App& command;
    FigureOptions& options;
    Context& context;

    template <class Job>
    std::unique_ptr<PanelSource> source(Job job) const {
        if constexpr (requires { job.seed; }) job.seed = context.job().seed();
        context.add_inputs(input_files(job));
        return panel_source(std::move(job));
    }
};

/// The experiment where it or one of its panels is asked for, else a model.
std::unique_ptr<PanelSource> cv_of_inputs(const GivenInputs& inputs) {
    const FigureOptions& options = inputs.options;
    if (options.experiment.wanted || of_experiment(options.spec.panel))
        return panel_source(experiment_inputs(inputs.command, options, inputs.context.options()));
    return inputs.source(cv_inputs(inputs.command, options));
}

/// How the figures of an analysis are asked for.
struct FigureAnalysis {
    Workspace workspace;
    std::unique_ptr<PanelSource> (*of_session)(const SessionFigures&);
    std::unique_ptr<PanelSource> (*of_inputs)(const GivenInputs&);
};
constexpr std::array figure_analyses{
    FigureAnalysis{Workspace::retrieval,
                   [](const SessionFigures& figures) { return figures.source(figures.session.retrieval()); },
                   [](const GivenInputs& inputs) { return inputs.source(retrieval_inputs(inputs.options.retrieval)); }},
    FigureAnalysis{
        Workspace::attention, attention_of_session,
        [](const GivenInputs& inputs) { return inputs.source(attention_inputs(inputs.command, inputs.options)); }},
    FigureAnalysis{Workspace::cv,
                   [](const SessionFigures& figures) {
                       return of_experiment(figures.panel()) ? figures.source(figures.session.cv_experiment())
                                                             : figures.source(figures.session.cv());
                   },
                   cv_of_inputs},
    FigureAnalysis{
        Workspace::alignment, [](const SessionFigures& figures) { return figures.source(figures.session.alignment()); },
        [](const GivenInputs& inputs) { return inputs.source(alignment_inputs(inputs.command, inputs.options)); }},
    FigureAnalysis{
        Workspace::jacobian,
        [](const SessionFigures& figures) {
            return of_training(figures.panel()) ? figures.source(figures.session.training())
                                                : figures.source(figures.session.jacobian());
        },
        [](const GivenInputs& inputs) { return inputs.source(jacobian_inputs(inputs.command, inputs.options)); }},
    FigureAnalysis{
        Workspace::residual, [](const SessionFigures& figures) { return figures.source(figures.session.residual()); },
        [](const GivenInputs& inputs) { return inputs.source(residual_inputs(inputs.command, inputs.options)); }},
};

/// The workspaces that the session has something in, or the one that the panel asks for. Nothing is trained unless a
/// panel of the experiment is asked for by its name.
Settled from_session(const CLI::App& command, const FigureOptions& options, Context& context) {
    const auto places = input_places(options.session, options.folders);
    const SessionJobs session(options.session, places);
    context.compute_as(session.device(), session.seed());
    const std::string& panel = options.spec.panel;
    const bool all = panel.empty() || panel == "all";
    Settled settled;
    settled.spec = options.spec;
    std::optional<Error> unusable;
    const SessionFigures figures(command, options, session, context);
    for (const FigureAnalysis& analysis : figure_analyses) {
        if (all ? !session.has(analysis.workspace) : workspace_of(panel) != analysis.workspace) continue;
        try {
            settled.sources.push_back(analysis.of_session(figures));
        } catch (const Error& error) {
            if (!all) throw;
            context.note(error.what());
            unusable = error;
        }
    }
    if (settled.sources.empty()) {
        throw unusable ? *unusable
                       : Error(ErrorKind::input, options.session.filename().string(), "a bank or a model", "neither");
    }
    return settled;
}

/// The workspace that the inputs or the panel belong to.
Workspace wanted_workspace(const CLI::App& command, const FigureOptions& options, bool with_model) {
    const std::string& panel = options.spec.panel;
    const bool named = !panel.empty() && panel != "all";
    const auto shows = [&](Workspace workspace) { return named && workspace_of(panel) == workspace; };
    if (!options.alignment.grams.empty() || shows(Workspace::alignment)) return Workspace::alignment;
    if (given(command, "--captures") || shows(Workspace::jacobian)) return Workspace::jacobian;
    if (options.experiment.wanted || shows(Workspace::cv)) return Workspace::cv;
    if (shows(Workspace::residual)) return Workspace::residual;
    return with_model || shows(Workspace::attention) ? Workspace::attention : Workspace::retrieval;
}

std::unique_ptr<PanelSource> input_source(const CLI::App& command, FigureOptions& options, Workspace workspace,
                                          Context& context) {
    const auto analysis = std::ranges::find(figure_analyses, workspace, &FigureAnalysis::workspace);
    return analysis->of_inputs({command, options, context});
}

Settled settle(const CLI::App& command, FigureOptions& options, Context& context) {
    const fs::path recipe = options.file.empty() ? options.recipe : options.file;
    const bool with_recipe = !recipe.empty() && recipe != "none";
    const bool with_model = given(command, "--model") || given(command, "--ids") || given(command, "--prompt");
    const RetrievalOptions& bank = options.retrieval;
    const bool with_bank =
        has_bank(bank) || !bank.queries.empty() || !bank.questions.empty() || !bank.job.queries.rows.empty();
    // A text is a question to a bank, or what a model reads.
    const bool with_text = !bank.texts.empty() && !with_bank && !with_model;
    const int sources =
        int(with_recipe) + int(!options.session.empty()) + int(with_bank) + int(with_model) + int(with_text);
    if (sources > 1) {
        throw Error(ErrorKind::usage, "attnscope figure", "one of a recipe, a session, a bank and a model", "several");
    }
    options.retrieval.job.seed = options.attention.seed = context.job().seed();
    options.retrieval.job.beta = given(command, "--beta") ? options.attention.request.gain : 0;
    Settled settled;
    if (with_recipe) {
        settled = from_recipe(command, options, recipe, context);
    } else if (!options.session.empty()) {
        settled = from_session(command, options, context);
    } else {
        const Workspace workspace = wanted_workspace(command, options, with_model);
        if (with_bank && workspace != Workspace::retrieval) {
            throw Error(ErrorKind::usage, "--panel", "a panel of retrieval for a bank", options.spec.panel);
        }
        settled = settled_as(input_source(command, options, workspace, context), options.spec);
    }
    if (settled.spec.panel.empty()) throw Error(ErrorKind::usage, "--panel", "a panel to draw, or all", "none");
    return settled;
}

struct Drawing {
    std::vector<std::unique_ptr<PanelSource>> sources;
    FigureSpec spec;
    Style style;
    bool with_recipe = true;
    Context& context;
    std::vector<fs::path> written = {};

    void load(PanelSource& source) const {
        std::vector<Warning> warnings;
        source.load(context.job(), warnings);
        context.note(warnings);
    }

    Figure draw(const PanelSource& source, const std::string& panel) {
        spec.panel = panel;
        Figure figure = source.draw(spec, context.job());
        zoom_into(figure, spec.zoom);
        if (!with_recipe) return figure;
        FigureSpec named = spec;
        named.style = style.name;
        Recipe recipe = source.recipe(named);
        recipe.device = context.device_name();
        figure.recipe = recipe.json();
        return figure;
    }

    void add(FileSet& files, const fs::path& path, const Figure& figure) {
        context.job().checkpoint();
        add_figure(files, path, figure, style, spec.dpi);
        written.push_back(path);
    }

    void commit(FileSet& files) const {
        files.flush();
        context.job().checkpoint();
        {
            const auto writing = context.writing();
            files.commit();
        }
        say_written();
    }

    void say_written() const {
        for (const fs::path& path : written) context.note("wrote " + path.string());
    }
};

/// The file of a figure, and of the arrays that a script is written with.
std::vector<fs::path> figure_files(const fs::path& path) {
    std::vector<fs::path> files{path};
    if (figure_type(path) == "py") files.push_back(fs::path(path).replace_extension(".npz"));
    return files;
}

std::string panel_file(const std::string& panel, const std::string& type) {
    return panel + "." + type;
}

/// Before anything is computed: the folder can be written into, and no file of it that will be is an input.
void check_folder(const Drawing& drawing, const fs::path& folder, const std::vector<std::string>& types) {
    check_can_write_into(folder);
    std::error_code failure;
    if (!fs::is_directory(folder, failure)) return;
    for (const auto& source : drawing.sources) {
        for (const std::string& panel : source->panels()) {
            for (const std::string& type : types) {
                for (const fs::path& file : figure_files(folder / panel_file(panel, type))) {
                    drawing.context.refuse_input("--out", file);
                }
            }
        }
    }
}

void write_all(Drawing& drawing, const fs::path& folder, const std::vector<std::string>& types) {
    check_folder(drawing, folder, types);
    std::vector<std::pair<std::string, Figure>> figures; // by panel
    std::optional<Error> unusable;
    for (const auto& source : drawing.sources) {
        try {
            drawing.load(*source);
        } catch (const Error& error) {
            // A text may be too short for one workspace and do for the others.
            if (error.kind != ErrorKind::input) throw;
            if (drawing.sources.size() > 1) drawing.context.note(error.what());
            unusable = error;
            continue;
        }
        const auto& panels = source->panels();
        for (std::size_t i = 0; i < panels.size(); ++i) {
            drawing.context.job().progress(static_cast<double>(i), static_cast<double>(panels.size()),
                                           "drawing panels");
            if (!source->can_draw(panels[i])) continue;
            figures.emplace_back(panels[i], drawing.draw(*source, panels[i]));
        }
    }
    if (figures.empty() && unusable) throw *unusable;
    {
        // A cancel ends the program between two figures from here on, and takes the folder back.
        const auto writing = drawing.context.writing();
        NewFolder made(folder);
        FileSet files;
        for (const auto& [panel, figure] : figures)
            for (const std::string& type : types) drawing.add(files, folder / panel_file(panel, type), figure);
        files.flush();
        drawing.context.job().checkpoint();
        files.commit();
        made.keep();
    }
    drawing.say_written();
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
    const bool into_folder = options.spec.panel == "all";
    if (!out.empty() && into_folder) check_can_write_into(out);
    if (!out.empty() && !into_folder) {
        for (const fs::path& file : figure_files(out)) context.add_output("--out", file);
    }
    Settled settled = settle(command, options, context);
    const bool all = settled.spec.panel == "all";
    const std::string panel = all ? std::string() : panel_id(*settled.sources.front(), settled.spec.panel);
    if (all && !settled.spec.zoom.empty()) throw Error(ErrorKind::usage, "--zoom", "one panel", "all");
    if (all && out.empty()) throw Error(ErrorKind::usage, "--out", "a folder for all panels", "nothing");
    if (!all && out.empty()) context.require_format({Format::json, Format::csv, Format::npz}, "figure");
    if (!all && !out.empty()) require_figure_type(figure_type(out));

    for (const std::string& type : options.types) require_figure_type(type);

    Drawing drawing{.sources = std::move(settled.sources),
                    .spec = std::move(settled.spec),
                    .style = {},
                    .with_recipe = options.recipe != "none",
                    .context = context};
    drawing.style = find_style(drawing.spec, options.folders);
    if (all) return write_all(drawing, out, options.types);
    PanelSource& source = *drawing.sources.front();
    drawing.load(source);
    const Figure figure = drawing.draw(source, panel);
    if (out.empty()) return deliver_data(figure, context);
    FileSet files;
    drawing.add(files, out, figure);
    drawing.commit(files);
}

} // namespace

Command figure_command(CLI::App& app) {
    const auto options = std::make_shared<FigureOptions>();
    CLI::App* const command = app.add_subcommand("figure", "write panels as figures");
    add_figure_options(*command, *options);
    return {.app = command,
            .run = [options, command](Context& context) { make_figure(*command, *options, context); },
            .large = true,
            .decides_out = true};
}

} // namespace attnscope::cli
