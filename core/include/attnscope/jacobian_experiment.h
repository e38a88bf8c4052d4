// Does training need the lateral part of the softmax gradient, and exact gradients at all? A small character model is
// trained live on a text, with other ways to send errors back and other gradients of the softmax.
//
// Vocabulary: a *combination* is a method and a softmax gradient, and a *run* is the training of one; a *window* is
// `block` characters and the one after it, as many predictions as the block is long; a *measurement* is what is
// measured after so many updates: the loss on the rest of the text and the metrics of every head (jacobian.h).
//
// The model (models/char_gpt.h): pre-LayerNorm transformer with learned positions and a GELU feed-forward of four times
// the width. Its vocabulary are the distinct characters of the text, whose first nine tenths are for training.
//
// Everything random is counter-based (random_bits() and its kin) and sums have a fixed order: the same request gives
// the same bits on one machine, whatever the number of threads, interrupted or not. All runs of a seed start from the
// same weights and see the same windows.
#pragma once

#include <attnscope/choices.h>
#include <attnscope/jacobian.h>
#include <attnscope/job.h>
#include <attnscope/none.h>
#include <attnscope/training_state.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope::jacobian {

// ------------------------------------------------------------------ what is varied
/// How errors get from a layer to the one below; gradients of weights are those of the layer itself in every method.
enum class Method {
    back_propagation,   ///< bp: through the weights
    feedback_alignment, ///< fa: a linear layer sends them through a fixed random matrix of its weight's shape and
                        ///< initial scale (Lillicrap et al. 2016)
    sign_symmetric,     ///< sign_sym: through sign(W)·‖W‖/‖sign(W)‖ (Liao et al. 2016)
    direct_feedback ///< dfa: the gradient at each block's output is the error of the output times a fixed random matrix
                    ///< (Nøkland 2016); inside a block, and from the first one into the embeddings, as bp
};
/// The gradient of the scores from g = ∂L/∂A, keys after the query excluded.
enum class SoftmaxGradient {
    full,             ///< A ⊙ (g − Σ A g)
    diagonal,         ///< diag: A ⊙ (1 − A) ⊙ g
    straight_through, ///< ste: g
    surrogate         ///< A ⊙ (g − dO·O), the same number by another way (Dao et al. 2022)
};
constexpr auto choices_of(Method) {
    return std::array{Choice<Method>{Method::back_propagation, "bp"}, Choice<Method>{Method::feedback_alignment, "fa"},
                      Choice<Method>{Method::sign_symmetric, "sign_sym"},
                      Choice<Method>{Method::direct_feedback, "dfa"}};
}
constexpr auto choices_of(SoftmaxGradient) {
    return std::array{Choice<SoftmaxGradient>{SoftmaxGradient::full, "full"},
                      Choice<SoftmaxGradient>{SoftmaxGradient::diagonal, "diag"},
                      Choice<SoftmaxGradient>{SoftmaxGradient::straight_through, "ste"},
                      Choice<SoftmaxGradient>{SoftmaxGradient::surrogate, "surrogate"}};
}
inline constexpr std::array methods{Method::back_propagation, Method::feedback_alignment, Method::sign_symmetric,
                                    Method::direct_feedback};
inline constexpr std::array softmax_gradients{SoftmaxGradient::full, SoftmaxGradient::diagonal,
                                              SoftmaxGradient::straight_through, SoftmaxGradient::surrogate};

struct Combination {
    Method method = Method::back_propagation;
    SoftmaxGradient gradient = SoftmaxGradient::full;
    bool operator==(const Combination&) const = default;
};
std::string combination_name(const Combination& combination); ///< bp/full
/// Every method with every softmax gradient, method by method.
std::vector<Combination> all_combinations();

// ------------------------------------------------------------------ the text
/// A text as a character model reads it.
struct ExperimentText {
    std::string name; ///< of its file
    std::string sha256;
    std::vector<std::int32_t> ids;    ///< a number a character
    std::vector<char32_t> vocabulary; ///< the distinct characters by code point; a character's number is its place

    std::size_t training() const noexcept { return ids.size() * 9 / 10; } ///< leading characters that are trained on
};
using ExperimentTextPtr = std::shared_ptr<const ExperimentText>;
/// Throws Error{input} naming the subject: no UTF-8 (the byte named), fewer than two or more than
/// most_experiment_characters distinct characters. `between` is called after every few megabytes, and may throw to end
/// it.
ExperimentTextPtr experiment_text(std::string_view bytes, std::string name, const std::function<void()>& between = {});
/// The same from a file of at most 256 MiB.
ExperimentTextPtr open_experiment_text(const std::filesystem::path& path, const std::function<void()>& between = {});
/// Throws Error{input}: nine tenths of the text do not hold a window of `block` characters and the one after it.
void check_experiment_text(const ExperimentText& text, int block);
inline constexpr std::size_t most_experiment_characters = 16384;

// ------------------------------------------------------------------ the model
struct CharGptShape {
    int layers = 4, heads = 4, width = 128, block = 64;
    int head_dim() const noexcept { return heads > 0 ? width / heads : 0; }
    bool operator==(const CharGptShape&) const = default;
};
/// One parameter. Weights of linear layers are (outputs, inputs).
struct CharGptPart {
    std::string name; ///< as the Hugging Face library calls it: transformer.h.0.attn.c_attn.weight
    std::vector<std::int64_t> sizes;
    std::int64_t offset = 0; ///< in the flat parameters; every part begins at a multiple of 16
    enum class Kind { embedding, position, weight, bias, norm_weight, norm_bias } kind = Kind::weight;
    std::int64_t size() const noexcept;
};
/// In the order of the flat parameters: token embedding, positions, of every layer ln_1, attn.c_attn, attn.c_proj,
/// ln_2, mlp.c_fc, mlp.c_proj (weight, then bias), the last norm, the head.
std::vector<CharGptPart> char_gpt_parts(const CharGptShape& shape, std::size_t vocabulary);
/// Numbers in the flat parameters, gaps included.
std::int64_t char_gpt_size(const std::vector<CharGptPart>& parts) noexcept;

// ------------------------------------------------------------------ what comes out
/// Taken after `step` updates.
struct ExperimentMeasurement {
    int step = 0;
    double loss = none;             ///< mean over the measured windows of the training part, nats; NaN: not finite
    double val_loss = none;         ///< mean over windows spread evenly over the rest of the text; NaN: not finite
    std::vector<HeadMetrics> heads; ///< layer after layer

    double mean(Metric metric) const noexcept; ///< over the heads that have one; NaN without any
    std::size_t undefined() const noexcept;    ///< sequences without cosines, summed over heads
};
using ExperimentMeasurementPtr = std::shared_ptr<const ExperimentMeasurement>;

struct TrainingRun {
    using State = TrainingStage;
    State state = State::waiting;
    Combination combination;
    int steps = 0;
    std::vector<double> loss;                           ///< [s] of the windows of step s before its update, nats
    std::vector<ExperimentMeasurementPtr> measurements; ///< by step
    int diverged_at = -1; ///< the step whose loss was not finite; it is left out, and training ended there
    /// What training goes on from: of the last measurement, or of the last update where the run was interrupted. Of a
    /// run that is over the parameters alone.
    std::shared_ptr<const TrainingState> training;

    bool over() const noexcept { return is_over(state); }
    /// The newest measurement at or before a step; null before the first.
    const ExperimentMeasurement* measured_at(int step) const noexcept;
    const ExperimentMeasurement* last() const noexcept {
        return measurements.empty() ? nullptr : measurements.back().get();
    }
};
using TrainingRunPtr = std::shared_ptr<const TrainingRun>;

struct Experiment {
    std::vector<TrainingRunPtr> runs; ///< in the order of the request
    double seconds = 0;               ///< of training
    std::size_t finished() const;     ///< runs that are over
    const TrainingRun* find(const Combination& combination) const;
};
using ExperimentPtr = std::shared_ptr<const Experiment>;

struct ExperimentRequest {
    ExperimentTextPtr text;
    std::vector<Combination> combinations{Combination{}}; ///< each once
    CharGptShape shape;
    int batch = 32; ///< windows of a step
    int steps = 500;
    int every = 25;  ///< measured before the first update, after every so many and after the last; 0: ends alone
    int blocks = 32; ///< windows of the training part that metrics are measured on
    double learning_rate = 1e-3; ///< of AdamW, β .9 and .999, ε 1e-8, weight decay .01
    std::uint64_t seed = 1337;   ///< of weights, feedback and windows
    /// What an interrupted run of an equal request left. Not part of the comparison, as it changes no number.
    ExperimentPtr from;
    bool operator==(const ExperimentRequest& other) const;
};
inline constexpr int most_training_steps = 100'000, most_training_windows = 4096, most_shape_width = 1024,
                     most_shape_layers = 32, most_shape_block = 1024;
/// All but the text. Throws Error{usage} naming the parameter.
void check_experiment_parameters(const ExperimentRequest& request);
/// Throws Error{usage} naming the parameter, or Error{input} as check_experiment_text().
void check_experiment(const ExperimentRequest& request);

/// Trains all runs side by side, a step of each in turn and the windows of a step on all threads, and publishes an
/// Experiment snapshot after every step and when it is cancelled. A loss that is not finite ends its run and keeps what
/// it had. Memory: eight times the parameters beside four times a run, and the activations of an eighth of the windows
/// a thread; the default model has about 0.8 million parameters. Throws as check_experiment().
Experiment compute_experiment(const ExperimentRequest& request, JobContext& context);

/// Writes the model as a folder of the Hugging Face library: config.json (GPT-2 with a head of its own),
/// model.safetensors, and tokenizer.json, in which every character is a token. The folder is made where there is none.
/// Throws Error{usage} where the run has no parameters yet, Error{resource} where it cannot be written.
void export_char_gpt(const ExperimentRequest& request, const TrainingRun& run, const std::filesystem::path& folder);

} // namespace attnscope::jacobian
