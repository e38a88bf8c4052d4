// The pass over one chunk of rows, compiled once per instruction set and chosen when the program runs.
//
// A tile of rows is centred into a buffer that stays in the cache; on it follow the logits of all states, their
// exponentials, and the weighted sums of the rows. For one state the buffer costs more than it saves: its rows are
// centred where they lie, once for the logits and once for the sums, with the same results to the last bit.
#include "kernels/retrieval_pass.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/retrieval_pass_simd.cpp"
#include <hwy/foreach_target.h>

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include "kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attnscope::kernels::HWY_NAMESPACE {

/// Rows summed in float32 before the sum moves to float64.
inline constexpr std::size_t flush_rows = 128;

/// Below this distance from the maximum a whole tile's weights are smaller than float64 can add to a sum ≥ 1.
inline constexpr double negligible = -60;

struct Moments {
    float sum, sum_logit;
};

/// Where e^l leaves the normal numbers of float32, which are quicker than those below: nothing beside a weight of 1.
inline constexpr float least_exponent = -87;

/// Replaces `count` logits by weights e^{l − reference}; those from count to rows, a multiple of 16, become 0.
HWY_INLINE Moments online_weights(float* HWY_RESTRICT logits, std::size_t count, std::size_t rows, float reference) {
    const FloatTag tag;
    const std::size_t lanes = hn::Lanes(tag);
    const auto shift = hn::Set(tag, reference), floor = hn::Set(tag, least_exponent);
    auto sum = hn::Zero(tag), sum_logit = hn::Zero(tag);
    const auto shifted = [&](std::size_t r)
                             HWY_ATTR { return hn::Max(hn::Sub(hn::Load(tag, logits + r), shift), floor); };
    std::size_t r = 0;
    for (; r + lanes <= count; r += lanes) {
        const auto logit = shifted(r), weight = hn::Exp(tag, logit);
        sum = hn::Add(sum, weight);
        sum_logit = hn::MulAdd(weight, logit, sum_logit);
        hn::Store(weight, tag, logits + r);
    }
    for (; r < rows; r += lanes) {
        const auto index = hn::Iota(tag, static_cast<float>(r));
        const auto live = hn::Lt(index, hn::Set(tag, static_cast<float>(count)));
        // Behind the last logit may be anything.
        const auto logit = hn::IfThenElseZero(live, shifted(r));
        const auto weight = hn::IfThenElseZero(live, hn::Exp(tag, logit));
        sum = hn::Add(sum, weight);
        sum_logit = hn::MulAdd(weight, logit, sum_logit);
        hn::Store(weight, tag, logits + r);
    }
    return {hn::GetLane(hn::SumOfLanes(tag, sum)), hn::GetLane(hn::SumOfLanes(tag, sum_logit))};
}

/// Replaces logits by e^l − 1; sum = Σ(e^l − 1), sum_logit = Σ e^l l.
HWY_INLINE Moments linear_weights(float* HWY_RESTRICT logits, std::size_t count, std::size_t rows) {
    const FloatTag tag;
    const std::size_t lanes = hn::Lanes(tag);
    auto sum = hn::Zero(tag), sum_logit = hn::Zero(tag);
    for (std::size_t r = 0; r < rows; r += lanes) {
        const auto index = hn::Iota(tag, static_cast<float>(r));
        const auto live = hn::Lt(index, hn::Set(tag, static_cast<float>(count)));
        const auto logit = hn::IfThenElseZero(live, hn::Load(tag, logits + r));
        const auto weight = hn::Expm1(tag, logit); // 0 at 0
        sum = hn::Add(sum, weight);
        sum_logit = hn::Add(sum_logit, hn::MulAdd(weight, logit, logit));
        hn::Store(weight, tag, logits + r);
    }
    return {hn::GetLane(hn::SumOfLanes(tag, sum)), hn::GetLane(hn::SumOfLanes(tag, sum_logit))};
}

/// out_s[k] += Σ_r weights_s[r] tile[r][k] for `States` states and `Columns` vectors of columns.
template <std::size_t States, std::size_t Columns>
HWY_INLINE void update_block(const float* HWY_RESTRICT tile, std::size_t rows, std::size_t pitch,
                             const float* const* weights, float* const* out, std::size_t column) {
    const FloatTag tag;
    const std::size_t lanes = hn::Lanes(tag);
    FloatVector sums[States][Columns];
    HWY_UNROLL(8)
    for (std::size_t s = 0; s < States; ++s) {
        HWY_UNROLL(8)
        for (std::size_t c = 0; c < Columns; ++c) sums[s][c] = hn::Load(tag, out[s] + column + c * lanes);
    }
    for (std::size_t r = 0; r < rows; ++r) {
        const float* HWY_RESTRICT row = tile + r * pitch + column;
        FloatVector values[Columns];
        HWY_UNROLL(8)
        for (std::size_t c = 0; c < Columns; ++c) values[c] = hn::Load(tag, row + c * lanes);
        HWY_UNROLL(8)
        for (std::size_t s = 0; s < States; ++s) {
            const auto weight = hn::Set(tag, weights[s][r]);
            HWY_UNROLL(8)
            for (std::size_t c = 0; c < Columns; ++c) sums[s][c] = hn::MulAdd(weight, values[c], sums[s][c]);
        }
    }
    HWY_UNROLL(8)
    for (std::size_t s = 0; s < States; ++s) {
        HWY_UNROLL(8)
        for (std::size_t c = 0; c < Columns; ++c) hn::Store(sums[s][c], tag, out[s] + column + c * lanes);
    }
}

template <std::size_t States, std::size_t Columns>
HWY_INLINE void update_states(const float* HWY_RESTRICT tile, std::size_t rows, std::size_t pitch, std::size_t padded,
                              const float* const* weights, float* const* out) {
    const std::size_t lanes = hn::Lanes(FloatTag());
    std::size_t column = 0;
    for (; column + Columns * lanes <= padded; column += Columns * lanes)
        update_block<States, Columns>(tile, rows, pitch, weights, out, column);
    for (; column < padded; column += lanes) update_block<States, 1>(tile, rows, pitch, weights, out, column);
}

/// Logits of a refined state: those that can matter are computed again in float64, relative to the new maximum.
/// Returns the moments, and the maximum through `reference`.
HWY_INLINE Moments refined_weights(const ChunkInput& input, std::size_t state, std::size_t tile_first,
                                   float* HWY_RESTRICT logits, std::size_t count, std::size_t rows, float tile_max,
                                   double* reference) {
    const double reach = 40 + 2 * input.slack[state];
    double exact[most_tile_rows];
    double best = *reference;
    const double cut = std::max(static_cast<double>(tile_max), *reference) - reach;
    for (std::size_t r = 0; r < count; ++r) {
        exact[r] = logits[r];
        if (logits[r] < cut) continue;
        exact[r] = exact_dot(input.rows + (tile_first + r) * input.d, input.exact_queries + state * input.d, input.d) -
                   input.shifts[state];
        best = std::max(best, exact[r]);
    }
    *reference = best;
    double sum = 0, sum_logit = 0;
    float* out = input.logits[state] ? input.logits[state] + input.first + tile_first : nullptr;
    for (std::size_t r = 0; r < rows; ++r) {
        if (r >= count || exact[r] < cut) {
            if (out && r < count) out[r] = logits[r];
            logits[r] = 0;
            continue;
        }
        if (out) out[r] = static_cast<float>(exact[r]);
        const double weight = std::exp(exact[r] - best);
        sum += weight;
        sum_logit += weight * (exact[r] - best);
        logits[r] = static_cast<float>(weight);
    }
    return {static_cast<float>(sum), static_cast<float>(sum_logit)};
}

/// values[k] *= factor for `padded` aligned numbers.
template <class Number>
HWY_INLINE void scale_all(Number* HWY_RESTRICT values, std::size_t padded, Number factor) {
    const hn::ScalableTag<Number> tag;
    for (std::size_t k = 0; k < padded; k += hn::Lanes(tag))
        hn::Store(hn::Mul(hn::Load(tag, values + k), hn::Set(tag, factor)), tag, values + k);
}

/// to[k] += from[k], and from[k] = 0, for `padded` aligned numbers.
HWY_INLINE void move_sums(float* HWY_RESTRICT from, double* HWY_RESTRICT to, std::size_t padded) {
    const hn::ScalableTag<double> wide;
    const hn::Rebind<float, decltype(wide)> narrow;
    for (std::size_t k = 0; k < padded; k += hn::Lanes(wide)) {
        const auto moved = hn::PromoteTo(wide, hn::Load(narrow, from + k));
        hn::Store(hn::Add(hn::Load(wide, to + k), moved), wide, to + k);
        hn::Store(hn::Zero(narrow), narrow, from + k);
    }
}

/// One state's sums while its chunk is walked.
struct Running {
    ChunkSums sums;
    float* recent = nullptr;  ///< (padded) rows since the last flush; null without update
    double* update = nullptr; ///< (padded)

    /// Moves what was summed so far to a larger reference.
    HWY_INLINE void raise_reference(double reference, std::size_t padded) {
        if (reference <= sums.reference) return;
        if (sums.sum > 0) {
            const double step = sums.reference - reference, factor = std::exp(step);
            sums.sum_logit = factor > 0 ? factor * (sums.sum_logit + step * sums.sum) : 0;
            sums.sum *= factor;
            if (update) {
                scale_all(update, padded, factor);
                scale_all(recent, padded, static_cast<float>(factor));
            }
        }
        sums.reference = reference;
    }

    HWY_INLINE void flush(std::size_t padded) {
        if (update) move_sums(recent, update, padded);
    }
};

/// Turns a state's logits of a tile into weights and adds their moments. False: they are too small to matter.
HWY_INLINE bool weigh(const ChunkInput& input, std::size_t state, Running& running, float* HWY_RESTRICT logits,
                      std::size_t first, std::size_t count, std::size_t rows) {
    const float tile_max = largest(logits, count);
    Moments moments;
    if (input.regimes[state] == Regime::refined) {
        double reference = running.sums.reference;
        moments = refined_weights(input, state, first, logits, count, rows, tile_max, &reference);
        running.raise_reference(reference, input.padded);
        running.sums.max_logit = reference;
        if (moments.sum == 0) return false;
    } else {
        if (input.logits[state]) std::copy(logits, logits + count, input.logits[state] + input.first + first);
        running.sums.max_logit = std::max(running.sums.max_logit, static_cast<double>(tile_max));
        if (input.regimes[state] == Regime::linear) {
            moments = linear_weights(logits, count, rows);
        } else {
            running.raise_reference(tile_max, input.padded);
            if (tile_max - running.sums.reference < negligible) return false;
            moments = online_weights(logits, count, rows, static_cast<float>(running.sums.reference));
        }
    }
    running.sums.sum += moments.sum;
    running.sums.sum_logit += moments.sum_logit;
    return running.update != nullptr;
}

/// Adds a tile's weighted rows to some states.
HWY_INLINE void add_rows(const float* tile, std::size_t count, std::size_t pitch, std::size_t padded,
                         std::size_t states, const float* const* weights, float* const* out) {
    switch (states) {
    case 0: return;
    case 1: return update_states<1, 8>(tile, count, pitch, padded, weights, out);
    case 2: return update_states<2, 6>(tile, count, pitch, padded, weights, out);
    case 3: return update_states<3, 4>(tile, count, pitch, padded, weights, out);
    default: break;
    }
    // Columns outside, states inside: a strip of the tile stays in the first-level cache for all of them.
    constexpr std::size_t vectors = 3;
    const std::size_t lanes = hn::Lanes(FloatTag());
    const auto strip = [&]<std::size_t Vectors>(std::size_t column) HWY_ATTR {
        std::size_t s = 0;
        for (; s + 4 <= states; s += 4) update_block<4, Vectors>(tile, count, pitch, weights + s, out + s, column);
        for (; s < states; ++s) update_block<1, Vectors>(tile, count, pitch, weights + s, out + s, column);
    };
    std::size_t column = 0;
    for (; column + vectors * lanes <= padded; column += vectors * lanes) strip.template operator()<vectors>(column);
    for (; column < padded; column += lanes) strip.template operator()<1>(column);
}

/// How far ahead of the row that is read the next lines are asked for.
inline constexpr std::size_t floats_ahead = 256;

HWY_INLINE void fetch_ahead(const float* place) {
    __builtin_prefetch(place + floats_ahead, 0, 2);
}

/// As logit_block for one state and four rows (4, d) as they lie in the bank, read one after the other: the memory
/// serves one stream sooner than four. d is a multiple of 16.
HWY_INLINE void four_logits(const float* HWY_RESTRICT rows, std::size_t d, const float* HWY_RESTRICT mean,
                            const float* HWY_RESTRICT query, float* HWY_RESTRICT logits) {
    const FloatTag tag;
    const std::size_t lanes = hn::Lanes(tag);
    FloatVector sums[4];
    HWY_UNROLL(4)
    for (std::size_t r = 0; r < 4; ++r) {
        const float* HWY_RESTRICT row = rows + r * d;
        auto sum = hn::Zero(tag);
        for (std::size_t line = 0; line < d; line += 16) {
            fetch_ahead(row + line);
            HWY_UNROLL(4)
            for (std::size_t k = line; k < line + 16; k += lanes) {
                const auto centred = hn::Sub(hn::LoadU(tag, row + k), hn::Load(tag, mean + k));
                sum = hn::MulAdd(centred, hn::Load(tag, query + k), sum);
            }
        }
        sums[r] = sum;
    }
    store_four_sums(sums[0], sums[1], sums[2], sums[3], logits);
}

/// out[k] += Σ_r weights[r] (rows[r][k] − mean[k]) for `Columns` vectors of columns. Asks for the rows that come next
/// as it goes, from `next` on.
template <std::size_t Columns>
HWY_INLINE void update_columns(const float* HWY_RESTRICT rows, std::size_t count, std::size_t d,
                               const float* HWY_RESTRICT mean, const float* HWY_RESTRICT weights,
                               float* HWY_RESTRICT out, const float*& next) {
    const FloatTag tag;
    const std::size_t lanes = hn::Lanes(tag);
    FloatVector sums[Columns], centre[Columns];
    HWY_UNROLL(8)
    for (std::size_t c = 0; c < Columns; ++c) {
        sums[c] = hn::Load(tag, out + c * lanes);
        centre[c] = hn::Load(tag, mean + c * lanes);
    }
    for (std::size_t r = 0; r < count; ++r) {
        if (r % 2 == 0) {
            fetch_ahead(next);
            next += 16;
        }
        const auto weight = hn::Set(tag, weights[r]);
        HWY_UNROLL(8)
        for (std::size_t c = 0; c < Columns; ++c) {
            const auto centred = hn::Sub(hn::LoadU(tag, rows + r * d + c * lanes), centre[c]);
            sums[c] = hn::MulAdd(weight, centred, sums[c]);
        }
    }
    HWY_UNROLL(8)
    for (std::size_t c = 0; c < Columns; ++c) hn::Store(sums[c], tag, out + c * lanes);
}

HWY_INLINE void update_in_place(const float* HWY_RESTRICT rows, std::size_t count, std::size_t d,
                                const float* HWY_RESTRICT mean, const float* HWY_RESTRICT weights,
                                float* HWY_RESTRICT out) {
    constexpr std::size_t columns = 6;
    const std::size_t lanes = hn::Lanes(FloatTag());
    const float* next = rows + count * d;
    std::size_t k = 0;
    for (; k + columns * lanes <= d; k += columns * lanes)
        update_columns<columns>(rows + k, count, d, mean + k, weights, out + k, next);
    for (; k < d; k += lanes) update_columns<1>(rows + k, count, d, mean + k, weights, out + k, next);
}

void pass_chunk(const ChunkInput& input, ChunkSums* sums, double* update, float* scratch) {
    const std::size_t padded = input.padded, states = input.states;
    const std::size_t rows = tile_rows_for(padded, states), logit_rows = (rows + 15) / 16 * 16,
                      pitch = tile_pitch(padded);
    float* tile = scratch;
    float* logits = tile + rows * pitch;          // (states, logit_rows)
    float* recent = logits + states * logit_rows; // (states, padded)
    std::vector<Running> running(states);
    std::vector<const float*> weights(states);
    std::vector<float*> out(states);
    for (std::size_t s = 0; s < states; ++s) {
        const double start = -std::numeric_limits<double>::infinity();
        running[s].sums = {input.regimes[s] == Regime::linear ? 0 : start, start, 0, 0};
        if (!input.update[s]) continue;
        running[s].recent = recent + s * padded;
        running[s].update = update + s * padded;
    }
    std::fill(recent, recent + states * padded, 0.0f);
    std::fill(update, update + states * padded, 0.0);

    std::size_t unflushed = 0;
    for (std::size_t first = 0; first < input.count; first += rows) {
        const std::size_t count = std::min(rows, input.count - first);
        const float* const tile_source = input.rows + first * input.d;
        if (states == 1 && padded == input.d && count % 4 == 0) {
            for (std::size_t r = 0; r < count; r += 4)
                four_logits(tile_source + r * input.d, input.d, input.mean, input.queries, logits + r);
            if (weigh(input, 0, running[0], logits, first, count, logit_rows))
                update_in_place(tile_source, count, input.d, input.mean, logits, running[0].recent);
        } else {
            fill_tile(tile_source, count, input.d, input.mean, input.queries, states, padded, tile, pitch, logits,
                      logit_rows);
            std::size_t pending = 0;
            for (std::size_t s = 0; s < states; ++s) {
                float* row = logits + s * logit_rows;
                if (!weigh(input, s, running[s], row, first, count, logit_rows)) continue;
                weights[pending] = row;
                out[pending++] = running[s].recent;
            }
            add_rows(tile, count, pitch, padded, pending, weights.data(), out.data());
        }
        unflushed += count;
        if (unflushed >= flush_rows || first + rows >= input.count) {
            for (Running& state : running) state.flush(padded);
            unflushed = 0;
        }
    }
    for (std::size_t s = 0; s < states; ++s) sums[s] = running[s].sums;
}

} // namespace attnscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnscope::kernels {
HWY_EXPORT(pass_chunk);

void pass_chunk(const ChunkInput& input, ChunkSums* sums, double* update, float* scratch) {
    HWY_DYNAMIC_DISPATCH(pass_chunk)(input, sums, update, scratch);
}

std::size_t chunk_scratch_floats(std::size_t states, std::size_t padded) noexcept {
    return most_tile_rows * (padded + 16) + states * (most_tile_rows + padded);
}
} // namespace attnscope::kernels
#endif
