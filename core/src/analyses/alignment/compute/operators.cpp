// Grams and spectra of all layers and heads, with no more layers in memory at once than fit.
#include "analyses/alignment/compute/entry_points.h"
#include "analyses/alignment/compute/layers.h"
#include "analyses/alignment/compute/spectrum.h"
#include "module/compute/thread_guard.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <vector>

namespace attnscope::compute {

namespace {

using alignment::Basis;
using alignment::Operators;

constexpr std::size_t most_weight_bytes = std::size_t{2} << 30;

/// Layers in memory: first … first + factors.size().
struct Block {
    int first = 0;
    std::vector<LayerFactors> factors;
    int end() const { return first + static_cast<int>(factors.size()); }
    const LayerFactors& layer(int number) const { return factors[static_cast<std::size_t>(number - first)]; }
};

class OperatorMaker {
public:
    OperatorMaker(const FactorSource& source, Operators& operators, JobContext& context)
        : source_(source), operators_(operators), context_(context) {}

    void run() {
        const int size = block_size();
        const int pairs = source_.layers * (source_.layers + 1) / 2;
        for (int first = 0; first < source_.layers; first += size) {
            const Block rows = read(first, std::min(size, source_.layers - first));
            spectra(rows);
            grams(rows, rows, pairs);
            for (int other = first + size; other < source_.layers; other += size)
                grams(rows, read(other, std::min(size, source_.layers - other)), pairs);
        }
    }

private:
    int block_size() const {
        const std::size_t fitting =
            std::max<std::size_t>(1, most_weight_bytes / std::max<std::size_t>(1, source_.layer_bytes()));
        if (fitting >= static_cast<std::size_t>(source_.layers)) return source_.layers;
        return static_cast<int>(std::max<std::size_t>(1, fitting / 2)); // two blocks meet
    }

    Block read(int first, int count) {
        Block block{first, std::vector<LayerFactors>(static_cast<std::size_t>(count))};
        std::atomic<int> done = 0;
        context_.progress(0, count, "reading weights");
        context_.parallel_for(block.factors.size(), [&](std::size_t task, int) {
            const c10::InferenceMode no_gradients;
            const models::ThreadGuard one(1);
            block.factors[task] = source_.read(first + static_cast<int>(task));
            context_.progress(++done, count, "reading weights");
        });
        return block;
    }

    /// A task is a layer's heads that share a factor.
    void spectra(const Block& block) {
        const int groups = std::min(source_.left_heads, source_.right_heads), shared = source_.heads / groups;
        const std::size_t tasks = block.factors.size() * static_cast<std::size_t>(groups);
        context_.progress(layers_decomposed_, source_.layers, "spectra");
        std::atomic<std::size_t> done = 0;
        context_.parallel_for(tasks, [&](std::size_t task, int) {
            const c10::InferenceMode no_gradients;
            const models::ThreadGuard one(1);
            const int layer = block.first + static_cast<int>(task) / groups;
            const int first = static_cast<int>(task) % groups * shared;
            const LayerFactors& factors = block.layer(layer);
            WideFactor left, right;
            for (int head = first; head < first + shared; ++head) {
                context_.checkpoint();
                if (head == first || source_.left_heads > groups) left = widen(factors.left[source_.left_of(head)]);
                if (head == first || source_.right_heads > groups) right = widen(factors.right[source_.right_of(head)]);
                store(layer, head, head_spectrum(left, right, operators_.basis, operators_.topk));
            }
            context_.progress(layers_decomposed_ + static_cast<double>(++done) / groups, source_.layers, "spectra");
        });
        layers_decomposed_ += static_cast<double>(block.factors.size());
    }

    void store(int layer, int head, const HeadSpectrum& spectrum) {
        const std::size_t pair = operators_.pair(layer, head);
        operators_.fro_sq[pair] = spectrum.fro_sq;
        const auto values = static_cast<std::size_t>(operators_.values);
        std::copy_n(spectrum.values.const_data_ptr<double>(), values,
                    operators_.spectrum.begin() + static_cast<std::ptrdiff_t>(pair * values));
        const std::size_t numbers =
            static_cast<std::size_t>(operators_.topk) * static_cast<std::size_t>(operators_.hidden);
        const double* const from = spectrum.directions.const_data_ptr<double>();
        std::transform(from, from + numbers,
                       operators_.directions.begin() + static_cast<std::ptrdiff_t>(pair * numbers),
                       [](double number) { return static_cast<float>(number); });
    }

    /// Every layer of `rows` with every one of `columns` that is not before it.
    void grams(const Block& rows, const Block& columns, int pairs) {
        std::vector<std::array<int, 2>> meeting;
        for (int a = rows.first; a < rows.end(); ++a)
            for (int b = std::max(a, columns.first); b < columns.end(); ++b) meeting.push_back({a, b});
        const std::int64_t size = source_.head_dim;
        struct Scratch {
            at::Tensor left, right;
        };
        std::vector<Scratch> scratch(static_cast<std::size_t>(context_.threads()));
        context_.progress(pairs_done_, pairs, "grams");
        std::atomic<int> done = 0;
        context_.parallel_for(meeting.size(), [&](std::size_t task, int thread) {
            const c10::InferenceMode no_gradients;
            const models::ThreadGuard one(1);
            auto& [left, right] = scratch[static_cast<std::size_t>(thread)];
            if (!left.defined()) {
                left = at::empty({size, size}, at::kFloat);
                right = at::empty({size, size}, at::kFloat);
            }
            const auto [a, b] = meeting[task];
            const LayerFactors &from = rows.layer(a), &to = columns.layer(b);
            for (int head = 0; head < source_.heads; ++head) {
                context_.checkpoint();
                const int l = source_.left_of(head), r = source_.right_of(head);
                if (head == 0 || l != source_.left_of(head - 1)) at::mm_out(left, from.left[l], to.left[l].t());
                if (head == 0 || r != source_.right_of(head - 1)) at::mm_out(right, from.right[r], to.right[r].t());
                const double gram = product_sum(left.const_data_ptr<float>(), right.const_data_ptr<float>(),
                                                static_cast<std::size_t>(size * size));
                for (const auto& [i, j] : {std::array{a, b}, std::array{b, a}})
                    operators_.gram[operators_.pair(i * operators_.layers + j, head)] = gram;
            }
            context_.progress(pairs_done_ + ++done, pairs, "grams");
        });
        pairs_done_ += static_cast<int>(meeting.size());
    }

    const FactorSource& source_;
    Operators& operators_;
    JobContext& context_;
    double layers_decomposed_ = 0;
    int pairs_done_ = 0;
};

} // namespace

void fill_operators(const FactorSource& source, Operators& operators, JobContext& context) {
    const auto layers = static_cast<std::size_t>(source.layers), heads = static_cast<std::size_t>(source.heads);
    operators.layers = source.layers;
    operators.heads = source.heads;
    operators.head_dim = source.head_dim;
    operators.hidden = source.hidden;
    operators.values =
        std::min(operators.basis == Basis::symmetric ? 2 * source.head_dim : source.head_dim, source.hidden);
    operators.topk = std::min(operators.topk, operators.values);
    operators.gram.resize(layers * layers * heads);
    operators.fro_sq.resize(layers * heads);
    operators.spectrum.resize(layers * heads * static_cast<std::size_t>(operators.values));
    operators.directions.resize(layers * heads * static_cast<std::size_t>(operators.topk) *
                                static_cast<std::size_t>(source.hidden));
    OperatorMaker(source, operators, context).run();
}

Operators alignment_operators(const alignment::Request& request, JobContext& context) {
    if (!request.model) throw Error(ErrorKind::usage, "model", "an opened model", "none");
    if (request.topk < 1) throw Error(ErrorKind::usage, "topk", "1 or more directions", std::to_string(request.topk));
    Operators operators;
    operators.name = request.model->files().name;
    operators.kind = request.kind;
    operators.basis = request.basis;
    operators.norm_gain = request.norm_gain;
    operators.topk = request.topk;
    fill_operators(factors_of(request), operators, context);
    return operators;
}

} // namespace attnscope::compute
