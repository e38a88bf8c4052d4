#include "analyses/cv_matrix.h"

#include "analyses/cv.h"
#include "analyses/cv_sums.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnscope::compute {

namespace {

constexpr std::size_t most_jackknife_rows = 4096;
constexpr double least_simplices_a_row = 3;

/// FNV-1a: the stream of a matrix of a model is that of its name, so that it has one number whatever is measured beside
/// it.
std::uint64_t stream_of(const std::string& name) noexcept {
    std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
    for (const char letter : name)
        hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100'0000'01b3;
    return hash;
}

SimplexSource choose_source(const cv::Parameters& parameters, std::size_t rows, const cv::Tuples* tuples,
                            std::uint64_t seed, std::uint64_t stream) {
    if (tuples)
        return SimplexSource::given(*tuples);
    const std::uint64_t all = cv::simplex_count(rows, parameters.points);
    if (parameters.exact && all > cv::most_simplices)
        throw Error(ErrorKind::usage, "exact",
                    "a pool of at most " + std::to_string(cv::most_simplices) + " simplices",
                    std::to_string(rows) + " rows", "use a smaller pool");
    if (parameters.exact || all <= parameters.samples)
        return SimplexSource::every(rows, parameters.points);
    return SimplexSource::drawn(rows, parameters.points, parameters.samples, seed, stream);
}

/// Delete-one-row jackknife (Quenouille 1956, Tukey 1958) from the sums over the simplices of each row. With a sample of
/// simplices, leaving out a row also leaves out part of the sample, which adds points/(1 − f)² of the sampling variance,
/// f the share of simplices a row is in; that is taken off again and the sampling variance itself put in.
void jackknife(const CvSums& sums, int points, double sampling_error, cv::Matrix& matrix) {
    const auto n = static_cast<double>(sums.rows.size());
    std::vector<double> without;
    without.reserve(sums.rows.size());
    double mean = 0;
    for (const VolumeSums& row : sums.rows) {
        const double value = (sums.all - row).cv();
        if (!std::isfinite(value))
            return;
        without.push_back(value);
        mean += value / n;
    }
    double variance = 0;
    for (const double value : without)
        variance += (value - mean) * (value - mean);
    variance *= (n - 1) / n;
    const double share = points / n, sampling = sampling_error * sampling_error;
    variance = std::max(variance - points * sampling * (n - 1) / n / ((1 - share) * (1 - share)), 0.0) + sampling;
    matrix.row_error = std::sqrt(variance);
    matrix.cv_corrected = n * matrix.cv - (n - 1) * mean;
    constexpr double normal_95 = 1.959964;
    matrix.row_ci95 = {matrix.cv_corrected - normal_95 * matrix.row_error,
                       matrix.cv_corrected + normal_95 * matrix.row_error};
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

void measure_pool(const CvPool& pool, const SimplexSource& source, const CvBootstrap& bootstrap, const CvRun& run,
                  cv::Matrix& matrix) {
    const int points = source.corners();
    const auto n = static_cast<double>(pool.rows.rows);
    const bool with_rows = !run.brief && pool.rows.rows > static_cast<std::size_t>(points) + 1 &&
                           pool.rows.rows <= most_jackknife_rows &&
                           points * static_cast<double>(source.count()) / n >= least_simplices_a_row;
    const CvSums sums = sum_volumes(pool, source, with_rows, run);
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
    if (run.brief)
        return;
    double sampling_error = 0;
    if (source.exact()) {
        matrix.ci95 = {matrix.cv, matrix.cv};
    } else {
        const CvBootstrap::Spread spread = bootstrap.spread(sums.groups);
        matrix.ci95 = spread.ci95;
        sampling_error = std::isfinite(spread.error) ? spread.error : 0;
    }
    if (with_rows)
        jackknife(sums, points, sampling_error, matrix);
    fill_histogram(sums.sample, mean, matrix.cv, matrix);
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
    if (!tuples && parameters_.pool > 0)
        rows.rows = std::min(all.rows, parameters_.pool);
    matrix.pool = rows.rows;
    if (tuples)
        cv::check_tuples(*tuples, all.rows);
    if (rows.rows > std::numeric_limits<std::uint32_t>::max())
        throw Error(ErrorKind::usage, "pool", "at most 4294967295 rows", std::to_string(rows.rows));
    if (rows.rows < static_cast<std::size_t>(points)) {
        matrix.reason = few(rows.rows, "rows", static_cast<std::uint64_t>(points));
        return matrix;
    }
    const SimplexSource source = choose_source(parameters_, rows.rows, tuples, seed_, stream);
    matrix.exact = source.exact();
    const CvPool pool = make_pool(rows, name, static_cast<double>(source.count()), points, run);
    if (pool.all_equal) {
        matrix.n_degenerate = source.count();
        matrix.reason = "all rows of the pool are equal";
        return matrix;
    }
    measure_pool(pool, source, bootstrap_, run, matrix);
    matrix.in_band = matrix.cv > parameters_.band_low && matrix.cv < parameters_.band_high;
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
    if (!request.bank)
        throw Error(ErrorKind::usage, "matrix", "an opened one", "none");
    const Bank& bank = *request.bank;
    const CvMeasurer measurer(request.parameters, context.seed());
    const kernels::RowView rows{bank.keys.data(), bank.n, bank.d, bank.d};
    const cv::Matrix matrix = measurer.measure(rows, request.name.empty() ? bank.name : request.name, 0,
                                               request.tuples.get(), CvRun{context, false});
    bank.check_intact();
    return matrix;
}

} // namespace attnscope::compute
