// Results and recipes of the softmax-gradient experiment, and texts to train on.
#include <attnscope/jacobian_experiment_recipe.h>

#include "fuzz/support/read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace attnscope;
    const std::string text(reinterpret_cast<const char*>(data), size);
    fuzz::expect_error_or_result([&] {
        const jacobian::Experiment experiment = read_jacobian_experiment(text, "result");
        jacobian_experiment_json(experiment);
        jacobian_experiment_csv(experiment);
        jacobian_experiment_text(experiment);
        jacobian_experiment_npz(experiment);
    });
    fuzz::expect_error_or_result(
        [&] { jacobian::check_experiment_text(*jacobian::experiment_text(text, "text"), 64); });
    return fuzz::expect_error_or_result([&] {
        Recipe recipe;
        recipe.analysis = "jacobian";
        recipe.params = text;
        jacobian_experiment_job(recipe, {});
    });
}
