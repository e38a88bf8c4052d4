#include "models/attention_point.h"

#include <ATen/ops/_softmax.h>
#include <ATen/ops/matmul.h>

#include <limits>

namespace attnscope::models {

at::Tensor attend(const AttentionPoint& point, AttentionObserver* observer) {
    if (observer) {
        at::Tensor context = observer->replacement(point);
        if (context.defined())
            return context;
    }
    const double factor = point.scale * (observer ? observer->score_factor(point) : 1.0);
    at::Tensor scores = at::matmul(point.queries, point.keys.transpose(-1, -2)).mul_(factor);
    if (point.mask.defined())
        scores.masked_fill_(point.mask.logical_not(), -std::numeric_limits<double>::infinity());
    at::Tensor probabilities = at::_softmax(scores, -1, /*half_to_float=*/false);
    if (point.mask.defined()) {
        // A row without a single place to look is 0/0; it must not reach the layers behind it.
        probabilities.masked_fill_(point.mask.logical_not(), 0);
    }
    if (observer)
        observer->observe(point, probabilities);
    return at::matmul(probabilities, point.values);
}

} // namespace attnscope::models
