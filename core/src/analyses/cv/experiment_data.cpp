// The data of the CV experiment and the names of what it measures.
#include <attnscope/cv_experiment.h>

#include <algorithm>
#include <utility>

namespace attnscope::cv {
namespace {

enum Stream : std::uint64_t { base_stream = 1, resampled_stream, token_stream, shuffle_stream };

constexpr double resampling_probability = 0.25;

std::size_t below(std::size_t limit, std::uint64_t seed, Stream stream, std::uint64_t counter) {
    return static_cast<std::size_t>(random_uniform(seed, stream, counter) * static_cast<double>(limit));
}

} // namespace

ExperimentData experiment_data(std::uint64_t seed) {
    ExperimentData data;
    const auto length = static_cast<std::size_t>(data.length), vocabulary = static_cast<std::size_t>(data.vocabulary);
    const auto sequences = static_cast<std::size_t>(data.classes * data.sequences_per_class);
    const auto per_class = static_cast<std::size_t>(data.sequences_per_class);
    data.tokens.resize(sequences * length);
    data.labels.resize(sequences);
    for (std::size_t sequence = 0; sequence < sequences; ++sequence) {
        const std::size_t label = sequence / per_class;
        data.labels[sequence] = static_cast<std::int64_t>(label);
        for (std::size_t position = 0; position < length; ++position) {
            const std::size_t place = sequence * length + position;
            const bool anew = random_uniform(seed, resampled_stream, place) < resampling_probability;
            data.tokens[place] =
                static_cast<std::int64_t>(anew ? below(vocabulary, seed, token_stream, place)
                                               : below(vocabulary, seed, base_stream, label * length + position));
        }
    }
    for (std::size_t last = sequences - 1; last > 0; --last) {
        const std::size_t other = below(last + 1, seed, shuffle_stream, last);
        const auto row = [&](std::size_t sequence) {
            return data.tokens.begin() + static_cast<std::ptrdiff_t>(sequence * length);
        };
        if (other != last) std::swap_ranges(row(last), row(last + 1), row(other));
        std::swap(data.labels[last], data.labels[other]);
    }
    return data;
}

std::vector<std::string> experiment_matrices(int heads) {
    std::vector<std::string> names{"emb", "Q_full", "K_full", "V_full"};
    const auto add_heads = [&](std::initializer_list<const char*> kinds) {
        for (const char* const kind : kinds)
            for (int head = 0; head < heads; ++head) names.push_back(kind + std::string("_h") + std::to_string(head));
    };
    add_heads({"Q", "K", "V"});
    names.insert(names.end(), {"out_proj", "cls_head"});
    add_heads({"act_Q", "act_K", "act_V", "act_post"});
    names.insert(names.end(), {"act_emb", "act_post_full"});
    return names;
}

} // namespace attnscope::cv
