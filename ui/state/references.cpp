#include "state/references.h"

#include <algorithm>
#include <initializer_list>
#include <limits>

namespace attnscope::ui {

namespace {

/// Calls visit(name, id, kinds, needed) for every reference of a view; `needed`: its workspace shows nothing without
/// it.
template <class AnyView, class Visit>
void visit_references(AnyView& view, const Visit& visit) {
    using Kinds = std::initializer_list<SourceKind>;
    auto& selection = view.selection;
    const bool of_grams = view.workspace == Workspace::alignment && view.alignment.grams != 0;
    const bool of_capture = view.workspace == Workspace::jacobian && selection.capture != 0;
    const bool of_model = reads_models(view.workspace) && !of_grams && !of_capture;
    const bool of_bank = view.workspace == Workspace::retrieval;
    visit("bank", selection.bank, Kinds{SourceKind::bank}, of_bank);
    visit("encoder", selection.encoder, Kinds{SourceKind::encoder}, false);
    visit("model", selection.model, Kinds{SourceKind::model}, of_model);
    visit("capture", selection.capture, Kinds{SourceKind::capture}, of_capture);
    visit("file of grams", view.alignment.grams, Kinds{SourceKind::grams}, of_grams);
    visit("text", selection.prompt, Kinds{SourceKind::prompt, SourceKind::texts},
          of_model && view.workspace != Workspace::alignment);
    const bool typed = selection.query.kind == QueryChoice::Kind::prompt;
    const bool of_file = selection.query.kind == QueryChoice::Kind::file;
    visit("query", selection.query.source, Kinds{SourceKind::prompt, SourceKind::queries},
          of_bank && (typed || of_file));
}

bool is_open(SourceId id, std::initializer_list<SourceKind> kinds, const SourceKinds& open) {
    const auto found = open.find(id);
    return found != open.end() && std::ranges::find(kinds, found->second) != kinds.end();
}

} // namespace

SourceKinds source_kinds(const AppState& state) {
    SourceKinds kinds;
    for (const Source& source : state.sources) kinds[source.id] = source.kind;
    return kinds;
}

const Source* source_numbered(const AppState& state, std::int64_t number) {
    if (number < 1 || number > std::int64_t{std::numeric_limits<SourceId>::max()}) return nullptr;
    return state.find(static_cast<SourceId>(number));
}

void require_sources(const View& view, const SourceKinds& open) {
    visit_references(view, [&](const char* name, SourceId id, const auto& kinds, bool needed) {
        if (needed && id != 0 && !is_open(id, kinds, open))
            throw Error(ErrorKind::usage, "view", "sources that are open",
                        std::string(name) + " " + std::to_string(id));
    });
}

std::vector<std::string> forget_missing(View& view, const SourceKinds& open) {
    std::vector<std::string> missing;
    visit_references(view, [&](const char* name, SourceId& id, const auto& kinds, bool) {
        if (id == 0 || is_open(id, kinds, open)) return;
        missing.push_back(std::string(name) + " " + std::to_string(id));
        id = 0;
    });
    // What was asked of a source that is gone is asked of the bank's first memory.
    QueryChoice& query = view.selection.query;
    const bool of_source = query.kind == QueryChoice::Kind::prompt || query.kind == QueryChoice::Kind::file;
    if (of_source && query.source == 0) query = {};
    return missing;
}

} // namespace attnscope::ui
