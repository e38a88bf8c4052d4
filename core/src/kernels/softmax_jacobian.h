// The softmax Jacobian of rows of attention, summed: everything the metrics of a head are made of, in one sweep over A
// and g. A row is read twice while it is in the first-level cache, for Σ A g and for what needs it; products and sums
// are in float64, because g − Σ A g cancels where a row's gradients are nearly equal.
#pragma once

#include <attnscope/jacobian.h>

#include <cstddef>
#include <span>

namespace attnscope::kernels {

/// Some query rows of one head and sequence.
struct JacobianRows {
    const float* probabilities = nullptr; ///< (rows, keys), row r begins at probabilities + r·stride
    const float* gradients = nullptr;     ///< the same
    std::size_t rows = 0, keys = 0, stride = 0;
    std::size_t first_row = 0; ///< place of row 0; query t sees keys 0 … t
    bool causal = true;        ///< probabilities after a query are 0 and are not read
};

/// Sums over rows and keys.
struct JacobianSums {
    double rows = 0;
    double positive = 0;         ///< entries with A > 0
    double mass = 0;             ///< Σ A
    double future_mass = 0;      ///< Σ A over keys after the query
    double entropy = 0;          ///< −Σ A ln A, nats
    double full = 0;             ///< ‖full‖²
    double diagonal = 0;         ///< ‖diagonal‖²
    double lateral = 0;          ///< ‖lateral‖²
    double cross = 0;            ///< ⟨diagonal, lateral⟩
    double straight = 0;         ///< ⟨g, full⟩
    double visible_straight = 0; ///< the same over keys that are not after the query
    double gradient = 0;         ///< ‖g‖²
    double visible_gradient = 0; ///< ‖g‖² over keys that are not after the query

    JacobianSums& operator+=(const JacobianSums& other) noexcept {
        rows += other.rows;
        positive += other.positive;
        mass += other.mass;
        future_mass += other.future_mass;
        entropy += other.entropy;
        full += other.full;
        diagonal += other.diagonal;
        lateral += other.lateral;
        cross += other.cross;
        straight += other.straight;
        visible_straight += other.visible_straight;
        gradient += other.gradient;
        visible_gradient += other.visible_gradient;
        return *this;
    }
};

JacobianSums softmax_jacobian(const JacobianRows& rows);
/// The same by plain loops, for tests.
JacobianSums softmax_jacobian_reference(const JacobianRows& rows);

/// Rows of a map whose sums belong to one task; numbers are those of whole maps summed in such blocks, in order,
/// however many threads there are.
std::size_t jacobian_block_rows(std::size_t keys) noexcept;

/// Sums over the map of one sequence and head, (length, length).
JacobianSums softmax_jacobian_map(const float* probabilities, const float* gradients, std::size_t length, bool causal);

/// A cosine is divided by this at least, as PyTorch's cosine_similarity() is.
inline constexpr double cosine_floor = 1e-8;

/// What the metrics of one head are made of: add the sums of its sequences, one after the other.
class HeadTotals {
public:
    /// The sums over the whole map of one sequence.
    void add(const JacobianSums& sequence);
    double future_mass() const noexcept { return total_.future_mass; }
    jacobian::HeadMetrics metrics(int layer, int head) const;

private:
    /// Mean over the sequences that have one.
    struct MeanCosine {
        double sum = 0;
        std::size_t count = 0, floored = 0;
        void add(double inner, double first_squared, double second_squared);
        double value() const;
    };
    JacobianSums total_;
    std::size_t sequences_ = 0;
    MeanCosine diagonal_, straight_, visible_straight_;
};

/// Metrics of one head from the sums over each of its sequences.
jacobian::HeadMetrics head_metrics(int layer, int head, std::span<const JacobianSums> sequences);

} // namespace attnscope::kernels
