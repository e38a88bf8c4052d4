// What the window does besides drawing: loading sources on workers and keeping the slots that panels ask.
#pragma once

#include "state/app_state.h"
#include "state/commands.h"
#include "state/pinned_view.h"
#include "state/readout.h"
#include "state/shown_figure.h"
#include "ui/analyses/alignment/state/slots.h"
#include "ui/analyses/attention/state/slots.h"
#include "ui/analyses/cv/state/slots.h"
#include "ui/analyses/jacobian/state/slots.h"
#include "ui/analyses/jacobian/state/training.h"
#include "ui/analyses/residual/state/slots.h"
#include "ui/analyses/retrieval/state/slots.h"

#include <attnscope/figure.h>
#include <attnscope/slot.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace attnscope::ui {

struct Session;

class Services {
public:
    explicit Services(JobSystem& jobs);
    ~Services();

    JobSystem& jobs() { return jobs_; }
    RetrievalSlots& retrieval() { return *retrieval_; }
    AttentionSlots& attention() { return *attention_; }
    CvSlots& cv() { return *cv_; }
    AlignmentSlots& alignment() { return *alignment_; }
    ResidualSlots& residual() { return *residual_; }
    JacobianTraining& training() { return *training_; }
    JacobianSlots& jacobian() { return *jacobian_; }
    ReadoutBoard& readout() { return readout_; } ///< what is under the cursor; frames are ImGui::GetFrameCount()
    PinnedView& pinned() { return pinned_; }

    /// Adds a row and loads it on the batch worker: tensor files become banks (or queries when a bank of the same
    /// width is selected and the file has few rows – the user can change that), BERT models, folders or GGUF, encoders,
    /// .txt/.jsonl prompts, session and result files what they hold.
    SourceId open(AppState& state, const std::filesystem::path& path);
    /// Adds a row for an encoder as a model to look into.
    SourceId open_as_model(AppState& state, const std::filesystem::path& path);
    SourceId add_bank(AppState& state, std::shared_ptr<const Bank> bank);
    SourceId add_prompt(AppState& state, std::string text);
    void unload(AppState& state, SourceId id);
    void retry(AppState& state, SourceId id); ///< loads a source again, e.g. after its file came back
    void locate(AppState& state, SourceId id, const std::filesystem::path& path);
    /// Opens the sample bank and its encoder if set-up made them; the letters bank stands beside it always.
    void open_sample(AppState& state);
    /// The sample encoder, if it is there, and the letters bank, whose number is returned.
    SourceId open_companions(AppState& state);
    /// Selects a bank with the β and the query it opens with, and brings the panel to the front that shows its
    /// memories.
    void select_bank(AppState& state, SourceId id);
    /// The query a bank opens with: the typed example where an encoder fits, a half-erased letter, or memory 0.
    QueryChoice default_query(AppState& state, SourceId bank);

    /// Shows a workspace, and opens what it starts with: those that look into models the sample model and a sentence.
    void enter(AppState& state, Workspace workspace);
    /// Selects a model; the layer, head and query stay where they are as far as it has them.
    void select_model(AppState& state, SourceId id);
    /// The keys that the selected query sees become a bank, the query its query, and β = gain · scale; goes to the
    /// retrieval workspace. Throws Error{usage} before there is a capture, and for an infinite gain.
    void use_head_as_bank(AppState& state);
    /// Writes the run of the experiment that is shown, as a result of the command line. Throws Error{usage} before
    /// there is one.
    void save_experiment(AppState& state, const std::filesystem::path& path);
    /// Writes the model of the selected run as a folder on a worker, and opens it. Throws Error{usage} without one.
    void export_training(AppState& state, const std::filesystem::path& folder);
    /// Opens the texts of the sample bank as one to train on. Throws Error{usage} without the sample.
    void open_sample_text(AppState& state);
    /// Writes a text on a worker; the notice says where, or why not.
    void save_text(AppState& state, const std::filesystem::path& path, std::string text);
    /// Writes glosses of WordNet into the cache folder, unless they are there, and opens them as a text.
    void open_wordnet_text(AppState& state);
    /// Asks once, on a worker, which devices there are.
    void find_devices(AppState& state);

    /// Embeds the lines of a text file into a bank in the cache folder and opens it. Throws Error{usage} without an
    /// encoder.
    void embed_texts(AppState& state, const std::filesystem::path& path);

    void save_session(AppState& state, const std::filesystem::path& path);
    void open_session(AppState& state, const std::filesystem::path& path);
    /// Puts what was read of a session file in place of all there is.
    void show_session(AppState& state, const std::filesystem::path& path, const Session& session);

    /// The history is the runner's; a session keeps it.
    void set_history(std::function<History()> get, std::function<void(History)> set);
    /// Which ids are those of panels; the shell knows. Without it all are.
    void set_panels(std::function<bool(const std::string&)> known);
    bool is_panel(const std::string& id) const;

    /// While one lives, a workspace that is entered opens no sample: undo and redo set the view and open nothing.
    class OpensNothing {
    public:
        explicit OpensNothing(Services& services) : services_(services) { ++services_.opens_nothing_; }
        ~OpensNothing() { --services_.opens_nothing_; }
        OpensNothing(const OpensNothing&) = delete;
        OpensNothing& operator=(const OpensNothing&) = delete;

    private:
        Services& services_;
    };

    /// What a panel shows now; the shell provides it. Throws Error{usage} when the panel has nothing yet.
    ShownFigure shown(const std::string& panel_id);
    Figure figure(const std::string& panel_id) { return shown(panel_id).figure; }
    void set_figure_source(std::function<std::optional<ShownFigure>(const std::string&)> source);
    /// Lets a panel show parts of its plots; it takes them when it is drawn.
    void want_zoom(const std::string& panel_id, const Zoom& zoom);
    std::vector<Zoom> take_zoom(const std::string& panel_id);
    /// Writes a panel's figure on a worker; the notice says where, or why not. `written.panel` names the panel; its
    /// style may be a path to a style file.
    void export_figure(AppState& state, const FigureSpec& written, const std::filesystem::path& path, bool with_recipe);
    /// Puts the recipe of what is shown on the clipboard; made on a worker, as inputs have to be hashed.
    void copy_recipe(AppState& state, const std::string& panel_id);
    void copy(const std::string& text); ///< to the clipboard
    void set_clipboard(std::function<void(const std::string&)> clipboard);

    /// Runs `change` on the owner's thread in the next update(); may be called from any thread.
    void post(std::function<void(AppState&)> change);

    /// Once a frame: moves finished loads and progress into the state, and derives what is not chosen yet (the first
    /// bank, its default query and β). True when something changed.
    bool update(AppState& state);
    /// Once a frame, after update(): lets every slot want what the state asks of it. What fails becomes a notice and
    /// keeps none of the others.
    void begin_frame(AppState& state);
    bool idle() const { return jobs_.idle(); }
    /// Nothing is loading or computing, and every slot shows what is wanted: --screenshot waits for this.
    bool settled(const AppState& state) const;

private:
    struct Impl;
    /// Lets go of what the view and A of a session refer to and what is not among its sources, or is no panel.
    void restore_references(AppState& state);
    JobSystem& jobs_;
    std::unique_ptr<RetrievalSlots> retrieval_;
    std::unique_ptr<AttentionSlots> attention_;
    std::unique_ptr<ExperimentRun> experiment_;
    std::unique_ptr<CvSlots> cv_;
    std::unique_ptr<AlignmentSlots> alignment_;
    std::unique_ptr<JacobianSlots> jacobian_;
    std::unique_ptr<JacobianExperimentRun> training_run_;
    std::unique_ptr<JacobianTraining> training_;
    std::unique_ptr<ResidualRun> sweeps_;
    std::unique_ptr<ResidualSlots> residual_;
    ReadoutBoard readout_;
    PinnedView pinned_;
    int opens_nothing_ = 0;
    std::unique_ptr<Impl> impl_;
};

} // namespace attnscope::ui
