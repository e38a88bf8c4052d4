// The text that a residual sweep is evaluated on, and what there is to say of a finished one.
#include <attnscope/residual_recipe.h>

#include "files/model_inputs.h"

#include <algorithm>

namespace attnscope {

using residual::Parameters;
using residual::Plan;

std::string joined_paragraphs(std::string_view text) {
    std::string joined;
    bool apart = false; // a blank line since the last that was none
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.find_first_not_of(" \t\v\f") == std::string_view::npos) {
            apart = true;
            continue;
        }
        if (!joined.empty()) joined += apart ? "\n\n" : "\n";
        joined += line;
        apart = false;
    }
    return joined;
}

std::vector<std::int64_t> residual_tokens(const TokenSource& source, const Parameters& parameters,
                                          const LanguageModel& model) {
    const bool leading = parameters.calibration == residual::Calibration::leading;
    const auto blocks = static_cast<std::size_t>(parameters.blocks + (leading ? 0 : parameters.calibration_blocks));
    return first_ids(source, model, blocks * static_cast<std::size_t>(parameters.seq_len), joined_paragraphs);
}

void load_inputs(ResidualJob& job, JobContext& context, std::vector<Warning>& warnings) {
    if (!job.request.model) job.request.model = open_input_model(job.model, context);
    const LanguageModel& model = *job.request.model;
    // Before the text: what the model cannot do needs no reading.
    residual::check_parameters(job.request.parameters, model);
    context.progress(0, 0, "reading the text");
    job.request.ids = residual_tokens(job.tokens, job.request.parameters, model);
    const Plan plan = residual::plan(job.request);
    const Parameters& asked = job.request.parameters;
    const auto counted = [](std::int64_t count) { return std::to_string(count) + (count == 1 ? " block" : " blocks"); };
    if (plan.blocks < asked.blocks)
        warnings.push_back({"fewer-blocks", "the text has " + counted(plan.blocks) + " of " +
                                                std::to_string(asked.seq_len) + " tokens to evaluate, not " +
                                                std::to_string(asked.blocks)});
    if (plan.calibration_blocks < asked.calibration_blocks)
        warnings.push_back({"fewer-calibration-blocks", "the basis is fitted on " + counted(plan.calibration_blocks) +
                                                            ", not " + std::to_string(asked.calibration_blocks)});
    if (plan.leaks)
        warnings.push_back({"calibration-overlap",
                            "the basis is fitted on the first " + counted(plan.calibration_blocks) +
                                " of the text it is evaluated on: the curve is too good by what leaks; --calibration "
                                "heldout fits it on other blocks"});
    if (plan.prefix_on_disk)
        warnings.push_back({"prefix-on-disk",
                            "activations of " + std::to_string(plan.prefix_bytes >> 20) + " MiB pass the budget of " +
                                std::to_string(asked.prefix_budget >> 20) + " MiB: the rest lies in a temporary file"});
    if (asked.ranks.empty() && plan.ranks.back() * 2 <= 32)
        warnings.push_back({"ranks", "the default ranks end at " + std::to_string(plan.ranks.back()) + ": a head has " +
                                         std::to_string(model.config().head_dim) + " dimensions"});
}

std::vector<Warning> residual_warnings(const ResidualJob&, const residual::Result& result) {
    std::vector<Warning> warnings;
    if (!residual::top1_hurts(result.baseline, result.top1))
        warnings.push_back({"top1-harmless", "top-1 does not raise the loss: what a rank recovers is null"});
    const auto still = std::count_if(result.spectrum.begin(), result.spectrum.end(),
                                     [](const residual::HeadSpectrum& spectrum) { return spectrum.r90 < 1; });
    if (still > 0)
        warnings.push_back({"no-variance", std::to_string(still) + " heads have no residual at all on the calibration "
                                                                   "blocks: their spectra are null"});
    return warnings;
}

} // namespace attnscope
