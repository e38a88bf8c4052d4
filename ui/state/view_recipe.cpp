#include "state/view_recipe.h"

#include <algorithm>

namespace attnscope::ui {

namespace {

/// The query as rows, files, words or numbers; false when its file or encoder is gone.
bool describe_query(const AppState& state, const retrieval::Query& query, QuerySpec& spec) {
    const QueryChoice& choice = state.view.selection.query;
    const Source* const source = state.find(choice.source);
    switch (choice.kind) {
    case QueryChoice::Kind::memory:
        spec.kind = QuerySpec::Kind::rows;
        spec.rows = {choice.row};
        return true;
    case QueryChoice::Kind::prompt: {
        const Source* const encoder = state.find(state.view.selection.encoder);
        if (!source || !encoder || encoder->path.empty()) return false;
        spec.kind = QuerySpec::Kind::text;
        spec.texts = {source->prompt};
        spec.encoder = encoder->path;
        return true;
    }
    case QueryChoice::Kind::file:
        if (!source || source->path.empty()) return false;
        spec.kind = QuerySpec::Kind::file;
        spec.file = source->path;
        spec.rows = {choice.row};
        return true;
    case QueryChoice::Kind::drawing:
        spec.kind = QuerySpec::Kind::values;
        spec.values = {query};
        return true;
    }
    return false;
}

/// The toy bank as it comes, without memories drawn into it.
bool is_letters_bank(const Bank& bank) {
    if (!bank.path.empty() || bank.picture_width == 0 || bank.picture_width != bank.picture_height) return false;
    const auto letters = letters_bank(bank.picture_width);
    return bank.name == letters->name && std::ranges::equal(bank.keys, letters->keys);
}

}  // namespace

std::optional<RetrievalJob> view_job(const AppState& state, const RetrievalSlots& slots) {
    const auto bank = state.bank();
    if (!bank) return std::nullopt;
    RetrievalJob job;
    job.letters = is_letters_bank(*bank);
    if (bank->path.empty() && !job.letters) return std::nullopt;
    job.bank = bank->path;
    if (!describe_query(state, slots.query(), job.queries)) return std::nullopt;

    const retrieval::View view = slots.view();
    job.request.bank = bank;
    job.request.queries = {slots.query()};
    job.request.modes = {view.mode};
    job.request.steps = state.view.retrieval.steps;
    job.request.lambda = state.view.retrieval.lambda;
    job.request.betas = {view.beta};
    const RetrievalOptions& options = state.view.retrieval;
    job.request.plane_x = options.plane_x;
    job.request.plane_y = options.plane_y;
    job.request.plane_beta = view.beta;
    job.request.basins = options.basins;
    job.beta = view.beta;
    job.step = view.step;
    return job;
}

}  // namespace attnscope::ui
