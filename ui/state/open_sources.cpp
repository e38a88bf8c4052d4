#include "state/open_sources.h"

#include <algorithm>

namespace attnscope::ui {

bool OpenSources::follow(const AppState& state) {
    before_.swap(open_);
    open_.clear();
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
    }
    std::ranges::sort(open_);
    return !std::ranges::includes(open_, before_);
}

bool OpenSources::has(const void* held) const {
    return std::ranges::binary_search(open_, held);
}

} // namespace attnscope::ui
