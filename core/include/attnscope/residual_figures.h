// The pictures of the low-rank workspace as Figures, made from results; shared by the window and the command line.
#pragma once

#include <attnscope/figure.h>
#include <attnscope/residual.h>

#include <string>
#include <string_view>
#include <vector>

namespace attnscope::residual {

/// What is selected when a figure is drawn.
struct View {
    std::string model_name;
    Parameters parameters;
    std::vector<std::string> tokens; ///< texts of the evaluated ids; none without a tokenizer
    int layer = 0, head = 0;
    int rank = 0;           ///< the cursor
    std::int64_t block = 0; ///< whose text is shown
    bool operator==(const View&) const = default;
};

/// The point of the curve at the cursor, or the nearest rank there is; null without any.
const CurvePoint* selected_point(const View& view, const Result& result);
/// The spectrum of the selected head; null where it was not computed.
const HeadSpectrum* selected_spectrum(const View& view, const std::vector<HeadSpectrum>& spectra);
/// What the cursor's rank costs token by token of a block: (seq_len), NaN for its first token, which nothing predicts.
/// Empty before there is a point.
std::vector<float> token_costs(const View& view, const Result& result);

/// Panel ids in the order of the View menu, each with one function below: residual.curve map variance text spectrum.
const std::vector<std::string>& panel_ids();
const char* panel_title(std::string_view panel_id);

Figure curve_figure(const View& view, const Result& result); ///< ΔPPL and what is recovered, against rank
/// r90 of every head, the replaced ones of `plan` outlined; ids of layers and heads are those of the model.
Figure map_figure(const View& view, int layers, int heads, const std::vector<HeadSpectrum>& spectra, const Plan* plan);
Figure variance_figure(const View& view, const std::vector<HeadSpectrum>& spectra); ///< cumulative, the layer's heads
Figure spectrum_figure(const View& view, const std::vector<HeadSpectrum>& spectra); ///< variance by direction
Figure text_figure(const View& view, const Result& result);                         ///< what each token of a block pays

} // namespace attnscope::residual
