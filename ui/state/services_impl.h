// What the services keep; shared by the files that implement them.
#pragma once

#include "state/inbox.h"
#include "state/references.h"
#include "state/services.h"
#include "state/source_loading.h"

#include <imgui.h>

#include <algorithm>
#include <map>
#include <set>

namespace attnscope::ui {

/// Puts a file at the top of the recent list.
void remember(Preferences& preferences, const std::filesystem::path& path);

struct Services::Impl {
    explicit Impl(JobSystem& system) : jobs(system) {}

    JobSystem& jobs;
    std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
    /// The load that a source's row waits for. What an earlier one brings, of a row that was closed, loaded anew or
    /// whose number a session uses, lands nowhere.
    struct Load {
        std::uint64_t ticket = 0, job = 0;
    };
    std::map<SourceId, Load> loads;
    std::uint64_t last_ticket = 0;
    std::uint64_t session = 0; ///< grows when another is opened: views of the one before are not set
    std::map<SourceId, std::string> expected_hashes; ///< of sources that a session named
    std::set<SourceId> select_when_loaded;           ///< the user opened them: show them
    std::function<std::optional<ShownFigure>(const std::string&)> figure_source;
    std::map<std::string, std::vector<Zoom>> wanted_zooms; ///< by panel
    std::function<void(const std::string&)> clipboard = [](const std::string& text) {
        ImGui::SetClipboardText(text.c_str());
    };

    Source& add(AppState& state, SourceKind kind, std::string name) {
        if (state.next_source_id > last_source_id)
            throw Error(ErrorKind::resource, "sources", "a number for another one", "none left");
        Source source;
        source.id = state.next_source_id++;
        source.kind = kind;
        source.name = std::move(name);
        state.sources.push_back(std::move(source));
        return state.sources.back();
    }

    Source& add_path(AppState& state, SourceKind kind, const std::filesystem::path& path) {
        std::filesystem::path named = path.filename().empty() ? path.parent_path() : path;
        // A bank's ending says nothing that its row does not say better.
        Source& source = add(state, kind, (kind == SourceKind::bank ? named.stem() : named.filename()).string());
        source.path = path;
        return source;
    }

    /// Runs a job for a source's row; its failure and end become changes of the row. `work` gives back what is done to
    /// the state with what it made; a failure of that is the row's too.
    using Change = Inbox::Change;
    void submit(JobSystem::Task task, std::function<Change(JobContext&)> work, Source& source);
    bool awaits(SourceId id, std::uint64_t ticket) const {
        const auto load = loads.find(id);
        return load != loads.end() && load->second.ticket == ticket;
    }
    /// Drops the load of a row, if there is one.
    void drop_load(SourceId id);
    /// What a job that is no source's does to the view when it is done; nothing where another session was opened
    /// meanwhile.
    Change in_this_session(Change change) {
        return [this, opened = session, change = std::move(change)](AppState& state) {
            if (opened == session) change(state);
        };
    }
    /// `kind_chosen`: the file is to be what the row says, not what it looks like.
    void load(AppState& state, Source& source, bool kind_chosen = false);
    /// The source of that path, opened unless it is; 0 for an empty path.
    SourceId open_once(AppState& state, SourceKind kind, const std::filesystem::path& path);
    SourceId letters(AppState& state); ///< the toy bank, added unless it is there
    void finish(AppState& state, SourceId id, const Loaded& loaded);
    void finish_prompts(AppState& state, SourceId id, const Loaded& loaded);
    /// Brings back the state that a result or a figure holds, and what it is compared with.
    void finish_state(AppState& state, SourceId id, const Loaded& loaded);
    /// The same without A. False where the file holds no state.
    bool finish_view(AppState& state, SourceId id, const Loaded& loaded);
    void finish_result(AppState& state, const RetrievalJob& job);
    /// On the device of a session or a recipe, unless it is known not to be here.
    void compute_on(AppState& state, const Device& device);
    void finish_attention_result(AppState& state, const AttentionJob& job);
    void finish_alignment_result(AppState& state, const AlignmentJob& job);
    void finish_cv_result(AppState& state, const CvJob& job);
    void finish_residual_result(AppState& state, const ResidualJob& job);
    void finish_jacobian_result(AppState& state, const JacobianJob& job);
    /// Opens the panel of a figure, as far in as it was.
    void show_figure(AppState& state, const std::optional<FigureSpec>& figure);
    /// Selects the text that a job reads, added unless it is there.
    void select_text(AppState& state, const TokenSource& tokens);
    void finish_experiment(AppState& state, SourceId id, const LoadedExperiment& loaded);
    void finish_training(AppState& state, SourceId id, const LoadedTraining& loaded);

    std::function<History()> get_history = [] { return History{}; };
    std::function<void(History)> set_history = [](History) {};
    std::function<bool(const std::string&)> is_panel = [](const std::string&) { return true; };
    std::function<void(AppState&, const std::filesystem::path&, const Session&)> show_session; ///< back to the services
    std::function<QueryChoice(AppState&, SourceId)> default_query;
    std::function<void(AppState&, SourceId)> select_bank, select_model;
    std::function<void(AppState&, Workspace)> enter;
    std::function<void(const cv::ExperimentRequest&, cv::ExperimentPtr)> keep_experiment;
    std::function<void(const jacobian::ExperimentRequest&, jacobian::ExperimentPtr)> keep_training;
    std::function<SourceId(AppState&, std::string)> add_prompt;
};

} // namespace attnscope::ui
