// Maps out of a file, layer after layer.
#include "analyses/jacobian/compute/entry_points.h"

#include "kernels/cuda_table.h"
#include "kernels/devices.h"
#include "kernels/softmax_jacobian.h"

#include <algorithm>
#include <chrono>

namespace attnscope::compute {

namespace {

using jacobian::LayerMaps;

/// The sums of each map, blocks of rows side by side.
std::vector<kernels::JacobianSums> sum_maps(const LayerMaps& maps, JobContext& context) {
    const std::size_t length = maps.length, count = maps.sequences * maps.heads;
    const Device device = resolve_device(context.device());
    if (const kernels::CudaTable* const cuda = cuda_table(device)) {
        std::vector<kernels::JacobianSums> sums(count);
        // Few enough maps at a time that their copies end between two checkpoints.
        constexpr std::size_t elements_at_once = std::size_t{1} << 25;
        const std::size_t step = std::max<std::size_t>(1, elements_at_once / (length * length));
        for (std::size_t first = 0; first < count; first += step) {
            context.checkpoint();
            const std::size_t taken = std::min(step, count - first), at = first * length * length;
            cuda->softmax_jacobian(device.index, maps.probabilities.data() + at, maps.gradients.data() + at, taken,
                                   length, maps.causal, sums.data() + first);
        }
        return sums;
    }
    const std::size_t most = kernels::jacobian_block_rows(length), blocks = (length + most - 1) / most;
    std::vector<kernels::JacobianSums> parts(count * blocks);
    context.parallel_for(parts.size(), [&](std::size_t task, int) {
        const std::size_t map = task / blocks, first = task % blocks * most;
        const std::size_t at = (map * length + first) * length;
        parts[task] = kernels::softmax_jacobian({.probabilities = maps.probabilities.data() + at,
                                                 .gradients = maps.gradients.data() + at,
                                                 .rows = std::min(most, length - first),
                                                 .keys = length,
                                                 .stride = length,
                                                 .first_row = first,
                                                 .causal = maps.causal});
    });
    std::vector<kernels::JacobianSums> sums(count);
    for (std::size_t part = 0; part < parts.size(); ++part) sums[part / blocks] += parts[part];
    return sums;
}

} // namespace

jacobian::Result jacobian_captures(const jacobian::CapturesRequest& request, JobContext& context) {
    const auto start = std::chrono::steady_clock::now();
    if (!request.captures) throw Error(ErrorKind::usage, "captures", "an opened file", "none");
    const auto& layers = request.captures->layers();
    jacobian::Result result;
    result.layers = static_cast<int>(layers.size());
    for (std::size_t index = 0; index < layers.size(); ++index) {
        context.progress(static_cast<double>(index), static_cast<double>(layers.size()), "layers");
        const LayerMaps maps = request.captures->read(index, context);
        result.sequences = std::max(result.sequences, maps.sequences);
        result.length = std::max(result.length, maps.length);
        const auto sums = sum_maps(maps, context);
        for (std::size_t head = 0; head < maps.heads; ++head) {
            kernels::HeadTotals totals;
            for (std::size_t sequence = 0; sequence < maps.sequences; ++sequence)
                totals.add(sums[sequence * maps.heads + head]);
            result.heads.push_back(totals.metrics(maps.layer, static_cast<int>(head)));
            result.future_weight = result.future_weight || totals.future_mass() > 0;
        }
        result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        context.publish(std::make_shared<const jacobian::Result>(result));
    }
    return result;
}

} // namespace attnscope::compute
