// The tiny transformer of the CV experiment: one layer of multi-head self-attention that sorts short sequences into
// classes, and its training.
//
//   h = embedding[token] + position[t]                                     N(0, 1), N(0, .02²)
//   a = output(attention(in(h)))            packed in-projection Xavier-uniform, output U(±1/√D), biases zero
//   f = LayerNorm(h + a)
//   class logits = head(mean over positions of f)                          weight and bias U(±1/√D)
//
// It is trained on all sequences at once: Adam (β .9, .999, ε 1e-8) on the mean cross-entropy, gradients by LibTorch's
// autograd. A pass goes through the sequences in blocks whose size depends on the width alone and runs on the calling
// thread alone, so that numbers do not depend on how many threads there are.
#pragma once

#include <attnscope/cv_experiment.h>
#include <attnscope/job.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace attnscope::models {

/// A named matrix of the model, or of what it computes.
struct NamedMatrix {
    std::string name;
    std::int64_t rows = 0, columns = 0;
    std::vector<float> values; ///< (rows, columns)
};

class TinyMha {
public:
    struct Shape {
        int dim = 64, heads = 1;            ///< heads divides dim
        std::int64_t activation_rows = 512; ///< kept of every activation, from the first sequence on
    };
    /// Keeps a reference to `data`. Initial values depend on the seed, the width and the weight alone, so that models
    /// that differ in their heads start from the same weights.
    TinyMha(const cv::ExperimentData& data, const Shape& shape, std::uint64_t seed);
    ~TinyMha();
    TinyMha(const TinyMha&) = delete;
    TinyMha& operator=(const TinyMha&) = delete;

    struct Evaluation {
        double loss = 0;     ///< mean cross-entropy, nats
        double accuracy = 0; ///< share of the training sequences whose class has the largest logit
    };
    enum class Gradients { none, wanted };
    /// A pass over all sequences. A checkpoint after each block of them.
    Evaluation evaluate(Gradients gradients, const JobContext& context);
    /// One step of Adam along the gradients of the last evaluation.
    void update(double learning_rate);

    int updates() const noexcept { return updates_; }
    cv::TrainingState state() const;
    /// The reverse. Throws Error{input} for the state of another model.
    void restore(const cv::TrainingState& state);

    /// Every matrix that is measured, in the order of cv::experiment_matrices(); activations are those of the last
    /// evaluation.
    std::vector<NamedMatrix> matrices() const;

private:
    struct Tensors;

    const cv::ExperimentData& data_;
    Shape shape_;
    int updates_ = 0;
    std::unique_ptr<Tensors> tensors_;
};

} // namespace attnscope::models
