// The slots of the attention workspace, shared by its panels. A panel that is visible asks each frame for what it
// shows; what nobody asks for is not computed.
//
// Everything of one head is computed from the queries and keys of its layer, captured once: turning the gain of the
// head, moving the query or zooming into the map costs no forward pass.
#pragma once

#include "state/app_state.h"
#include "state/asked.h"
#include "state/open_sources.h"

#include <attnscope/attention.h>
#include <attnscope/attention_figures.h>
#include <attnscope/slot.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::ui {

/// A text as the model reads it.
struct ReadText {
    std::string text; ///< with what the chat template sets around it
    std::vector<Token> tokens;
    attention::Ids ids;
    std::vector<std::string> labels; ///< of the tokens
    std::size_t vocabulary = 0;      ///< of the tokenizer; 0 without one
    TextOrigin origin;
};
using ReadTextPtr = std::shared_ptr<const ReadText>;

/// A result together with the view that it answers: while a newer one is computed the two stay together.
template <class Result>
struct Answered : Asked<Result> {
    attention::View view; ///< without the tokens: they may be many
    ReadTextPtr read;
    attention::View view_with_tokens() const {
        attention::View whole = view;
        if (read) whole.tokens = read->labels;
        return whole;
    }
};

/// "2.5", or "∞".
std::string readable_gain(double gain);

class AttentionSlots {
public:
    explicit AttentionSlots(JobSystem& jobs);
    ~AttentionSlots();

    /// Fixes what the other members answer for; once a frame before panels are drawn.
    void begin_frame(const AppState& state);

    // The selection as far as the model and the text have it.
    ModelPtr model() const;
    int layer() const;
    int head() const;
    std::int64_t token() const; ///< the query; −1 without a text
    double gain() const;        ///< infinity for top-1
    bool every_layer() const;   ///< the gain turns every layer, and differs from 1

    /// The tokens of the chosen text. Null while it is read for the first time.
    ReadTextPtr read() const;
    std::optional<Error> read_error() const;
    bool read_cancelled() const;

    Answered<attention::Result> overview();
    Answered<attention::Capture> capture();
    Answered<attention::Rows> rows();
    Answered<attention::Row> row();
    /// The whole map, reduced where the text is long.
    Answered<attention::Map> map();
    /// A part of a long map in all its detail.
    Answered<attention::Map> map_detail(const attention::MapRegion& tile);
    /// Always of the head alone, from the unscaled forward pass.
    Answered<attention::GainCurves> gain_curves();

    bool settled() const;
    double forward_seconds() const; ///< of the newest map of heads; 0 before the first
    double head_seconds() const;    ///< of the newest row of the head

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace attnscope::ui
