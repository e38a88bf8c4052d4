#include "analyses/cv/compute/matrix.h"

#include "analyses/cv/compute/entry_points.h"
#include "analyses/cv/compute/sums.h"
#include "kernels/student_t.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace attnscope::compute {

namespace {

constexpr std::size_t most_jackknife_rows = 4096;

/// FNV-1a: the stream of a matrix of a model is that of its name, so that it has one number whatever is measured beside
/// it.
std::uint64_t stream_of(const std::string& name) noexcept {
    std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
    for (const char letter : name) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100'0000'01b3;
    return hash;
}

SimplexSource choose_source(const cv::Parameters& parameters, std::size_t rows, const cv::Tuples* tuples,
                            std::uint64_t seed, std::uint64_t stream) {
    if (tuples) return SimplexSource::given(*tuples);
    const std::uint64_t all = cv::simplex_count(rows, parameters.points);
    if (parameters.exact && all > cv::most_simplices)
        throw Error(ErrorKind::usage, "exact", "a pool of at most " + std::to_string(cv::most_simplices) + " simplices",
                    std::to_string(rows) + " rows", "use a smaller pool");
    if (parameters.exact || all <= parameters.samples) return SimplexSource::every(rows, parameters.points);
    return SimplexSource::drawn(rows, parameters.points, parameters.samples, seed, stream);
}

/// Which rows the jackknife leaves out, one at a time, and the simplices it needs beside those of the CV. A jackknife
/// over a few hundred simplices would be one of their sampling: its error is points · σ²/count where the rows' own is
/// of the order of σ²/(10 · rows).
struct RowPlan {
    std::vector<std::uint32_t> rows;   ///< increasing; empty: no jackknife
    std::optional<SimplexSource> more; ///< none: those of the CV are enough
    bool every = false;                ///< `more` has every simplex there is, so that the CV's own add nothing
    std::uint64_t count() const { return more ? more->count() : 0; }
};

RowPlan plan_rows(std::size_t pool_rows, const SimplexSource& source, const cv::Tuples* tuples, std::uint64_t seed,
                  std::uint64_t stream) {
    RowPlan plan;
    std::vector<std::uint32_t> rows;
    if (tuples) {
        // Given simplices say nothing of rows that they leave out.
        std::vector<bool> used(pool_rows);
        for (const std::uint32_t row : tuples->rows) used[row] = true;
        for (std::size_t row = 0; row < pool_rows; ++row)
            if (used[row]) rows.push_back(static_cast<std::uint32_t>(row));
    } else if (pool_rows <= most_jackknife_rows) {
        rows.resize(pool_rows);
        std::iota(rows.begin(), rows.end(), 0U);
    }
    const int points = source.corners();
    if (rows.size() < static_cast<std::size_t>(points) + 2 || rows.size() > most_jackknife_rows) return plan;
    plan.rows = std::move(rows);
    const std::uint64_t all = cv::simplex_count(plan.rows.size(), points), drawn = source.count();
    if (source.exact() || drawn >= cv::jackknife_simplices) return plan;
    plan.every = all <= cv::jackknife_simplices;
    if (plan.every)
        plan.more = SimplexSource::every(plan.rows.size(), points);
    else
        plan.more = SimplexSource::drawn(plan.rows.size(), points, cv::jackknife_simplices, seed, stream)
                        .from(drawn, cv::jackknife_simplices - drawn);
    if (tuples) plan.more = plan.more->among(plan.rows);
    return plan;
}

/// The mean of some numbers and their spread about it, as a jackknife of n has them.
struct Spread {
    explicit Spread(const std::vector<double>& values) {
        const auto n = static_cast<double>(values.size());
        for (const double value : values) mean += value / n;
        for (const double value : values) variance += (value - mean) * (value - mean);
        variance *= (n - 1) / n;
    }
    double mean = 0, variance = 0;
};

/// Delete-one-row jackknife (Quenouille 1956, Tukey 1958) from the sums over the simplices of each row. With a sample
/// of simplices, leaving out a row also leaves out part of the sample, which adds points/(1 − f)² of the sampling
/// variance, f the share of simplices a row is in; that is taken off again and the sampling variance of the CV itself
/// put in. The interval is that of ln CV, whose distribution is nearer to symmetric: of 16 rows, CV ± t · error covers
/// 92 %. `sampling_variance` is that of a CV from one simplex.
void jackknife(const CvSums& sums, const RowPlan& plan, int points, double sampling_variance, double measured,
               cv::Matrix& matrix) {
    std::vector<double> without, logarithms;
    for (const std::uint32_t row : plan.rows) {
        without.push_back((sums.all - sums.rows[row]).cv());
        if (!std::isfinite(without.back())) return;
        logarithms.push_back(std::log(without.back()));
    }
    const auto n = static_cast<double>(without.size());
    const double cv = sums.all.cv(), share = points / n;
    const double own = plan.every ? 0 : sampling_variance / sums.all.count;
    const double left_out = points * own * (n - 1) / n / ((1 - share) * (1 - share));
    const double of_cv = sampling_variance / measured;
    const Spread spread(without);
    const double variance = std::max(spread.variance - left_out, 0.0) + of_cv;
    matrix.row_error = std::sqrt(variance);
    matrix.cv_corrected = matrix.cv - (n - 1) * (spread.mean - cv);
    matrix.row_simplices = static_cast<std::uint64_t>(sums.all.count);
    const double t = student_t_95(static_cast<int>(n) - 1);
    const Spread relative(logarithms);
    if (!std::isfinite(relative.variance) || !(cv > 0) || !(matrix.cv > 0)) {
        matrix.row_ci95 = {matrix.cv_corrected - t * matrix.row_error, matrix.cv_corrected + t * matrix.row_error};
        return;
    }
    const double centre = std::log(matrix.cv) - (n - 1) * (relative.mean - std::log(cv));
    const double reach =
        t * std::sqrt(std::max(relative.variance - left_out / (cv * cv), 0.0) + of_cv / (matrix.cv * matrix.cv));
    matrix.row_ci95 = {std::exp(centre - reach), std::exp(centre + reach)};
}

void fill_histogram(const std::vector<double>& volumes, double mean, double cv, cv::Matrix& matrix) {
    // Six standard deviations hold nearly all; a whole number of tenths makes axes that can be read.
    matrix.histogram_end = std::ceil(10 * (1 + 6 * cv)) / 10;
    matrix.histogram.assign(cv::histogram_bins, 0);
    for (const double volume : volumes) {
        const double place = volume / mean / matrix.histogram_end * cv::histogram_bins;
        ++matrix.histogram[static_cast<std::size_t>(std::min(place, cv::histogram_bins - 1.0))];
    }
}

std::string few(std::uint64_t got, const std::string& what, std::uint64_t wanted) {
    return "expected at least " + std::to_string(wanted) + " " + what + ", got " + std::to_string(got);
}

/// What is summed for the jackknife: the simplices of the CV, more of them, or every one there is.
CvSums sums_of_rows(const CvPool& pool, CvSums sums, const RowPlan& plan, const CvRun& run) {
    if (!plan.more) return sums;
    CvSums more = sum_volumes(pool, *plan.more, true, run, sums.pilot);
    if (plan.every) return more;
    more.all += sums.all;
    for (std::size_t row = 0; row < more.rows.size(); ++row) more.rows[row] += sums.rows[row];
    return more;
}

void measure_pool(const CvPool& pool, const SimplexSource& source, const RowPlan& plan, const CvBootstrap& bootstrap,
                  const CvRun& run, cv::Matrix& matrix) {
    const int points = source.corners();
    const bool with_rows = !run.brief && !plan.rows.empty();
    CvSums sums = sum_volumes(pool, source, with_rows && !plan.every, run);
    matrix.n_valid = static_cast<std::uint64_t>(sums.all.count);
    matrix.n_degenerate = sums.n_degenerate;
    matrix.participation_ratio = pool.participation_ratio;
    if (matrix.n_valid < cv::least_valid) {
        matrix.reason = few(matrix.n_valid, "simplices with a volume", cv::least_valid) +
                        (matrix.n_degenerate > 0 ? " (" + std::to_string(matrix.n_degenerate) + " have none)" : "");
        return;
    }
    matrix.cv = sums.all.cv();
    const double mean = sums.pilot * (1 + sums.all.mean());
    // The pool's unit of volume is 2^(exponent·k/2).
    const int powers = pool.exponent * (points - 1);
    const int whole = (powers - (powers & 1)) / 2;
    matrix.mean_volume = std::ldexp(mean * (powers & 1 ? std::sqrt(2) : 1), whole);
    matrix.effective_dim = cv::effective_dim(matrix.cv, points);
    if (run.brief) return;
    const double measured = sums.all.count;
    double sampling_variance = 0;
    if (source.exact()) {
        matrix.ci95 = {matrix.cv, matrix.cv};
    } else {
        const CvBootstrap::Spread spread = bootstrap.spread(sums.groups);
        matrix.ci95 = spread.ci95;
        sampling_variance = std::isfinite(spread.error) ? spread.error * spread.error * measured : 0;
    }
    fill_histogram(sums.sample, mean, matrix.cv, matrix);
    if (with_rows)
        jackknife(sums_of_rows(pool, std::move(sums), plan, run), plan, points, sampling_variance, measured, matrix);
}

} // namespace

CvMeasurer::CvMeasurer(const cv::Parameters& parameters, std::uint64_t seed)
    : parameters_(parameters), seed_(seed), bootstrap_(seed) {
    cv::check_parameters(parameters);
}

cv::Matrix CvMeasurer::measure(const kernels::RowView& all, const std::string& name, std::uint64_t stream,
                               const cv::Tuples* tuples, const CvRun& run) const {
    const int points = tuples ? tuples->points : parameters_.points;
    cv::Matrix matrix;
    matrix.name = name;
    matrix.rows = all.rows;
    matrix.cols = all.cols;
    matrix.null_cv = cv::null_cv(static_cast<double>(all.cols), points);
    kernels::RowView rows = all;
    if (!tuples && parameters_.pool > 0) rows.rows = std::min(all.rows, parameters_.pool);
    matrix.pool = rows.rows;
    if (tuples) cv::check_tuples(*tuples, all.rows);
    if (rows.rows > std::numeric_limits<std::uint32_t>::max())
        throw Error(ErrorKind::usage, "pool", "at most 4294967295 rows", std::to_string(rows.rows));
    if (rows.rows < static_cast<std::size_t>(points)) {
        matrix.reason = few(rows.rows, "rows", static_cast<std::uint64_t>(points));
        return matrix;
    }
    const SimplexSource source = choose_source(parameters_, rows.rows, tuples, seed_, stream);
    matrix.exact = source.exact();
    // Planned for what is measured briefly too: how distances are made must not depend on what else is asked.
    const RowPlan plan = plan_rows(rows.rows, source, tuples, seed_, stream);
    const CvPool pool = make_pool(rows, name, static_cast<double>(source.count() + plan.count()), points, run);
    if (pool.all_equal) {
        matrix.n_degenerate = source.count();
        matrix.reason = "all rows of the pool are equal";
        return matrix;
    }
    measure_pool(pool, source, plan, bootstrap_, run, matrix);
    matrix.in_band = matrix.cv > parameters_.band.low && matrix.cv < parameters_.band.high;
    return matrix;
}

cv::Matrix CvMeasurer::measure(const kernels::RowView& rows, const std::string& name, JobContext& context) const {
    return measure(rows, name, stream_of(name), nullptr, CvRun{context, true});
}

cv::Matrix CvMeasurer::measure_briefly(const kernels::RowView& rows, const std::string& name,
                                       JobContext& context) const {
    return measure(rows, name, stream_of(name), nullptr, CvRun{context, true, true});
}

cv::Matrix cv_matrix(const cv::Request& request, JobContext& context) {
    if (!request.bank) throw Error(ErrorKind::usage, "matrix", "an opened one", "none");
    const Bank& bank = *request.bank;
    const CvMeasurer measurer(request.parameters, context.seed());
    const kernels::RowView rows{bank.keys.data(), bank.n, bank.d, bank.d};
    const cv::Matrix matrix = measurer.measure(rows, request.name.empty() ? bank.name : request.name, 0,
                                               request.tuples.get(), CvRun{context, false});
    bank.check_intact();
    return matrix;
}

} // namespace attnscope::compute
