// The CV relation on a tiny trained transformer: how the simplex volumes of its matrices spread before, while and after
// it learns.
//
// Vocabulary: a *configuration* is a model of one width (`dim`) and number of heads; an *epoch* is one pass over all
// sequences and one update; a *measurement* is the CV of every matrix after so many updates, taken at 0 (`pre`), half
// (`mid`) and all (`post`) of them, and at others when asked.
//
// The data: 10 classes × 50 sequences of 8 tokens of a vocabulary of 256. Each class has one base pattern of 8 uniform
// tokens; each position of each of its sequences is drawn anew, uniformly, with probability ¼; then all sequences are
// shuffled. The model is models/tiny_mha.h, trained full-batch by Adam.
//
// Everything random is counter-based (random_bits() and its kin) and each configuration is trained by one thread: the
// same request gives the same bits on one machine, whatever the number of threads, interrupted or not.
#pragma once

#include <attnscope/cv.h>
#include <attnscope/job.h>
#include <attnscope/training_state.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::cv {

struct ExperimentData {
    std::int64_t classes = 10, sequences_per_class = 50, length = 8, vocabulary = 256;
    std::vector<std::int64_t> tokens; ///< (sequences, length)
    std::vector<std::int64_t> labels; ///< (sequences) the class of each
};
/// Streams of random numbers of the seed: 1 base patterns (counter class · length + position), 2 whether a position is
/// drawn anew and 3 its token (counter (class · 50 + sequence) · length + position), 4 the shuffle (Fisher–Yates from
/// the back, counter = the place that is filled).
ExperimentData experiment_data(std::uint64_t seed);

/// Names of what is measured in a configuration, in the order of the results: emb, Q_full, K_full, V_full, Q_h0 …, K_h0
/// …, V_h0 …, out_proj, cls_head, act_Q_h0 …, act_K_h0 …, act_V_h0 …, act_post_h0 …, act_emb, act_post_full. Weights
/// are taken by rows (Q_full is D × D, Q_h0 its first D/heads rows, in R^D); rows of activations are the positions of
/// the sequences in order; act_emb is embedding + position, act_post slices of the features after the norm.
std::vector<std::string> experiment_matrices(int heads);

// ------------------------------------------------------------------ what comes out
/// The CV of every matrix after so many updates, in the order of experiment_matrices(). Before, at half and after with
/// all that is said of a matrix, at other epochs without intervals, participation ratio and histogram.
struct ExperimentMeasurement {
    int epoch = 0; ///< number of updates before it
    std::vector<Matrix> matrices;
};
using ExperimentMeasurementPtr = std::shared_ptr<const ExperimentMeasurement>;

using attnscope::TrainingState;

struct ExperimentConfig {
    using State = TrainingStage;
    State state = State::waiting;
    int dim = 0, heads = 0, epochs = 0;
    int head_dim() const noexcept { return heads > 0 ? dim / heads : 0; }
    std::vector<double> loss;     ///< [e] mean cross-entropy before update e, nats
    std::vector<double> accuracy; ///< [e] training accuracy after update e; one shorter than the loss on the way
    std::vector<ExperimentMeasurementPtr> measurements; ///< by epoch
    int diverged_at = -1; ///< the epoch whose loss was not finite; it is left out, and training ended there
    std::shared_ptr<const TrainingState> training; ///< while it runs

    /// Null when there is none at that epoch (yet).
    const ExperimentMeasurement* measured_at(int epoch) const;
    const ExperimentMeasurement* pre() const { return measured_at(0); }
    const ExperimentMeasurement* mid() const { return measured_at(epochs / 2); }
    const ExperimentMeasurement* post() const { return measured_at(epochs); }
    bool over() const noexcept { return is_over(state); }
};
using ExperimentConfigPtr = std::shared_ptr<const ExperimentConfig>;

struct Experiment {
    std::vector<ExperimentConfigPtr> configs; ///< width by width, within it by number of heads
    double seconds = 0;                       ///< of this run
    std::size_t finished() const;             ///< configurations that are over
};
using ExperimentPtr = std::shared_ptr<const Experiment>;

struct ExperimentRequest {
    std::vector<int> dims{64, 128, 256}, heads{1, 2, 4, 8}; ///< every head count divides every width
    int epochs = 50;
    int every = 0; ///< also measured after every so many updates; 0: before, at half and after alone
    double learning_rate = 1e-3;
    Parameters parameters;   ///< of every measurement
    std::uint64_t seed = 42; ///< of data, weights and simplices
    /// What an interrupted run of an equal request left: its finished configurations are taken over and its running
    /// ones go on from their last update. Not part of the comparison, as it changes no number.
    ExperimentPtr from;
    bool operator==(const ExperimentRequest& other) const;
};
/// Throws Error{usage} naming the parameter: no or too many configurations, widths beyond most_experiment_dim, heads
/// that do not divide a width, epochs or learning rate out of range, or as check_parameters().
void check_experiment(const ExperimentRequest& request);
inline constexpr int most_experiment_dim = 2048, most_experiment_epochs = 10000;
inline constexpr std::size_t most_experiment_configs = 256;

/// Trains every configuration, as many side by side as there are threads, and publishes an Experiment snapshot after
/// every update of any of them. A loss that is not finite ends its configuration and keeps what it had. Throws
/// Error{usage} as check_experiment().
Experiment compute_experiment(const ExperimentRequest& request, JobContext& context);

} // namespace attnscope::cv
