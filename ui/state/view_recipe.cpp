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
    job.seed = state.view.seed;
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

/// What the panels of a workspace show, and what A shows of it.
template <class Job>
struct Sides {
    std::optional<Job> shown, pinned;
};

template <class Job, class Slots, class JobOf>
Sides<Job> sides(const AppState& state, Services& services, Slots& slots,
                 Slots* (PinnedView::*pinned_slots)(const AppState&), bool with_pinned, const JobOf& job_of) {
    Sides<Job> sides{job_of(state, slots), std::nullopt};
    if (!with_pinned) return sides;
    Slots* const of_pinned = (services.pinned().*pinned_slots)(state);
    if (of_pinned) sides.pinned = job_of(services.pinned().state(), *of_pinned);
    // What was compared with A is not drawn without it.
    if (!sides.pinned || !sides.shown || !compare_alike(*sides.shown, *sides.pinned)) sides.shown.reset();
    return sides;
}

/// Where the window's results come from, as a recipe says it.
std::string device_name(const Device& device) {
    if (device.kind != Device::Kind::automatic) return device.name();
    return available_devices().size() > 1 ? Device{Device::Kind::cuda, 0}.name() : Device{Device::Kind::cpu, 0}.name();
}

/// Writes the recipe of a job's figure, with what is in sight and what it is compared with; nothing where there is no
/// job.
template <class Job>
std::optional<RecipeWriter> writer_of(Sides<Job> sides, Recipe (*recipe_of)(const Job&), const ShownFigure& shown,
                                      bool beside, const Device& device) {
    if (!sides.shown) return std::nullopt;
    return [sides = std::move(sides), recipe_of, zoom = shown.zoom, beside, device](const FigureSpec& figure) mutable {
        sides.shown->figure = figure;
        sides.shown->figure->zoom = zoom;
        Recipe recipe = recipe_of(*sides.shown);
        recipe.device = device_name(device);
        if (sides.pinned) {
            sides.pinned->figure = sides.shown->figure;
            Recipe pinned = recipe_of(*sides.pinned);
            pinned.device = recipe.device;
            recipe.pinned = std::make_shared<const Recipe>(std::move(pinned));
            recipe.beside = beside;
        }
        return recipe.json();
    };
}

} // namespace

std::optional<RecipeWriter> view_recipe(const AppState& state, Services& services, const std::string& panel_id,
                                        const ShownFigure& shown) {
    const auto writer = [&]<class Job, class Slots, class JobOf>(Recipe (*recipe_of)(const Job&), Slots& slots,
                                                                 Slots* (PinnedView::*pinned_slots)(const AppState&),
                                                                 const JobOf& job_of) {
        return writer_of(sides<Job>(state, services, slots, pinned_slots, shown.with_pinned, job_of), recipe_of, shown,
                         state.view.attention.beside, services.jobs().device());
    };
    const auto job = [](const AppState& of, auto& slots) { return slots.job(of); };
    if (panel_id.starts_with("attention."))
        return writer(
            attention_recipe, services.attention(), &PinnedView::attention,
            [&](const AppState& of, AttentionSlots& slots) { return attention_view_job(of, slots, panel_id); });
    if (cv::is_experiment_panel(panel_id))
        return writer(cv_experiment_recipe, services.cv(), &PinnedView::cv,
                      [](const AppState&, CvSlots& slots) { return std::optional(slots.experiment_job()); });
    if (panel_id.starts_with("cv.")) return writer(cv_recipe, services.cv(), &PinnedView::cv, job);
    if (panel_id.starts_with("alignment."))
        return writer(alignment_recipe, services.alignment(), &PinnedView::alignment, job);
    if (jacobian::is_experiment_panel(panel_id))
        return writer(jacobian_experiment_recipe, services.training(), &PinnedView::training,
                      [](const AppState&, JacobianTraining& slots) { return slots.job(); });
    if (panel_id.starts_with("jacobian."))
        return writer(jacobian_recipe, services.jacobian(), &PinnedView::jacobian, job);
    if (panel_id.starts_with("residual."))
        return writer(residual_recipe, services.residual(), &PinnedView::residual,
                      [](const AppState&, ResidualSlots& slots) { return slots.job(); });
    return writer(retrieval_recipe, services.retrieval(), &PinnedView::retrieval,
                  [](const AppState& of, RetrievalSlots& slots) { return retrieval_view_job(of, slots); });
}

} // namespace attnscope::ui
