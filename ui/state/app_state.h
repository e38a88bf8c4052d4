// All that the window knows, as plain values. Panels read it (`const AppState&`) and return commands; only commands
// change it.
//
// `View` is the part that undo and redo cover and that a session file restores.
#pragma once

#include "ui/analyses/jacobian/state/training_options.h"

#include <attnscope/alignment_figures.h>
#include <attnscope/attention_figures.h>
#include <attnscope/bank.h>
#include <attnscope/cv_figures.h>
#include <attnscope/jacobian_figures.h>
#include <attnscope/model.h>
#include <attnscope/recipe.h>
#include <attnscope/residual.h>
#include <attnscope/retrieval.h>
#include <attnscope/text_encoder.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope::ui {

using SourceId = std::uint32_t; ///< unique in a session; 0 = none

enum class SourceKind { bank, encoder, model, prompt, texts, queries, capture, grams, result };
const char* source_kind_name(SourceKind kind) noexcept;

/// One row of the Sources panel. Loading happens on a worker; a source that failed keeps its row and its error.
struct Source {
    SourceId id = 0;
    SourceKind kind = SourceKind::bank;
    std::string name;           ///< file or folder name, or the text of a prompt
    std::filesystem::path path; ///< empty for what was made here
    std::string detail;         ///< "20 000 × 384 · float32 · 31 MB mapped"
    bool loading = false;
    Progress progress;
    std::optional<Error> error;

    std::shared_ptr<const Bank> bank;
    std::shared_ptr<const TextEncoder> encoder;
    std::shared_ptr<const Queries> queries;
    ModelPtr model;
    jacobian::CapturesPtr captures;                        ///< maps of attention from elsewhere
    std::string prompt;                                    ///< of a prompt
    alignment::OperatorsPtr grams;                         ///< of a file of grams
    std::filesystem::path companion;                       ///< the file of their directions; empty without
    std::shared_ptr<const std::vector<std::string>> texts; ///< of a set of prompts, never empty
};

/// The text of a prompt, or that of a set with the number `which`, or the nearest there is. Lives as long as the
/// source.
const std::string& text_of(const Source& source, int which);
const std::string& text_of(const std::vector<std::string>& texts, int which);

/// A later one is added here; what it is, is said in its room: see state/analysis.h.
enum class Workspace { retrieval, attention, cv, alignment, jacobian, residual };
inline constexpr std::array all_workspaces{Workspace::retrieval, Workspace::attention, Workspace::cv,
                                           Workspace::alignment, Workspace::jacobian,  Workspace::residual};
const char* workspace_name(Workspace workspace) noexcept; ///< Retrieval
const char* workspace_id(Workspace workspace) noexcept;   ///< retrieval; also what its panels' ids begin with
Workspace parse_workspace(std::string_view id);           ///< throws Error{usage}
bool reads_models(Workspace workspace) noexcept;          ///< it looks into models rather than banks

/// Where the query of the retrieval workspace comes from.
struct QueryChoice {
    enum class Kind { memory, prompt, file, drawing, vector } kind = Kind::memory;
    SourceId source = 0;        ///< of the prompt or the query file
    std::size_t row = 0;        ///< of the bank, or of the query file
    std::vector<float> drawing; ///< width × height values −1 … 1, or the numbers of a vector as they are
    std::string label = {};     ///< of a vector
    bool operator==(const QueryChoice&) const = default;
};

/// The one selection every panel shares.
struct Selection {
    SourceId bank = 0, encoder = 0, model = 0;
    QueryChoice query;
    double beta = 0;      ///< a bank's inverse temperature; 0 = not chosen yet (0.75 β_c of the bank)
    double gain = 1;      ///< a multiplier of a model's scores, ⅛ … 64; see AttentionOptions::top_one
    SourceId capture = 0; ///< maps that the softmax gradient is taken from instead of the model; 0 = the model
    SourceId prompt = 0;  ///< what a model reads: a prompt, or a set of prompts
    int text = 0;         ///< which of a set
    int step = 2;
    retrieval::Mode mode = retrieval::Mode::centered;
    int layer = 0, head = 0;
    int rank = -1;                       ///< of a low-rank residual; −1 = that of the verdict
    int token = -1;                      ///< the query; −1 = the last one
    std::optional<std::uint32_t> memory; ///< the memory under inspection
    bool operator==(const Selection&) const = default;
};

/// Options of the retrieval workspace.
struct RetrievalOptions {
    int steps = 8;
    double lambda = 0.5;
    retrieval::PlaneDirection plane_x{retrieval::PlaneAxis::eigenvector, 0}, plane_y{retrieval::PlaneAxis::query, 0};
    bool basins = false;
    bool operator==(const RetrievalOptions&) const = default;
};

inline constexpr std::array all_head_colours{attention::HeadColour::entropy,   attention::HeadColour::max_weight,
                                             attention::HeadColour::sink,      attention::HeadColour::previous,
                                             attention::HeadColour::duplicate, attention::HeadColour::induction};

/// Options of the attention workspace.
struct AttentionOptions {
    attention::HeadColour colour = attention::HeadColour::entropy;
    bool top_one = false;      ///< the gain is infinite: all weight on the largest score
    bool every_layer = false;  ///< the gain turns a whole forward pass rather than the selected head alone
    bool without_sink = false; ///< leave the first column of maps blank
    bool renormalize = false;  ///< and let the rest of each row sum to 1
    bool chat = false;         ///< texts are messages, written as the model's chat template has them
    bool whole_set = false;    ///< the map of heads is the mean over all texts of the set
    bool beside = false;       ///< A stands beside a map rather than being subtracted from it
    bool operator==(const AttentionOptions&) const = default;
};

/// Options of the CV bands workspace.
struct CvOptions {
    cv::Parameters parameters;
    cv::Kind kind = cv::Kind::query; ///< of the selected matrix; its layer and head are those of the selection
    bool activations = true;         ///< measure those of the chosen text too
    // the experiment
    std::vector<int> dims{64, 128, 256}, heads{1, 2, 4, 8};
    int epochs = 50;
    std::uint64_t seed = 42;
    std::string group = cv::View{}.group; ///< matrices whose CV is followed
    int dim = 64, config_heads = 1;       ///< the selected configuration
    int epoch = -1;                       ///< −1 = the newest
    bool operator==(const CvOptions&) const = default;
};

/// Options of the Alignment workspace.
struct AlignmentOptions {
    SourceId grams = 0; ///< a file of them instead of the model
    alignment::Operator kind = alignment::Operator::qk;
    alignment::Basis basis = alignment::Basis::symmetric;
    bool norm_gain = false;
    int topk = 8;
    int anchor = -1;       ///< −1 = the last layer
    bool all_heads = true; ///< means over heads rather than the selected head
    alignment::Quantity quantity = alignment::Quantity::cos;
    bool operator==(const AlignmentOptions&) const = default;
};

/// What a click on the map of the low-rank workspace does.
enum class MapClick { select, head, layer };
constexpr auto choices_of(MapClick) {
    return std::array{Choice<MapClick>{MapClick::select, "select"}, Choice<MapClick>{MapClick::head, "head"},
                      Choice<MapClick>{MapClick::layer, "layer"}};
}

/// A sweep that is watched: fewer and shorter blocks than one that is published.
residual::Parameters brief_sweep();

/// Options of the low-rank workspace.
struct ResidualOptions {
    residual::Parameters parameters = brief_sweep();
    int block = 0; ///< whose text is shown
    MapClick click = MapClick::select;
    bool operator==(const ResidualOptions&) const = default;
};

/// Options of the softmax gradient workspace. The row that is looked at is that of the selected token.
struct JacobianOptions {
    jacobian::Metric metric = jacobian::Metric::r_diag;
    int length = 64, blocks = 8; ///< tokens of a sequence, and sequences; fewer where the text has no more
    bool operator==(const JacobianOptions&) const = default;
};

/// What undo and redo move through.
struct View {
    Workspace workspace = Workspace::retrieval;
    Selection selection;
    RetrievalOptions retrieval;
    AttentionOptions attention;
    CvOptions cv;
    AlignmentOptions alignment;
    JacobianOptions jacobian;
    JacobianTrainingOptions training;
    ResidualOptions residual;
    std::uint64_t seed = 0;            ///< of what analyses draw at random; trainings have seeds of their own
    std::set<std::string> open_panels; ///< ids; see panels/panel.h
    std::string outlined_panel;        ///< the one that export and copy act on
    bool operator==(const View&) const = default;
};

/// A view kept beside the current one for comparison ("pin as A").
struct Pin {
    std::string title;
    View view;
    bool operator==(const Pin&) const = default;
};

enum class Theme { dark, light };

/// Kept between sessions of the program, not undone.
struct Preferences {
    Theme theme = Theme::dark;
    float zoom = 1; ///< UI zoom, 0.5 … 3
    bool presentation = false, full_screen = false;
    std::map<std::string, std::string> shortcuts; ///< command id → key chord, overrides the registered default
    std::vector<std::filesystem::path> recent;    ///< newest first
    std::string figure_style = "neurips";
    bool hints = true; ///< the line for beginners in the status bar
};

/// What plays when the play button is pressed.
enum class Timeline { step, beta, token, layer, gain, epoch, anchor, rank };
const char* timeline_id(Timeline timeline) noexcept;            ///< beta
const char* timeline_name(Timeline timeline) noexcept;          ///< β
Timeline parse_timeline(std::string_view id);                   ///< throws Error{usage}
const std::vector<Timeline>& timelines_of(Workspace workspace); ///< the first is the default

struct Playback {
    bool playing = false;
    std::map<Workspace, Timeline> chosen; ///< where it is not the default
    double frames_per_second = 4;
    Timeline timeline(Workspace workspace) const;
};

/// A line shown for a while at the bottom: what a command did or why it could not.
struct Notice {
    std::string text;
    bool is_error = false;
    double since = 0; ///< seconds of the window's clock
};

struct AppState {
    std::vector<Source> sources;
    SourceId next_source_id = 1;
    View view;
    std::optional<Pin> pinned; ///< A
    Preferences preferences;
    Playback playback;
    std::vector<Notice> notices;
    std::filesystem::path session_path;
    bool layout_reset_wanted = false;
    bool palette_open = false, help_open = false;
    std::string help_panel; ///< panel whose definition the Inspector shows
    std::vector<std::string>
        devices; ///< that can be computed on, as available_devices() names them; empty = not asked yet
    bool devices_asked = false;
    std::string export_panel;  ///< panel whose export dialog is open; empty = none
    std::string export_format; ///< extension the export dialog starts with; empty = as last time
    bool quit_wanted = false;

    /// What the shell is asked for by a command: a file to choose, or a value to type.
    enum class FileDialog { none, open, open_session, save_session, locate };
    FileDialog file_dialog = FileDialog::none;
    SourceId locate_source = 0;            ///< of FileDialog::locate
    std::string focus_panel;               ///< panel to bring to the front in the next frame
    std::vector<std::string> front_panels; ///< others that are wanted in sight beside it, where tabs hide them
    std::string typed_command;             ///< command whose number is being typed (B, G, L, H); empty = none

    std::string layout; ///< ImGui's layout text as last left
    bool layout_load_wanted = false;
    bool scripted_drag = false; ///< a script holds the mouse button, as it were
    bool dragging = false;      ///< a continuous gesture is under way: slots keep their requests small
    double seconds = 0;         ///< the window's clock

    void notify(std::string text, bool is_error = false);

    const Source* find(SourceId id) const;
    Source* find(SourceId id);
    const Source* bank_source() const { return find(view.selection.bank); }
    std::shared_ptr<const Bank> bank() const;
    std::shared_ptr<const TextEncoder> encoder() const;
    const Source* model_source() const { return find(view.selection.model); }
    ModelPtr model() const;
    jacobian::CapturesPtr captures() const;
    /// What plays in the workspace that is shown: the training where there are no gradients to step through.
    Timeline timeline() const;
    /// What the model reads; empty when nothing is chosen. Lives until the sources change.
    const std::string& prompt_text() const;
};

} // namespace attnscope::ui
