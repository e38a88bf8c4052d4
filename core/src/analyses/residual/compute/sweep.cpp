// Residual excitations of a model on a text: one pass for what stands in front of the replaced layers, then the rest
// again for A, B and every rank.
#include "analyses/residual/compute/entry_points.h"

#include "analyses/residual/compute/observer.h"
#include "analyses/residual/compute/prefix.h"
#include "analyses/residual/groups.h"
#include "base/input_error.h"
#include "models/forward.h"
#include "models/projections.h"

#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <string>

namespace attnscope::compute {
namespace {

using residual::CurvePoint;
using residual::Loss;
using residual::Parameters;
using residual::Plan;
using residual::Request;
using residual::Result;

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Blocks that go through the model together.
struct Group {
    std::int64_t first = 0, count = 0;
};

std::vector<Group> groups_of(std::int64_t first, std::int64_t blocks, std::int64_t seq_len) {
    const std::int64_t most = residual::blocks_in_group(seq_len);
    std::vector<Group> groups;
    for (std::int64_t block = 0; block < blocks; block += most)
        groups.push_back({first + block, std::min(most, blocks - block)});
    return groups;
}

/// A sweep over one request, whose parts share the model and what was kept of the pass before.
class Sweep {
public:
    Sweep(const Request& request, Plan plan, JobContext& context)
        : request_(request), parameters_(request.parameters), plan_(std::move(plan)),
          model_(models::loaded(*request.model)), context_(context), observer_(request, plan_, context),
          prefix_(parameters_.prefix_budget) {}

    /// Baseline, and what stands in front of the first replaced layer.
    Loss run_whole() {
        observer_.keep_at(plan_.layers.front());
        const auto groups = evaluated();
        std::vector<float> losses;
        for (std::size_t i = 0; i < groups.size(); ++i) {
            const std::int64_t calibrated = plan_.leaks ? plan_.calibration_blocks - groups[i].first : 0;
            observer_.gather(std::max<std::int64_t>(calibrated, 0), calibration_tokens(), groups[i].first);
            const at::Tensor states = within(i, groups.size(), "baseline", head_share(0), [&](JobContext& part) {
                return models::hidden_states(model_, texts(groups[i]), options(), part);
            });
            keep(observer_.take_kept());
            add_losses(states, groups[i], "baseline", i, groups.size(), head_share(0), losses);
        }
        observer_.gather_nothing();
        observer_.keep_at(-1);
        return loss_of(std::move(losses));
    }

    /// Fits the bases, after a pass over the calibration blocks unless the baseline's was one.
    std::vector<residual::HeadSpectrum> fit() {
        if (!plan_.leaks || observer_.moments().empty()) run_calibration();
        std::vector<residual::HeadSpectrum> found;
        std::size_t done = 0;
        for (const auto& [layer, moments] : observer_.moments()) {
            context_.progress(static_cast<double>(done++), static_cast<double>(plan_.layers.size()), "fitting basis");
            const at::Tensor output =
                parameters_.output_weighted ? models::attention_projections(model_, layer).output : at::Tensor();
            LayerBasis basis = fit_basis(moments, parameters_.centred, output, context_);
            for (residual::HeadSpectrum& spectrum : basis.spectra) {
                spectrum.layer = layer;
                if (std::binary_search(plan_.heads.begin(), plan_.heads.end(),
                                       residual::HeadChoice{spectrum.layer, spectrum.head}))
                    found.push_back(std::move(spectrum));
            }
            basis.spectra.clear();
            observer_.set_basis(layer, std::move(basis));
        }
        observer_.drop_moments();
        return found;
    }

    /// The replaced layers and what is behind them, on what was kept; run `index` of `runs`.
    Loss run_replaced(Replacement replacement, std::size_t index, std::size_t runs) {
        observer_.replace(replacement);
        const int first = plan_.layers.front();
        const auto groups = evaluated();
        const std::size_t total = runs * groups.size();
        std::vector<float> losses;
        for (std::size_t i = 0; i < groups.size(); ++i) {
            const std::size_t unit = index * groups.size() + i;
            const at::Tensor states = within(unit, total, "ranks", head_share(first), [&](JobContext& part) {
                FirstLayer kept = load(i);
                at::Tensor hidden = std::exchange(kept.hidden, {});
                observer_.go_on_from(std::move(kept));
                return models::continued_states(model_, std::move(hidden), first, options(), part);
            });
            add_losses(states, groups[i], replacement_name(replacement), unit, total, head_share(first), losses);
        }
        observer_.replace({});
        observer_.go_on_from({});
        return loss_of(std::move(losses));
    }

    std::uint64_t disk_bytes() const { return prefix_.disk_bytes(); }

private:
    std::vector<Group> evaluated() const { return groups_of(0, plan_.blocks, parameters_.seq_len); }
    std::int64_t calibration_tokens() const { return plan_.calibration_blocks * parameters_.seq_len; }

    std::vector<std::vector<std::int64_t>> texts(const Group& group) const {
        std::vector<std::vector<std::int64_t>> texts;
        for (std::int64_t block = group.first; block < group.first + group.count; ++block) {
            const auto begin = request_.ids.begin() + block * parameters_.seq_len;
            texts.emplace_back(begin, begin + parameters_.seq_len);
        }
        return texts;
    }

    models::ForwardOptions options(std::int64_t last_layer = -1) {
        return {.observer = &observer_, .last_layer = last_layer, .precision = request_.precision};
    }

    /// Of group after group. Heads of a token lie side by side in a context, here as well as on disk.
    void keep(const FirstLayer& first) {
        prefix_.add(first.hidden);
        prefix_.add(first.leading);
        prefix_.add(first.context.transpose(1, 2).contiguous());
    }
    FirstLayer load(std::size_t group) const {
        return {prefix_.load(3 * group), prefix_.look(3 * group + 1), prefix_.look(3 * group + 2).transpose(1, 2)};
    }

    static std::string replacement_name(const Replacement& replacement) {
        switch (replacement.kind) {
        case Replacement::Kind::full: return "full";
        case Replacement::Kind::leading: return "top1";
        case Replacement::Kind::projected: break;
        }
        return "rank " + std::to_string(replacement.rank);
    }

    /// Share of the head in the products of a pass from layer `first` on.
    double head_share(int first) const {
        const ModelConfig& config = model_.config();
        const auto number = [](std::int64_t value) { return static_cast<double>(value); };
        const double layer = number(config.hidden) *
                             (2 * number(config.heads * config.head_dim) +
                              2 * number(config.key_value_heads * config.head_dim) + 3 * number(config.intermediate));
        const double head = number(config.hidden) * number(config.vocabulary);
        return head / (head + number(config.layers - first) * layer);
    }

    using Work = std::function<at::Tensor(JobContext& part)>;

    /// work(context) whose progress is the first 1 − `head` of unit `unit` of `total`.
    at::Tensor within(std::size_t unit, std::size_t total, const char* stage, double head, const Work& work) {
        return part_of(static_cast<double>(unit), static_cast<double>(total), stage, 1 - head, work);
    }

    at::Tensor part_of(double done, double total, const std::string& stage, double share, const Work& work) {
        JobContext part = context_.part([&](const Progress& progress) {
            context_.progress(done + share * std::max(progress.fraction, 0.0), total, stage);
        });
        return work(part);
    }

    void run_calibration() {
        const auto groups = groups_of(plan_.first_calibration, plan_.calibration_blocks, parameters_.seq_len);
        for (std::size_t i = 0; i < groups.size(); ++i) {
            observer_.gather(groups[i].count, calibration_tokens(), groups[i].first);
            within(i, groups.size(), "calibration", 0, [&](JobContext& part) {
                return models::hidden_states(model_, texts(groups[i]), options(plan_.layers.back()), part);
            });
        }
        observer_.gather_nothing();
    }

    /// Of states (blocks, T, hidden) behind the final norm, token by token.
    void add_losses(const at::Tensor& states, const Group& group, const std::string& what, std::size_t unit,
                    std::size_t total, double head, std::vector<float>& losses) {
        const c10::InferenceMode no_gradients;
        const std::int64_t predictions = parameters_.seq_len - 1;
        std::vector<std::int64_t> targets;
        for (const auto& text : texts(group)) targets.insert(targets.end(), text.begin() + 1, text.end());
        const at::Tensor rows = states.narrow(1, 0, predictions).reshape({-1, states.size(2)});
        const std::string stage = what == "baseline" ? what : "ranks";
        const at::Tensor lost =
            part_of(static_cast<double>(unit) + 1 - head, static_cast<double>(total), stage, head,
                    [&](JobContext& part) { return models::token_losses(model_, rows, targets, options(), part); });
        const double* const loss = lost.const_data_ptr<double>();
        for (std::int64_t i = 0; i < lost.numel(); ++i) {
            if (!std::isfinite(loss[i]))
                input_error(model_.files().name, "a finite loss", std::isnan(loss[i]) ? "NaN" : "infinity",
                            what + ", block " + std::to_string(group.first + i / predictions) + ", token " +
                                std::to_string(i % predictions + 1));
            losses.push_back(static_cast<float>(loss[i]));
            sum_ += loss[i];
        }
    }

    Loss loss_of(std::vector<float> losses) {
        Loss loss;
        loss.nll = std::exchange(sum_, 0.0) / static_cast<double>(losses.size());
        loss.ppl = std::exp(loss.nll);
        loss.token_nll = std::move(losses);
        return loss;
    }

    const Request& request_;
    const Parameters& parameters_;
    const Plan plan_;
    const models::LoadedModel& model_;
    JobContext& context_;
    ResidualObserver observer_;
    PrefixStore prefix_;
    double sum_ = 0; // of the losses of the run under way, in float64
};

double mean_dimension(const std::vector<residual::HeadSpectrum>& spectra) {
    double sum = 0, count = 0;
    for (const residual::HeadSpectrum& spectrum : spectra) {
        if (spectrum.r90 < 1) continue;
        sum += spectrum.r90;
        count += 1;
    }
    return count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

void compare_with_baseline(const Loss& baseline, Loss& loss) {
    loss.delta_ppl = loss.ppl - baseline.ppl;
}

CurvePoint curve_point(int rank, Loss loss, const Result& result) {
    CurvePoint point;
    point.rank = rank;
    compare_with_baseline(result.baseline, loss);
    if (residual::top1_hurts(result.baseline, result.top1)) {
        const auto recovered = [](double top1, double value, double baseline) {
            return 100 * (top1 - value) / (top1 - baseline);
        };
        point.recovered_ppl = recovered(result.top1.ppl, loss.ppl, result.baseline.ppl);
        point.recovered_nll = recovered(result.top1.nll, loss.nll, result.baseline.nll);
    }
    point.loss = std::move(loss);
    return point;
}

} // namespace

Result residual_sweep(const Request& request, JobContext& context) {
    const auto start = std::chrono::steady_clock::now();
    Result result;
    result.plan = residual::plan(request);
    const ModelConfig& config = request.model->config();
    result.head_dim = static_cast<int>(config.head_dim);
    result.heads = static_cast<int>(config.heads);
    result.layers = config.layers;
    result.ids.assign(request.ids.begin(), request.ids.begin() + result.plan.blocks * request.parameters.seq_len);
    const auto publish = [&] {
        result.seconds = seconds_since(start);
        context.publish(std::make_shared<const Result>(result));
    };

    const c10::InferenceMode no_gradients;
    Sweep sweep(request, result.plan, context);
    result.baseline = sweep.run_whole();
    compare_with_baseline(result.baseline, result.baseline);
    result.prefix_disk_bytes = sweep.disk_bytes();
    result.prefix_seconds = seconds_since(start);
    publish();
    const auto fitting = std::chrono::steady_clock::now();
    result.spectrum = sweep.fit();
    result.effective_dim_mean = mean_dimension(result.spectrum);
    result.basis_seconds = seconds_since(fitting);
    publish();

    const Result* const from = request.from.get();
    const bool has_ends = from && !std::isnan(from->full.nll);
    const auto taken_over = [&](int rank) -> const CurvePoint* {
        if (has_ends)
            for (const CurvePoint& point : from->curve)
                if (point.rank == rank) return &point;
        return nullptr;
    };
    std::size_t runs = has_ends ? 0 : 2, run = 0;
    for (const int rank : result.plan.ranks) runs += taken_over(rank) == nullptr;
    result.top1 = has_ends ? from->top1 : sweep.run_replaced({Replacement::Kind::leading}, run++, runs);
    compare_with_baseline(result.baseline, result.top1);
    result.full = has_ends ? from->full : sweep.run_replaced({Replacement::Kind::full}, run++, runs);
    compare_with_baseline(result.baseline, result.full);
    publish();
    for (const int rank : result.plan.ranks) {
        const CurvePoint* const known = taken_over(rank);
        Loss loss = known ? known->loss : sweep.run_replaced({Replacement::Kind::projected, rank}, run++, runs);
        result.curve.push_back(curve_point(rank, std::move(loss), result));
        publish();
    }
    result.seconds = seconds_since(start);
    return result;
}

residual::Spectra residual_spectra(const Request& request, JobContext& context) {
    const auto start = std::chrono::steady_clock::now();
    Request all = request;
    all.parameters.heads.clear();
    const ModelConfig& config = request.model->config();
    if (all.parameters.layers.empty()) {
        all.parameters.layers.resize(static_cast<std::size_t>(config.layers));
        std::iota(all.parameters.layers.begin(), all.parameters.layers.end(), 0);
    }
    residual::Spectra spectra;
    Plan plan = residual::plan(all);
    spectra.layers = static_cast<int>(config.layers);
    spectra.heads = static_cast<int>(config.heads);
    spectra.head_dim = static_cast<int>(config.head_dim);
    spectra.calibration_blocks = plan.calibration_blocks;
    const c10::InferenceMode no_gradients;
    spectra.heads_found = Sweep(all, std::move(plan), context).fit();
    spectra.seconds = seconds_since(start);
    return spectra;
}

} // namespace attnscope::compute
