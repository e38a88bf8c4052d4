#include "ui/analyses/alignment/state/slots.h"

#include "state/open_sources.h"
#include "state/view_job.h"

#include <algorithm>

namespace attnscope::ui {

namespace {

/// Of a model, or of operators that a file gave.
struct TablesRequest {
    alignment::Request of_model;
    alignment::OperatorsPtr given;
    bool operator==(const TablesRequest&) const = default;
};

AlignmentTables compute_tables(const TablesRequest& request, JobContext& context) {
    AlignmentTables tables;
    tables.operators = request.given;
    if (!tables.operators)
        tables.operators = std::make_shared<const alignment::Operators>(cached_operators(request.of_model, context));
    tables.comparison = alignment::compare(*tables.operators, context);
    tables.chance = alignment::compute_chance(*tables.operators, context);
    return tables;
}

std::size_t tables_bytes(const AlignmentTables& tables) {
    const alignment::Comparison& comparison = tables.comparison;
    return tables.operators->bytes() + (comparison.cos.size() + comparison.mean_cos_pa.size() +
                                        comparison.min_cos_pa.size() + comparison.top1_overlap.size()) *
                                           sizeof(double);
}

std::size_t sign_bytes(const alignment::SignChance& chance) {
    return sizeof chance + chance.rows.size() * sizeof(alignment::SignChance::Row);
}

std::size_t matching_bytes(const alignment::Matching& matching) {
    return sizeof matching + matching.cos.size() * (sizeof(double) + sizeof(std::int32_t));
}

} // namespace

struct AlignmentSlots::Impl {
    Slot<TablesRequest, AlignmentTables> tables;
    Slot<alignment::MatchRequest, alignment::Matching> matching;
    Slot<alignment::SignShape, alignment::SignChance> signs;

    // of this frame
    TablesRequest wanted;
    View shown;
    int layers = 0, heads = 0;
    OpenSources open;
    InSight in_sight;

    explicit Impl(JobSystem& jobs)
        : tables(jobs, {"Alignment of operators", Lane::interactive, tables_bytes, 256u << 20}, compute_tables),
          matching(jobs, {"Matching heads", Lane::interactive, matching_bytes}, alignment::match_heads),
          signs(jobs, {"Signs by chance", Lane::interactive, sign_bytes}, alignment::compute_sign_chance) {}

    // the newest profile, and what it is of
    std::shared_ptr<const alignment::Profile> profile;
    std::weak_ptr<const AlignmentTables> profile_tables;
    int profile_anchor = 0, profile_head = 0;

    bool has_source() const { return wanted.of_model.model || wanted.given; }
};

AlignmentSlots::AlignmentSlots(JobSystem& jobs) : impl_(std::make_unique<Impl>(jobs)) {}
AlignmentSlots::~AlignmentSlots() = default;

void AlignmentSlots::begin_frame(const AppState& state) {
    Impl& i = *impl_;
    const AlignmentOptions& options = state.view.alignment;
    if (i.shown != state.view) i.shown = state.view;
    i.tables.set_seed(state.view.seed);
    i.matching.set_seed(state.view.seed);
    i.signs.set_seed(state.view.seed);
    i.wanted = {};
    if (const Source* const source = state.find(options.grams); source && source->grams) {
        i.wanted.given = source->grams;
        i.layers = source->grams->layers;
        i.heads = source->grams->heads;
    } else if (const ModelPtr model = state.model(); model && options.grams == 0) {
        i.wanted.of_model = {model, options.kind, options.basis, options.norm_gain, options.topk};
        i.layers = static_cast<int>(model->config().layers);
        i.heads = static_cast<int>(model->config().heads);
    } else {
        i.layers = i.heads = 0;
    }
    if (i.open.follow(state)) {
        i.tables.forget([&](const TablesRequest& request) {
            return i.open.closed(request.of_model.model) || i.open.closed(request.given);
        });
        // Without a model the operators are those of a file.
        i.matching.forget([&](const alignment::MatchRequest& request) {
            return request.model ? i.open.closed(request.model) : i.open.closed(request.operators);
        });
    }
    if (i.in_sight.left(state.view.workspace == Workspace::alignment)) {
        i.tables.give_up();
        i.matching.give_up();
        i.signs.give_up();
    }
}

bool AlignmentSlots::has_source() const {
    return impl_->has_source();
}
int AlignmentSlots::layers() const {
    return impl_->layers;
}
int AlignmentSlots::heads() const {
    return impl_->heads;
}

alignment::View AlignmentSlots::view() const {
    const Impl& i = *impl_;
    const AlignmentOptions& options = i.shown.alignment;
    alignment::View view;
    const int last = std::max(0, i.layers - 1);
    view.anchor = options.anchor < 0 ? last : std::min(options.anchor, last);
    view.layer = std::clamp(i.shown.selection.layer, 0, last);
    view.head = options.all_heads ? -1 : std::clamp(i.shown.selection.head, 0, std::max(0, i.heads - 1));
    view.quantity = options.quantity;
    return view;
}

Asked<AlignmentTables> AlignmentSlots::tables() {
    if (!has_source()) return {};
    impl_->tables.want(impl_->wanted);
    auto asked = asked_of(impl_->tables);
    // Another source's tables would be drawn with this one's anchor.
    if (asked.stale && asked.result &&
        (asked.result->operators->layers != impl_->layers || asked.result->operators->heads != impl_->heads))
        asked.result.reset();
    return asked;
}

Asked<alignment::SignChance> AlignmentSlots::signs() {
    const auto tables = this->tables();
    if (!tables.result) return {};
    impl_->signs.want(alignment::sign_shape(*tables.result->operators));
    Asked<alignment::SignChance> asked = asked_of(impl_->signs);
    if (asked.stale) asked.result.reset();
    return asked;
}

Asked<alignment::Matching> AlignmentSlots::matching() {
    const auto tables = this->tables();
    Asked<alignment::Matching> out;
    out.stale = true;
    out.cancelled = tables.cancelled;
    out.error = tables.error;
    out.progress = tables.progress;
    if (!tables.result || tables.stale) return out;
    impl_->matching.want({tables.result->operators, impl_->wanted.of_model.model, view().anchor});
    out = asked_of(impl_->matching);
    // The anchor it belongs to is part of the picture.
    if (out.stale) out.result.reset();
    return out;
}

std::shared_ptr<const alignment::Profile> AlignmentSlots::profile() {
    const auto asked = tables();
    if (!asked.result) return nullptr;
    const alignment::View shown = view();
    Impl& i = *impl_;
    if (i.profile_tables.lock() != asked.result || i.profile_anchor != shown.anchor || i.profile_head != shown.head) {
        i.profile = std::make_shared<const alignment::Profile>(
            alignment::profile(*asked.result->operators, asked.result->comparison, shown.anchor, shown.head));
        i.profile_tables = asked.result;
        i.profile_anchor = shown.anchor;
        i.profile_head = shown.head;
    }
    return i.profile;
}

bool AlignmentSlots::settled() const {
    return !impl_->tables.busy() && !impl_->matching.busy() && !impl_->signs.busy();
}
double AlignmentSlots::seconds() const {
    return impl_->tables.result() ? impl_->tables.seconds() : 0;
}

std::optional<AlignmentJob> AlignmentSlots::job(const AppState& state) const {
    const Impl& i = *impl_;
    if (!i.has_source()) return std::nullopt;
    AlignmentJob job =
        alignment_job_of(i.shown, i.wanted.given ? std::filesystem::path() : i.wanted.of_model.model->files().path);
    if (i.wanted.given) {
        const Source* const source = state.find(i.shown.alignment.grams);
        if (!source) return std::nullopt; // closed since the slots were asked
        job.grams = source->path;
        job.directions = source->companion;
        job.operators = i.wanted.given;
    } else {
        job.request = i.wanted.of_model;
    }
    const alignment::View shown = view();
    job.anchor = shown.anchor;
    job.head = shown.head;
    job.layer = shown.layer;
    return job;
}

} // namespace attnscope::ui
