// Recipes and results come out of files from strangers: a recipe is read, made into a job, and compared with itself.
#include <attnscope/alignment_recipe.h>
#include <attnscope/attention_recipe.h>
#include <attnscope/cv_recipe.h>
#include <attnscope/jacobian_recipe.h>
#include <attnscope/model_recipe.h>
#include <attnscope/recipe.h>
#include <attnscope/residual_recipe.h>

#include <attnscope/figure.h>

#include "fuzz/support/read_all.h"

#include <sys/mman.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace attnscope;
    const std::string text(reinterpret_cast<const char*>(data), size);
    fuzz::expect_error_or_result([&] { compare_results(text, text); });
    // The same bytes as a figure or a result that may have a recipe in it.
    static const int file = memfd_create("input", 0);
    if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
    fuzz::expect_error_or_result([&] { Recipe::parse(read_recipe("/proc/self/fd/" + std::to_string(file))); });
    return fuzz::expect_error_or_result([&] {
        const Recipe recipe = Recipe::parse(text);
        Recipe::parse(recipe.json());
        if (recipe.analysis == "logits")
            logits_job(recipe, {});
        else if (recipe.analysis == "attention")
            attention_job(recipe, {});
        else if (recipe.analysis == "cv")
            cv_job(recipe, {});
        else if (recipe.analysis == "align")
            alignment_job(recipe, {});
        else if (recipe.analysis == "residual")
            residual_job(recipe, {});
        else if (recipe.analysis == "jacobian")
            jacobian_job(recipe, {});
        else
            retrieval_job(recipe, {});
    });
}
