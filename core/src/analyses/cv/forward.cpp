// The public functions of cv.h in base: checks, names, and the door to what computes.
#include <attnscope/cv.h>

#include "module/compute_module.h"

#include <cmath>
#include <limits>

namespace attnscope::cv {

Matrix compute(const Request& request, JobContext& context) {
    return compute_module().cv_matrix(request, context);
}

ModelResult compute_model(const ModelRequest& request, JobContext& context) {
    return compute_module().cv_model(request, context);
}

void check_parameters(const Parameters& parameters) {
    const auto fail = [](const char* name, const std::string& expected, const std::string& got) {
        throw Error(ErrorKind::usage, name, expected, got);
    };
    if (parameters.points < least_points || parameters.points > most_points)
        fail("points", std::to_string(least_points) + " to " + std::to_string(most_points),
             std::to_string(parameters.points));
    if (!parameters.exact && (parameters.samples < 1 || parameters.samples > most_simplices))
        fail("samples", "1 to " + std::to_string(most_simplices), std::to_string(parameters.samples));
    const bool rising = parameters.band.low < parameters.band.high;
    if (!rising || !(parameters.band.low >= 0) || !std::isfinite(parameters.band.high))
        fail("band", "two rising numbers of 0 or more",
             std::to_string(parameters.band.low) + ", " + std::to_string(parameters.band.high));
}

std::uint64_t simplex_count(std::uint64_t rows, int points) {
    const auto wanted = static_cast<std::uint64_t>(points);
    if (rows < wanted) return 0;
    unsigned __int128 count = 1;
    for (std::uint64_t i = 1; i <= wanted; ++i) {
        count = count * (rows - wanted + i) / i; // a binomial coefficient at every turn
        if (count > std::numeric_limits<std::uint64_t>::max()) return std::numeric_limits<std::uint64_t>::max();
    }
    return static_cast<std::uint64_t>(count);
}

bool of_key_value_head(Kind kind) noexcept {
    return kind == Kind::key || kind == Kind::value || kind == Kind::act_key || kind == Kind::act_value;
}

std::string matrix_name(Kind kind, int layer, int head) {
    const std::string front = "layers." + std::to_string(layer) + ".";
    const auto of_head = [&](const char* what) { return front + what + "_h" + std::to_string(head); };
    switch (kind) {
    case Kind::embedding: return "embedding";
    case Kind::query: return of_head("Q");
    case Kind::key: return of_head("K");
    case Kind::value: return of_head("V");
    case Kind::out_proj: return front + "out_proj";
    case Kind::act_query: return of_head("act_Q");
    case Kind::act_key: return of_head("act_K");
    case Kind::act_value: return of_head("act_V");
    case Kind::act_post: return of_head("act_post");
    case Kind::act_emb: return "act_emb";
    case Kind::residual: return front + "residual";
    case Kind::other: break;
    }
    return {};
}

} // namespace attnscope::cv
