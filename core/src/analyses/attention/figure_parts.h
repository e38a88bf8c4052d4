// What the pictures of the attention workspace have in common: their wording, token labels and outlines.
#pragma once

#include "drawing/figure_text.h"

#include <attnscope/attention_figures.h>

#include <array>
#include <string>
#include <string_view>

namespace attnscope::attention {

/// A figure with id, title and a subtitle naming the model, and head and gain where they play a part.
Figure start_figure(const View& view, std::string_view panel, bool with_head = true);
/// "gain 2", "gain ∞ (top-1)"; "gain 1 (the model)". Said where it is of every layer.
std::string gain_text(double gain, bool every_layer);
/// "layer 3, head 5"
std::string head_text(const View& view);

/// A token's text without its outer spaces, line breaks and lone spaces as signs, cut to what an axis has room for.
std::string short_token(std::string_view text);
/// Axis of token positions begin … end − 1: labelled with the tokens where that many fit.
Axis token_axis(const View& view, const char* label, std::int64_t begin, std::int64_t end);

/// Outlines a rectangle so that it stands out on any colour.
void add_outline(Axes& axes, double left, double right, double low, double high);
/// The selected thing on a curve; nothing for NaN.
void add_cursor(Axes& axes, double x, double y);
/// A line of text in the middle of empty axes.
void add_note(Axes& axes, const std::string& text);

} // namespace attnscope::attention
