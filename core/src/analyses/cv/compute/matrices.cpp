#include "analyses/cv/compute/matrices.h"

#include <utility>

namespace attnscope::compute {

void MatrixCollection::expect(const std::vector<MatrixPlace>& places) {
    for (const MatrixPlace& place : places) order_.emplace(place, order_.size());
    done_.resize(order_.size());
}

void MatrixCollection::measure(const MatrixPlace& place, const at::Tensor& rows, JobContext& context) {
    const auto expected = order_.find(place);
    ATTNSCOPE_ASSERT(expected != order_.end());
    // Only the pool is looked at, so only the pool is copied.
    const std::int64_t all = rows.size(0);
    const std::size_t pool = parameters().pool;
    const std::int64_t used = pool > 0 && static_cast<std::int64_t>(pool) < all ? static_cast<std::int64_t>(pool) : all;
    const at::Tensor plain = rows.narrow(0, 0, used).to(at::kCPU, at::kFloat).contiguous();
    const kernels::RowView view{plain.const_data_ptr<float>(), static_cast<std::size_t>(used),
                                static_cast<std::size_t>(plain.size(1)), static_cast<std::size_t>(plain.size(1))};
    cv::Matrix matrix = measurer_.measure(view, cv::matrix_name(place.kind, place.layer, place.head), context);
    matrix.kind = place.kind;
    matrix.layer = place.layer;
    matrix.head = place.head;
    matrix.rows = static_cast<std::size_t>(all);
    std::size_t count;
    {
        const std::lock_guard lock(mutex_);
        done_[expected->second] = std::move(matrix);
        count = ++count_;
    }
    context.progress(static_cast<double>(count), static_cast<double>(order_.size()), "matrices");
}

void MatrixCollection::publish(JobContext& context) const {
    auto snapshot = std::make_shared<cv::ModelResult>();
    snapshot->matrices_total = order_.size();
    {
        const std::lock_guard lock(mutex_);
        for (const std::optional<cv::Matrix>& matrix : done_)
            if (matrix) snapshot->matrices.push_back(*matrix);
    }
    context.publish(std::shared_ptr<const cv::ModelResult>(std::move(snapshot)));
}

cv::ModelResult MatrixCollection::finish() {
    cv::ModelResult result;
    result.matrices_total = order_.size();
    const std::lock_guard lock(mutex_);
    for (std::optional<cv::Matrix>& matrix : done_) {
        ATTNSCOPE_ASSERT(matrix);
        result.matrices.push_back(std::move(*matrix));
    }
    return result;
}

} // namespace attnscope::compute
