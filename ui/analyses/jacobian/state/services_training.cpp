// What the softmax-gradient experiment asks of the services: a sample text, and the runs that results and figures hold.
#include "base/kept_file.h"
#include "state/services_impl.h"
#include "state/written_paths.h"

#include <attnscope/bank.h>
#include <attnscope/tensor_file.h>

#include <algorithm>

namespace attnscope::ui {

void Services::Impl::finish_training(AppState& state, SourceId id, const LoadedTraining& loaded) {
    const std::string name = state.find(id)->name;
    const jacobian::ExperimentRequest& request = loaded.job.request;
    JacobianTrainingOptions options;
    options.methods.clear();
    options.gradients.clear();
    const auto add = [](auto& values, auto value) {
        if (std::ranges::find(values, value) == values.end()) values.push_back(value);
    };
    for (const jacobian::Combination& combination : request.combinations) {
        add(options.methods, combination.method);
        add(options.gradients, combination.gradient);
    }
    options.steps = request.steps;
    options.every = request.every;
    options.learning_rate = request.learning_rate;
    options.seed = request.seed;
    options.shown = loaded.job.figure ? loaded.job.shown : request.combinations.front();
    options.step = loaded.job.step;
    state.view.training = options;
    state.view.jacobian.metric = loaded.job.metric;
    state.view.selection.prompt = loaded.job.text.empty() ? add_prompt(state, loaded.job.typed)
                                                          : open_once(state, SourceKind::texts, loaded.job.text);
    state.view.selection.text = 0;
    if (loaded.experiment) keep_training(request, loaded.experiment);
    enter(state, Workspace::jacobian);
    state.focus_panel = "jacobian.training";
    state.notify(loaded.experiment ? "Opened the runs of " + name
                                   : "Opened the state of " + name + ": start the training to see its curves");
}

void Services::export_training(AppState& state, const std::filesystem::path& folder) {
    refuse_source_folder(state, folder);
    const auto experiment = training().experiment().result;
    const jacobian::TrainingRun* const run =
        experiment ? jacobian::selected_run(training().view(), *experiment) : nullptr;
    if (!run) throw Error(ErrorKind::usage, "run", "an experiment that was started", "none");
    if (!run->training)
        throw Error(ErrorKind::usage, "run", "one that was trained or paused here", "one without weights");
    JobSystem::Task task;
    task.name = "Writing " + folder.filename().string();
    task.lane = Lane::files;
    task.loses_work = true;
    const auto opened =
        impl_->in_this_session([this, folder](AppState& now) { impl_->open_once(now, SourceKind::model, folder); });
    task.run = [to = impl_->inbox, folder, experiment, run, opened, request = training().request()](JobContext&) {
        jacobian::export_char_gpt(request, *run, folder);
        to->post(opened);
        to->post([folder, name = jacobian::combination_name(run->combination)](AppState& now) {
            now.notify("Exported " + name + " to " + folder.filename().string());
        });
    };
    task.failed = [to = impl_->inbox](const Error& error) {
        to->post([error](AppState& now) { now.notify(error.what(), true); });
    };
    state.notify("Writing the model of " + jacobian::combination_name(run->combination));
    jobs_.submit(std::move(task));
}

void Services::open_sample_text(AppState& state) {
    const std::filesystem::path bank = find_samples().bank;
    if (bank.empty())
        throw Error(ErrorKind::usage, "sample", "the sample bank, whose texts are read", "none: run set-up");
    const std::filesystem::path path = cache_folder() / "texts" / (bank.stem().string() + ".txt");
    JobSystem::Task task;
    task.name = "Writing the sample's texts";
    task.lane = Lane::files;
    const auto opened = impl_->in_this_session([this, path](AppState& now) {
        now.view.selection.prompt = impl_->open_once(now, SourceKind::texts, path);
        now.view.selection.text = 0;
    });
    task.run = [to = impl_->inbox, bank, path, opened](JobContext& context) {
        const std::string key = "texts of " + sha256_file(bank, context.between_reads());
        if (!is_kept(path, key, context.between_reads())) {
            const auto opened = open_bank(bank);
            std::string lines;
            for (std::size_t i = 0; i < opened->texts.size(); ++i) {
                lines += opened->texts.text(i);
                lines += '\n';
            }
            context.checkpoint();
            std::filesystem::create_directories(path.parent_path());
            write_file(path, lines);
            keep_file(path, key);
        }
        to->post(opened);
    };
    task.failed = [to = impl_->inbox](const Error& error) {
        to->post([error](AppState& now) { now.notify(error.what(), true); });
    };
    state.notify("Reading the sample's texts");
    jobs_.submit(std::move(task));
}

} // namespace attnscope::ui
