#include "state/view_recipe.h"

#include "state/view_job.h"

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
    case QueryChoice::Kind::vector:
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

std::optional<RetrievalJob> retrieval_view_job(const AppState& state, const RetrievalSlots& slots) {
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

std::optional<AttentionJob> attention_view_job(const AppState& state, AttentionSlots& slots,
                                               const std::string& panel_id) {
    const ModelPtr model = slots.model();
    const auto read = slots.read();
    const Source* const source = state.find(state.view.selection.prompt);
    if (!model || !read || !source) return std::nullopt;
    auto job = attention_job_of(state.view, model->files().path, model->files().has_tokenizer, *source,
                                panel_id == "attention.heads");
    if (!job) return std::nullopt;
    job->request.model = model;
    job->request.texts = {read->ids};
    job->layer = slots.layer();
    job->head = slots.head();
    job->token = slots.token();
    return job;
}

std::optional<AttentionJob> attention_shown_job(const AppState& state, Services& services, const std::string& panel_id,
                                                bool with_pinned) {
    auto job = attention_view_job(state, services.attention(), panel_id);
    if (!job || !with_pinned) return job;
    AttentionSlots* const slots = services.pinned().attention(state);
    auto pinned = slots ? attention_view_job(services.pinned().state(), *slots, panel_id) : std::nullopt;
    if (!pinned) return std::nullopt;
    job->pinned = std::make_shared<const AttentionJob>(*std::move(pinned));
    job->beside = state.view.attention.beside;
    return job;
}

/// Writes the recipe of a job's figure, with what is in sight; nothing where there is no job.
template <class Job>
std::optional<RecipeWriter> writer_of(std::optional<Job> job, Recipe (*recipe_of)(const Job&), const ShownFigure& shown) {
    if (!job) return std::nullopt;
    return [job = *std::move(job), recipe_of, zoom = shown.zoom](const FigureSpec& figure) mutable {
        job.figure = figure;
        job.figure->zoom = zoom;
        return recipe_of(job).json();
    };
}

}  // namespace

std::optional<RecipeWriter> view_recipe(const AppState& state, Services& services, const std::string& panel_id,
                                        const ShownFigure& shown) {
    if (panel_id.starts_with("attention."))
        return writer_of(attention_shown_job(state, services, panel_id, shown.with_pinned), attention_recipe, shown);
    if (shown.with_pinned) return std::nullopt;
    if (cv::is_experiment_panel(panel_id))
        return writer_of(std::optional(services.cv().experiment_job()), cv_experiment_recipe, shown);
    if (panel_id.starts_with("cv.")) return writer_of(services.cv().job(state), cv_recipe, shown);
    if (panel_id.starts_with("alignment.")) return writer_of(services.alignment().job(state), alignment_recipe, shown);
    if (jacobian::is_experiment_panel(panel_id))
        return writer_of(services.training().job(), jacobian_experiment_recipe, shown);
    if (panel_id.starts_with("jacobian.")) return writer_of(services.jacobian().job(state), jacobian_recipe, shown);
    if (panel_id.starts_with("residual.")) return writer_of(services.residual().job(), residual_recipe, shown);
    return writer_of(retrieval_view_job(state, services.retrieval()), retrieval_recipe, shown);
}

}  // namespace attnscope::ui
