// Results and recipes of the CV experiment: an interrupted command takes them up, a window opens them.
#include <attnscope/cv_experiment_recipe.h>

#include "fuzz/support/read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace attnscope;
    const std::string text(reinterpret_cast<const char*>(data), size);
    fuzz::expect_error_or_result([&] {
        cv::Experiment experiment;
        experiment.configs = read_cv_experiment(text, "result");
        cv_experiment_json(experiment);
        cv_experiment_csv(experiment);
        cv_experiment_text(experiment);
    });
    return fuzz::expect_error_or_result([&] {
        Recipe recipe;
        recipe.analysis = "cv";
        recipe.params = text;
        cv_experiment_job(recipe);
    });
}
