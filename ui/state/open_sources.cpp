#include "state/open_sources.h"

#include <algorithm>

namespace attnscope::ui {

void TextOrigin::follow(const AppState& state) {
    const Source* const source = state.find(state.view.selection.prompt);
    set = source ? source->texts : nullptr;
    if (!source || set)
        prompt.reset();
    else if (!prompt || *prompt != source->prompt)
        prompt = std::make_shared<const std::string>(source->prompt);
}

const std::string& TextOrigin::text(int which) const {
    static const std::string none;
    return set ? text_of(*set, which) : prompt ? *prompt : none;
}

bool TextOrigin::closed(const AppState& state) const {
    return (set || prompt) && std::ranges::none_of(state.sources, [this](const Source& source) {
               if (source.kind != SourceKind::prompt && source.kind != SourceKind::texts) return false;
               return source.texts == set && (set || source.prompt == *prompt);
           });
}

bool TextOrigin::operator==(const TextOrigin& other) const {
    return set == other.set && (prompt == other.prompt || (prompt && other.prompt && *prompt == *other.prompt));
}

bool OpenSources::follow(const AppState& state) {
    before_.swap(open_);
    open_.clear();
    rows_before_.swap(rows_);
    rows_.clear();
    const auto add = [this](const void* held) {
        if (held) open_.push_back(held);
    };
    for (const Source& source : state.sources) {
        add(source.bank.get());
        add(source.encoder.get());
        add(source.queries.get());
        add(source.model.get());
        add(source.captures.get());
        add(source.grams.get());
        add(source.texts.get());
        rows_.push_back(source.id);
    }
    std::ranges::sort(open_);
    std::ranges::sort(rows_);
    // A prompt holds nothing but its text: its row says whether it is open.
    return !std::ranges::includes(open_, before_) || !std::ranges::includes(rows_, rows_before_);
}

bool OpenSources::has(const void* held) const {
    return std::ranges::binary_search(open_, held);
}

} // namespace attnscope::ui
