#include "cli/commands.h"
#include "cli/figure_job.h"
#include "cli/figure_options.h"
#include "cli/panel_source.h"
#include "cli/session_job.h"

#include <attnscope/cv_figures.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

namespace attnscope::cli {
namespace fs = std::filesystem;

namespace {

/// What is drawn, and how it is written.
struct Settled {
    std::vector<std::unique_ptr<PanelSource>> sources;  ///< one a workspace
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
    const auto places = input_places(path, options.folders);
    context.compute_as(found);
    FigureSpec spec = options.spec;
    const auto settle = [&](auto job, const auto& override_job) {
        if (job.figure) spec = *job.figure;
        override_writing(command, options.spec, spec);
        override_job(job);
        return settled_as(panel_source(std::move(job)), spec);
    };
    if (found.analysis == "attention") {
        return settle(attention_job(found, places),
                      [&](AttentionJob& job) { override_attention(command, options.attention, job); });
    }
    if (found.analysis == "align") {
        return settle(alignment_job(found, places), [&](AlignmentJob& job) { override_alignment(command, options, job); });
    }
    if (is_cv_experiment(found)) {
        return settle(cv_experiment_job(found),
                      [&](CvExperimentJob& job) { override_experiment(command, options, job); });
    }
    if (is_jacobian_experiment(found)) {
        return settle(jacobian_experiment_job(found, places), [](JacobianExperimentJob&) {});
    }
    if (found.analysis == "cv") {
        return settle(cv_job(found, places), [&](CvJob& job) { override_cv(command, options, job); });
    }
    if (found.analysis == "residual") {
        return settle(residual_job(found, places),
                      [&](ResidualJob& job) { override_residual(command, options, job); });
    }
    if (found.analysis == "jacobian") {
        return settle(jacobian_job(found, places),
                      [&](JacobianJob& job) { override_jacobian(command, options, job); });
    }
    return settle(retrieval_job(found, places),
                  [&](RetrievalJob& job) { override_dynamics(command, options.retrieval.job, job); });
}

/// Whether the panel shows the experiment of CV bands, named with or without its workspace.
bool of_experiment(const std::string& panel) {
    return cv::is_experiment_panel(panel) || cv::is_experiment_panel("cv." + panel);
}

std::unique_ptr<PanelSource> session_source(const CLI::App& command, const FigureOptions& options,
                                            const SessionJobs& session, Workspace workspace, Context& context) {
    if (workspace == Workspace::retrieval) {
        RetrievalJob job = session.retrieval();
        override_dynamics(command, options.retrieval.job, job);
        job.seed = context.job().seed();
        return panel_source(std::move(job));
    }
    if (workspace == Workspace::cv && of_experiment(options.spec.panel)) {
        CvExperimentJob job = session.cv_experiment();
        override_experiment(command, options, job);
        return panel_source(std::move(job));
    }
    if (workspace == Workspace::cv) {
        CvJob job = session.cv();
        override_cv(command, options, job);
        job.seed = context.job().seed();
        return panel_source(std::move(job));
    }
    SessionJobs::Attention jobs = session.attention();
    for (AttentionJob* const job : {&jobs.of_heads, &jobs.of_one_head}) {
        override_attention(command, options.attention, *job);
        job->seed = context.job().seed();
    }
    return panel_source(std::move(jobs.of_heads), std::move(jobs.of_one_head));
}

/// Those whose panels a session draws.
constexpr std::array session_workspaces{Workspace::retrieval, Workspace::attention, Workspace::cv};

/// The workspaces that the session has something in, or the one that the panel asks for. Nothing is trained unless a
/// panel of the experiment is asked for by its name.
Settled from_session(const CLI::App& command, const FigureOptions& options, Context& context) {
    const auto places = input_places(options.session, options.folders);
    const SessionJobs session(options.session, places);
    const std::string& panel = options.spec.panel;
    const bool all = panel.empty() || panel == "all";
    if (!all && std::ranges::find(session_workspaces, workspace_of(panel)) == session_workspaces.end()) {
        throw Error(ErrorKind::usage, "--session", "a panel of retrieval, attention or CV bands", panel);
    }
    Settled settled;
    settled.spec = options.spec;
    std::optional<Error> unusable;
    for (const Workspace workspace : session_workspaces) {
        if (all ? !session.has(workspace) : workspace_of(panel) != workspace) continue;
        try {
            settled.sources.push_back(session_source(command, options, session, workspace, context));
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

/// The experiment where it or one of its panels is asked for, else a model.
std::unique_ptr<PanelSource> cv_source(const CLI::App& command, const FigureOptions& options, Context& context) {
    const std::string& panel = options.spec.panel;
    if (options.experiment.wanted || of_experiment(panel)) {
        return panel_source(experiment_inputs(command, options, context.options()));
    }
    CvJob job = cv_inputs(command, options);
    job.seed = context.job().seed();
    return panel_source(std::move(job));
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
    const auto seeded = [&](auto job) {
        job.seed = context.job().seed();
        return panel_source(std::move(job));
    };
    switch (workspace) {
    case Workspace::alignment: return seeded(alignment_inputs(command, options));
    case Workspace::jacobian: return seeded(jacobian_inputs(command, options));
    case Workspace::residual: return seeded(residual_inputs(command, options));
    case Workspace::cv: return cv_source(command, options, context);
    case Workspace::attention: return panel_source(attention_inputs(command, options));
    case Workspace::retrieval: break;
    }
    return panel_source(retrieval_inputs(options.retrieval));
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

    void load(PanelSource& source) const {
        std::vector<Warning> warnings;
        source.load(context.job(), warnings);
        context.note(warnings);
    }

    Figure draw(const PanelSource& source, const std::string& panel) {
        spec.panel = panel;
        Figure figure = source.draw(spec, context.job());
        if (!with_recipe) return figure;
        FigureSpec named = spec;
        named.style = style.name;
        Recipe recipe = source.recipe(named);
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
    for (const auto& source : drawing.sources) {
        drawing.load(*source);
        const auto& panels = source->panels();
        for (std::size_t i = 0; i < panels.size(); ++i) {
            drawing.context.job().progress(static_cast<double>(i), static_cast<double>(panels.size()), "drawing panels");
            if (!source->can_draw(panels[i])) continue;
            const Figure figure = drawing.draw(*source, panels[i]);
            for (const std::string& type : types) drawing.write(folder / (panels[i] + "." + type), figure);
        }
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
    drawing.write(out, figure);
}

}  // namespace

Command figure_command(CLI::App& app) {
    const auto options = std::make_shared<FigureOptions>();
    CLI::App* const command = app.add_subcommand("figure", "write panels as figures");
    add_figure_options(*command, *options);
    return {command, [options, command](Context& context) { make_figure(*command, *options, context); }};
}

}  // namespace attnscope::cli
