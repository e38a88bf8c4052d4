#include "cli/session_job.h"

#include "state/session.h"
#include "state/view_job.h"

#include <attnscope/model.h>
#include <attnscope/tensor_file.h>

#include <algorithm>

namespace attnscope::cli {
namespace fs = std::filesystem;

namespace {

using Saved = ui::Session::SavedSource;

}  // namespace

class SessionJobs::Reader {
public:
    Reader(const fs::path& path, const std::vector<fs::path>& places)
        : name_(path.filename().string()), places_(places),
          session_(ui::parse_session(read_file(path, std::size_t{256} << 20), name_)) {}

    bool has(ui::SourceKind kind) const {
        return std::ranges::any_of(session_.sources, [&](const Saved& saved) { return saved.source.kind == kind; });
    }

    Attention attention() const {
        Attention jobs{attention(session_.view, true), attention(session_.view, false)};
        if (!session_.pinned || session_.pinned->view.workspace != ui::Workspace::attention) return jobs;
        for (AttentionJob* const job : {&jobs.of_heads, &jobs.of_one_head}) {
            job->pinned = std::make_shared<const AttentionJob>(attention(session_.pinned->view, job == &jobs.of_heads));
            job->beside = session_.view.attention.beside;
        }
        return jobs;
    }

    CvJob cv() const {
        const ui::View& view = session_.view;
        const ModelFiles files = open_model_files(file_of(source(view.selection.model, ui::SourceKind::model), "model"));
        std::optional<ui::Source> text;
        if (view.cv.activations && has_text()) text = text_source(view);
        CvJob job = ui::cv_job_of(view, files.path, files.has_tokenizer, text ? &*text : nullptr);
        // Of a model that is gone the session may have selected what this one does not have.
        job.cursor.layer = std::clamp(job.cursor.layer, 0, static_cast<int>(files.config.layers) - 1);
        job.cursor.head = std::clamp(job.cursor.head, 0, static_cast<int>(files.config.heads) - 1);
        return job;
    }

    CvExperimentJob cv_experiment() const { return ui::cv_experiment_job_of(session_.view.cv); }

    bool has_text() const { return has(ui::SourceKind::prompt) || has(ui::SourceKind::texts); }

    RetrievalJob retrieval() const {
        const ui::View& view = session_.view;
        RetrievalJob job;
        read_bank(job);
        read_query(job.queries);
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

    AttentionJob attention(const ui::View& view, bool of_heads) const {
        const fs::path model = file_of(source(view.selection.model, ui::SourceKind::model), "model");
        const ui::Source text = text_source(view);
        const auto job = ui::attention_job_of(view, model, open_model_files(model).has_tokenizer, text, of_heads);
        if (!job) fail("a file for " + text.name, "one made in the window");
        return *job;
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
        const auto found = std::ranges::find_if(session_.sources, [&](const Saved& saved) { return saved.source.id == id; });
        return found == session_.sources.end() ? nullptr : &*found;
    }

    /// The selected source, else the first of its kind.
    const Saved& source(ui::SourceId id, ui::SourceKind kind) const {
        if (const Saved* const selected = find(id)) return *selected;
        const auto found = std::ranges::find_if(session_.sources, [&](const Saved& saved) { return saved.source.kind == kind; });
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
        return found.empty() ? saved.source.path : found;  // opening it will name the file that is missing
    }

    void read_bank(RetrievalJob& job) const {
        const Saved& bank = source(session_.view.selection.bank, ui::SourceKind::bank);
        job.letters = bank.letters;
        if (!job.letters) job.bank = file_of(bank, "bank");
    }

    void read_query(QuerySpec& spec) const {
        using Kind = ui::QueryChoice::Kind;
        const ui::QueryChoice& choice = session_.view.selection.query;
        switch (choice.kind) {
        case Kind::memory:
            spec.kind = QuerySpec::Kind::rows;
            spec.rows = {choice.row};
            break;
        case Kind::prompt:
            spec.kind = QuerySpec::Kind::text;
            spec.texts = {source(choice.source, ui::SourceKind::prompt).source.prompt};
            spec.encoder = file_of(source(session_.view.selection.encoder, ui::SourceKind::encoder), "encoder");
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

bool SessionJobs::has(Workspace workspace) const {
    using ui::SourceKind;
    switch (workspace) {
    case Workspace::retrieval: return reader_->has(SourceKind::bank);
    case Workspace::cv:
    case Workspace::alignment: return reader_->has(SourceKind::model);
    case Workspace::attention:
    case Workspace::jacobian:
    case Workspace::residual: return reader_->has(SourceKind::model) && reader_->has_text();
    }
    return false;
}

RetrievalJob SessionJobs::retrieval() const { return reader_->retrieval(); }
SessionJobs::Attention SessionJobs::attention() const { return reader_->attention(); }
CvJob SessionJobs::cv() const { return reader_->cv(); }
CvExperimentJob SessionJobs::cv_experiment() const { return reader_->cv_experiment(); }

}  // namespace attnscope::cli
