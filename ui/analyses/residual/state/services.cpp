// What the low-rank workspace asks of the services: a text that is long enough, and the states that results hold.
#include "base/kept_file.h"
#include "state/services_impl.h"

#include <attnscope/tensor_file.h>

#include <algorithm>

namespace attnscope::ui {

void Services::Impl::finish_residual_result(AppState& state, const ResidualJob& job) {
    Selection& selection = state.view.selection;
    selection.model = open_once(state, SourceKind::model, job.model);
    ResidualOptions& options = state.view.residual;
    options.parameters = job.request.parameters;
    options.block = job.cursor.block;
    selection.rank = job.cursor.rank;
    selection.layer = job.cursor.layer >= 0                ? job.cursor.layer
                      : !options.parameters.layers.empty() ? options.parameters.layers.back()
                                                           : 0;
    selection.head = job.cursor.head;
    select_text(state, job.tokens);
    enter(state, Workspace::residual);
    show_figure(state, job.figure);
}

void Services::open_wordnet_text(AppState&) {
    const std::filesystem::path path = cache_folder() / "wordnet-glosses.txt";
    const auto open_it = impl_->in_this_session([this, path](AppState& now) {
        const SourceId id = impl_->open_once(now, SourceKind::texts, path);
        now.view.selection.prompt = id;
        now.view.selection.text = 0;
    });
    JobSystem::Task task;
    task.name = "Reading WordNet";
    task.lane = Lane::files;
    task.run = [to = impl_->inbox, path, open_it](JobContext& context) {
        constexpr std::size_t wanted = 3000;
        const std::string key = "wordnet " + std::to_string(wanted);
        if (is_kept(path, key, context.between_reads())) return to->post(open_it);
        std::string text;
        for (const WordNetEntry& entry : read_wordnet({}, wanted)) {
            context.checkpoint();
            text += entry.label + ": " + entry.gloss + "\n\n";
        }
        std::error_code failed;
        std::filesystem::create_directories(path.parent_path(), failed);
        write_file(path, text);
        keep_file(path, key);
        to->post(open_it);
    };
    task.failed = [to = impl_->inbox](const Error& error) {
        to->post([error](AppState& now) { now.notify(error.what(), true); });
    };
    jobs_.submit(std::move(task));
}

} // namespace attnscope::ui
