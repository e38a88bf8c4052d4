#include "cli/session_job.h"

#include "state/session.h"
#include "state/view_job.h"

#include <attnscope/jacobian.h>
#include <attnscope/model.h>
#include <attnscope/tensor_file.h>

#include <algorithm>

namespace attnscope::cli {
namespace fs = std::filesystem;

namespace {

using Saved = ui::Session::SavedSource;

} // namespace

class SessionJobs::Reader {
public:
    Reader(const fs::path& path, const std::vector<fs::path>& places)
        : name_(path.filename().string()), places_(places),
          session_(ui::parse_session(read_file(path, std::size_t{256} << 20), name_)) {}

    bool has(ui::SourceKind kind) const {
        return std::ranges::any_of(session_.sources, [&](const Saved& saved) { return saved.source.kind == kind; });
    }

    bool has_text() const { return has(ui::SourceKind::prompt) || has(ui::SourceKind::texts); }
    bool has_captures(const ui::View& view) const { return find(view.selection.capture) != nullptr; }
    bool beside() const { return session_.view.attention.beside; }
    const ui::View& view() const { return session_.view; }
    const std::optional<Device>& device() const { return session_.device; }

    /// What `job_of` makes of the view on the screen, and of A.
    template <class JobOf>
    auto sides(ui::Workspace workspace, const JobOf& job_of) const {
        Sides<decltype(job_of(session_.view))> sides{job_of(session_.view), std::nullopt};
        if (!session_.pinned || session_.pinned->view.workspace != workspace) return sides;
        auto pinned = job_of(session_.pinned->view);
        if (ui::compare_alike(sides.shown, pinned)) sides.pinned = std::move(pinned);
        return sides;
    }

    AttentionJob attention(const ui::View& view, bool of_heads) const {
        const ModelFiles files = model_files(view);
        const ui::Source text = text_source(view);
        const auto job = ui::attention_job_of(view, files.path, files.has_tokenizer, text, of_heads);
        if (!job) fail("a file for " + text.name, "one made in the window");
        return *job;
    }

    // Of a model that is gone the view may have selected what this one does not have.
    CvJob cv(const ui::View& view) const {
        const ModelFiles files = model_files(view);
        std::optional<ui::Source> text;
        if (view.cv.activations && has_text()) text = text_source(view);
        CvJob job = ui::cv_job_of(view, files.path, files.has_tokenizer, text ? &*text : nullptr);
        clamp_head(files.config, job.cursor);
        return job;
    }

    AlignmentJob alignment(const ui::View& view) const {
        AlignmentJob job;
        if (const Saved* const grams = find(view.alignment.grams)) {
            job = ui::alignment_job_of(view, {});
            job.grams = file_of(*grams, "grams");
            return job;
        }
        const ModelFiles files = model_files(view);
        job = ui::alignment_job_of(view, files.path);
        const int layers = static_cast<int>(files.config.layers);
        job.anchor = std::clamp(job.anchor, -layers, layers - 1);
        return job;
    }

    JacobianJob jacobian(const ui::View& view) const {
        JacobianJob job;
        if (has_captures(view)) {
            job.captures = file_of(*find(view.selection.capture), "captures");
            const auto captures = jacobian::open_captures(job.captures);
            const auto& layer = captures->layers()[jacobian::nearest_layer(captures->layers(), view.selection.layer)];
            job.cursor = ui::jacobian_cursor(view, {layer.length, layer.sequences});
            return job;
        }
        const fs::path path = model_path(view);
        const ModelPtr model = open_language_model(path);
        job = ui::jacobian_job_of(view, path, model->files().has_tokenizer, text_source(view));
        const ui::Sequences sequences = ui::sequences_in(view.jacobian, load_tokens(job.tokens, *model).size());
        if (sequences.count > 0) {
            job.length = sequences.length;
            job.blocks = sequences.count;
        }
        job.cursor = ui::jacobian_cursor(view, sequences);
        clamp_head(model->config(), job.cursor);
        return job;
    }

    JacobianExperimentJob training(const ui::View& view) const { return ui::training_job_of(view, text_source(view)); }

    ResidualJob residual(const ui::View& view) const {
        const ModelFiles files = model_files(view);
        const ui::Source text = text_source(view);
        const auto tokens = ui::swept_source(text, files.has_tokenizer);
        if (!tokens) fail("words in " + text.name, "none");
        ResidualJob job = ui::residual_job_of(view, files.path, *tokens);
        clamp_head(files.config, job.cursor);
        return job;
    }

    RetrievalJob retrieval(const ui::View& view) const {
        RetrievalJob job;
        job.seed = view.seed;
        read_bank(view, job);
        read_query(view, job.queries);
        retrieval::Request& request = job.request;
        request.modes = {view.selection.mode};
        request.steps = view.retrieval.steps;
        request.lambda = view.retrieval.lambda;
        request.plane_x = view.retrieval.plane_x;
        request.plane_y = view.retrieval.plane_y;
        request.basins = view.retrieval.basins;
        job.beta = view.selection.beta;
        job.step = view.selection.step;
        return job;
    }

private:
    [[noreturn]] void fail(const std::string& expected, const std::string& got) const {
        throw Error(ErrorKind::input, name_, expected, got);
    }

    fs::path model_path(const ui::View& view) const {
        return file_of(source(view.selection.model, ui::SourceKind::model), "model");
    }
    ModelFiles model_files(const ui::View& view) const { return open_model_files(model_path(view)); }

    template <class Cursor>
    static void clamp_head(const ModelConfig& config, Cursor& cursor) {
        cursor.layer = std::clamp(cursor.layer, 0, static_cast<int>(config.layers) - 1);
        cursor.head = std::clamp(cursor.head, 0, static_cast<int>(config.heads) - 1);
    }

    /// The prompt or set of texts that a view selects, read from its file.
    ui::Source text_source(const ui::View& view) const {
        const bool set = !find(view.selection.prompt) && !has(ui::SourceKind::prompt);
        ui::Source text = source(view.selection.prompt, set ? ui::SourceKind::texts : ui::SourceKind::prompt).source;
        if (text.kind == ui::SourceKind::texts && !text.texts) {
            text.path = file_of(source(text.id, text.kind), "text");
            text.texts = std::make_shared<const std::vector<std::string>>(read_lines(text.path));
            if (text.texts->empty()) fail("a text in " + text.name, "none");
        }
        return text;
    }

    const Saved* find(ui::SourceId id) const {
        const auto found =
            std::ranges::find_if(session_.sources, [&](const Saved& saved) { return saved.source.id == id; });
        return found == session_.sources.end() ? nullptr : &*found;
    }

    /// The selected source, else the first of its kind.
    const Saved& source(ui::SourceId id, ui::SourceKind kind) const {
        if (const Saved* const selected = find(id)) return *selected;
        const auto found =
            std::ranges::find_if(session_.sources, [&](const Saved& saved) { return saved.source.kind == kind; });
        if (found == session_.sources.end()) fail(std::string("a ") + ui::source_kind_name(kind), "none");
        return *found;
    }

    fs::path file_of(const Saved& saved, const char* role) const {
        if (saved.source.path.empty()) fail("a file for " + saved.source.name, "one made in the window");
        std::error_code failure;
        if (fs::exists(saved.source.path, failure)) return saved.source.path;
        const fs::path found = saved.sha256.empty()
                                   ? fs::path()
                                   : find_by_hash({role, saved.source.path.filename().string(), saved.sha256}, places_);
        return found.empty() ? saved.source.path : found; // opening it will name the file that is missing
    }

    void read_bank(const ui::View& view, RetrievalJob& job) const {
        const Saved& bank = source(view.selection.bank, ui::SourceKind::bank);
        job.letters = bank.letters;
        if (!job.letters) job.bank = file_of(bank, "bank");
    }

    void read_query(const ui::View& view, QuerySpec& spec) const {
        using Kind = ui::QueryChoice::Kind;
        const ui::QueryChoice& choice = view.selection.query;
        switch (choice.kind) {
        case Kind::memory:
            spec.kind = QuerySpec::Kind::rows;
            spec.rows = {choice.row};
            break;
        case Kind::prompt:
            spec.kind = QuerySpec::Kind::text;
            spec.texts = {source(choice.source, ui::SourceKind::prompt).source.prompt};
            spec.encoder = file_of(source(view.selection.encoder, ui::SourceKind::encoder), "encoder");
            break;
        case Kind::file:
            spec.kind = QuerySpec::Kind::file;
            spec.file = file_of(source(choice.source, ui::SourceKind::queries), "queries");
            spec.rows = {choice.row};
            break;
        case Kind::drawing:
        case Kind::vector:
            spec.kind = QuerySpec::Kind::values;
            spec.values = {choice.drawing};
            break;
        }
    }

    std::string name_;
    const std::vector<fs::path>& places_;
    ui::Session session_;
};

SessionJobs::SessionJobs(const fs::path& session, const std::vector<fs::path>& places)
    : reader_(std::make_unique<const Reader>(session, places)) {}
SessionJobs::~SessionJobs() = default;

bool SessionJobs::beside() const {
    return reader_->beside();
}
std::uint64_t SessionJobs::seed() const {
    return reader_->view().seed;
}
std::optional<Device> SessionJobs::device() const {
    return reader_->device();
}

bool SessionJobs::has(Workspace workspace) const {
    using ui::SourceKind;
    const bool model = reader_->has(SourceKind::model);
    if (workspace == Workspace::retrieval) return reader_->has(SourceKind::bank);
    if (workspace == Workspace::cv) return model;
    if (workspace == Workspace::alignment) return model || reader_->has(SourceKind::grams);
    const bool captures = workspace == Workspace::jacobian && reader_->has_captures(reader_->view());
    return (model && reader_->has_text()) || captures;
}

auto SessionJobs::retrieval() const -> Sides<RetrievalJob> {
    return reader_->sides(ui::Workspace::retrieval, [&](const ui::View& view) { return reader_->retrieval(view); });
}
auto SessionJobs::attention_heads() const -> Sides<AttentionJob> {
    return reader_->sides(ui::Workspace::attention,
                          [&](const ui::View& view) { return reader_->attention(view, true); });
}
auto SessionJobs::attention_head() const -> Sides<AttentionJob> {
    return reader_->sides(ui::Workspace::attention,
                          [&](const ui::View& view) { return reader_->attention(view, false); });
}
auto SessionJobs::cv() const -> Sides<CvJob> {
    return reader_->sides(ui::Workspace::cv, [&](const ui::View& view) { return reader_->cv(view); });
}
auto SessionJobs::cv_experiment() const -> Sides<CvExperimentJob> {
    return reader_->sides(ui::Workspace::cv, [](const ui::View& view) { return ui::cv_experiment_job_of(view.cv); });
}
auto SessionJobs::alignment() const -> Sides<AlignmentJob> {
    return reader_->sides(ui::Workspace::alignment, [&](const ui::View& view) { return reader_->alignment(view); });
}
auto SessionJobs::jacobian() const -> Sides<JacobianJob> {
    return reader_->sides(ui::Workspace::jacobian, [&](const ui::View& view) { return reader_->jacobian(view); });
}
auto SessionJobs::training() const -> Sides<JacobianExperimentJob> {
    return reader_->sides(ui::Workspace::jacobian, [&](const ui::View& view) { return reader_->training(view); });
}
auto SessionJobs::residual() const -> Sides<ResidualJob> {
    return reader_->sides(ui::Workspace::residual, [&](const ui::View& view) { return reader_->residual(view); });
}

} // namespace attnscope::cli
