// What the CV bands workspace asks of the services: opening the states that results and figures hold.
#include "state/services_impl.h"
#include "state/view_job.h"
#include "state/written_paths.h"

#include <attnscope/tensor_file.h>

#include <algorithm>

namespace attnscope::ui {

void Services::Impl::select_text(AppState& state, const TokenSource& tokens) {
    Selection& selection = state.view.selection;
    selection.text = 0;
    if (!tokens.file.empty()) {
        selection.prompt = open_once(state, SourceKind::texts, tokens.file);
        return;
    }
    const auto known = std::ranges::find_if(state.sources, [&](const Source& source) {
        return source.kind == SourceKind::prompt && source.prompt == tokens.prompt;
    });
    selection.prompt = known != state.sources.end() ? known->id : add_prompt(state, tokens.prompt);
}

void Services::Impl::finish_cv_result(AppState& state, const CvJob& job) {
    Selection& selection = state.view.selection;
    selection.model = open_once(state, SourceKind::model, job.model);
    CvOptions& options = state.view.cv;
    options.parameters = job.parameters;
    options.activations = job.tokens.has_value();
    options.kind = job.cursor.kind;
    selection.layer = job.cursor.layer;
    selection.head = job.cursor.head;
    if (job.tokens) select_text(state, *job.tokens);
    enter(state, Workspace::cv);
    show_figure(state, job.figure);
}

void Services::Impl::finish_experiment(AppState& state, SourceId id, const LoadedExperiment& loaded) {
    const std::string name = state.find(id)->name;
    const cv::ExperimentRequest& request = loaded.job.request;
    CvOptions& options = state.view.cv;
    options.parameters = request.parameters;
    options.dims = request.dims;
    options.heads = request.heads;
    options.epochs = request.epochs;
    options.seed = request.seed;
    options.group = loaded.job.group;
    options.dim = loaded.job.dim > 0 ? loaded.job.dim : request.dims.front();
    options.config_heads = loaded.job.heads > 0 ? loaded.job.heads : request.heads.front();
    options.epoch = loaded.job.epoch;
    if (loaded.experiment) keep_experiment(experiment_request(options), loaded.experiment);
    enter(state, Workspace::cv);
    state.focus_panel = "cv.training";
    state.notify(loaded.experiment ? "Opened the run of " + name
                                   : "Opened the state of " + name + ": start the experiment to see its curves");
}

void Services::save_experiment(AppState& state, const std::filesystem::path& path) {
    cv().begin_frame(state, attention().read());
    const auto experiment = cv().experiment();
    if (!experiment.result) throw Error(ErrorKind::usage, "run", "an experiment that was started", "none");
    CvExperimentJob job = cv().experiment_job();
    job.figure.reset();
    save_text(state, path,
              envelope_json("attnscope.cv/1", cv_experiment_recipe(job), cv_experiment_json(*experiment.result),
                            cv_experiment_warnings(job, *experiment.result), experiment.result->seconds));
}

void Services::save_text(AppState& state, const std::filesystem::path& path, std::string text) {
    refuse_source_file(state, path);
    JobSystem::Task task;
    task.name = "Writing " + path.filename().string();
    task.lane = Lane::files;
    task.loses_work = true;
    task.run = [to = impl_->inbox, path, text = std::move(text)](JobContext&) {
        write_file(path, text);
        to->post([path](AppState& now) { now.notify("Saved " + path.filename().string()); });
    };
    task.failed = [to = impl_->inbox](const Error& error) {
        to->post([error](AppState& now) { now.notify(error.what(), true); });
    };
    jobs_.submit(std::move(task));
}

} // namespace attnscope::ui
