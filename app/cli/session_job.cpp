#include "cli/session_job.h"

#include "state/session.h"

#include <attnscope/tensor_file.h>

#include <algorithm>

namespace attnscope::cli {
namespace fs = std::filesystem;

namespace {

using Saved = ui::Session::SavedSource;

class SessionReader {
public:
    SessionReader(const fs::path& path, const std::vector<fs::path>& places)
        : name_(path.filename().string()), places_(places),
          session_(ui::parse_session(read_file(path, std::size_t{256} << 20), name_)) {}

    RetrievalJob job() const {
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

    /// The selected source, else the first of its kind.
    const Saved& source(ui::SourceId id, ui::SourceKind kind) const {
        const auto find = [&](const auto& matches) {
            return std::find_if(session_.sources.begin(), session_.sources.end(), matches);
        };
        auto found = find([&](const Saved& saved) { return saved.source.id == id; });
        if (found == session_.sources.end()) found = find([&](const Saved& saved) { return saved.source.kind == kind; });
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
            spec.kind = QuerySpec::Kind::values;
            spec.values = {choice.drawing};
            break;
        }
    }

    std::string name_;
    const std::vector<fs::path>& places_;
    ui::Session session_;
};

}  // namespace

RetrievalJob session_job(const fs::path& session, const std::vector<fs::path>& places) {
    return SessionReader(session, places).job();
}

}  // namespace attnscope::cli
