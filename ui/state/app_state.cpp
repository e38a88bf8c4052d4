#include "state/app_state.h"

#include <algorithm>

namespace attnscope::ui {

const char* source_kind_name(SourceKind kind) noexcept {
    switch (kind) {
    case SourceKind::bank: return "bank";
    case SourceKind::encoder: return "encoder";
    case SourceKind::model: return "model";
    case SourceKind::prompt: return "prompt";
    case SourceKind::queries: return "queries";
    case SourceKind::result: return "result";
    }
    return "";
}

const char* workspace_name(Workspace workspace) noexcept {
    switch (workspace) {
    case Workspace::retrieval: return "Retrieval";
    }
    return "";
}

const Source* AppState::find(SourceId id) const {
    const auto found = std::find_if(sources.begin(), sources.end(), [id](const Source& s) { return s.id == id; });
    return id == 0 || found == sources.end() ? nullptr : &*found;
}

Source* AppState::find(SourceId id) { return const_cast<Source*>(std::as_const(*this).find(id)); }

std::shared_ptr<const Bank> AppState::bank() const {
    const Source* source = bank_source();
    return source ? source->bank : nullptr;
}

std::shared_ptr<const TextEncoder> AppState::encoder() const {
    const Source* source = find(view.selection.encoder);
    return source ? source->encoder : nullptr;
}

void AppState::notify(std::string text, bool is_error) {
    constexpr std::size_t kept = 20;
    // The same complaint every frame is one complaint.
    if (!notices.empty() && notices.back().text == text) {
        notices.back().since = seconds;
        return;
    }
    notices.push_back({std::move(text), is_error, seconds});
    if (notices.size() > kept) notices.erase(notices.begin());
}

}  // namespace attnscope::ui
