// An unfinished experiment in a file: curves as JSON in the metadata, parameters and moments as tensors.
#include <attnscope/jacobian_experiment_recipe.h>
#include <attnscope/tensor_file.h>

#include "base/build_id.h"
#include "base/input_error.h"
#include "files/sha256.h"

#include <charconv>
#include <span>

namespace attnscope {
namespace {

constexpr const char* recipe_key = "recipe";
constexpr const char* result_key = "result";
constexpr const char* version_key = "version";
constexpr const char* arithmetic_name = "arithmetic";
constexpr const char* checksum_key = "sha256";

struct Moment {
    const char* name;
    std::vector<float> TrainingState::*values;
};
constexpr Moment moments[] = {{"parameters", &TrainingState::parameters},
                              {"first_moments", &TrainingState::first_moments},
                              {"second_moments", &TrainingState::second_moments}};

std::string updates_key(const std::string& run) {
    return run + ".updates";
}

/// One of the run's tensors; empty where there is none.
std::vector<float> read_flat(const TensorFile& file, const std::string& name) {
    const TensorInfo* const info = file.find(name);
    if (!info) return {};
    const FloatTensor tensor = file.read(*info);
    return {tensor.values.begin(), tensor.values.end()};
}

std::shared_ptr<const TrainingState> read_state(const TensorFile& file, const std::string& run) {
    const auto updates = file.metadata().find(updates_key(run));
    if (updates == file.metadata().end()) return nullptr;
    auto state = std::make_shared<TrainingState>();
    const std::string& text = updates->second;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), state->updates);
    if (failure != std::errc{} || end != text.data() + text.size() || state->updates < 0)
        input_error(file.path().filename().string(), "a number of updates", excerpt(text), updates->first);
    for (const Moment& moment : moments) (*state).*moment.values = read_flat(file, run + "." + moment.name);
    return state;
}

/// Of the curves and of the bits of every number of the states.
std::string checkpoint_checksum(const std::string& result, const jacobian::Experiment& experiment) {
    Sha256 hash;
    hash.add(std::as_bytes(std::span(result)));
    for (const jacobian::TrainingRunPtr& run : experiment.runs) {
        if (!run->training) continue;
        hash.add(std::as_bytes(std::span(&run->training->updates, 1)));
        for (const Moment& moment : moments) hash.add(std::as_bytes(std::span((*run->training).*moment.values)));
    }
    return hash.hex();
}

} // namespace

void write_jacobian_checkpoint(const std::filesystem::path& path, const Recipe& recipe,
                               const jacobian::Experiment& experiment) {
    std::map<std::string, std::string> metadata{{recipe_key, recipe.json()},
                                                {result_key, jacobian_experiment_json(experiment)},
                                                {version_key, ATTNSCOPE_VERSION},
                                                {arithmetic_name, arithmetic_key()}};
    metadata[checksum_key] = checkpoint_checksum(metadata[result_key], experiment);
    std::vector<TensorToWrite> tensors;
    for (const jacobian::TrainingRunPtr& run : experiment.runs) {
        if (!run->training) continue;
        const std::string name = jacobian::combination_name(run->combination);
        metadata[updates_key(name)] = std::to_string(run->training->updates);
        for (const Moment& moment : moments)
            if (const std::vector<float>& values = (*run->training).*moment.values; !values.empty())
                tensors.push_back({name + "." + moment.name,
                                   DType::f32,
                                   {static_cast<std::int64_t>(values.size())},
                                   std::as_bytes(std::span(values))});
    }
    write_safetensors(path, tensors, metadata);
}

jacobian::ExperimentPtr read_jacobian_checkpoint(const std::filesystem::path& path, const Recipe& recipe) {
    const auto file = open_tensor_file(path);
    const auto is = [&](const char* key, const std::string& expected) {
        const auto found = file->metadata().find(key);
        return found != file->metadata().end() && found->second == expected;
    };
    const auto result = file->metadata().find(result_key);
    if (!is(recipe_key, recipe.json()) || !is(version_key, ATTNSCOPE_VERSION) ||
        !is(arithmetic_name, arithmetic_key()) || result == file->metadata().end())
        return nullptr;
    jacobian::Experiment experiment = read_jacobian_experiment(result->second, path.filename().string());
    for (jacobian::TrainingRunPtr& run : experiment.runs) {
        jacobian::TrainingRun with_state = *run;
        with_state.training = read_state(*file, jacobian::combination_name(run->combination));
        run = std::make_shared<const jacobian::TrainingRun>(std::move(with_state));
    }
    if (!is(checksum_key, checkpoint_checksum(result->second, experiment)))
        input_error(path.filename().string(), "the checksum of its contents", "another");
    return std::make_shared<const jacobian::Experiment>(std::move(experiment));
}

} // namespace attnscope
