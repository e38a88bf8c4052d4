#include "state/app_state.h"

#include <algorithm>

namespace attnscope::ui {

const char* source_kind_name(SourceKind kind) noexcept {
    switch (kind) {
    case SourceKind::bank: return "bank";
    case SourceKind::encoder: return "encoder";
    case SourceKind::model: return "model";
    case SourceKind::prompt: return "prompt";
    case SourceKind::texts: return "texts";
    case SourceKind::queries: return "queries";
    case SourceKind::capture: return "capture";
    case SourceKind::result: return "result";
    case SourceKind::grams: return "file of grams";
    }
    return "";
}

residual::Parameters brief_sweep() {
    residual::Parameters parameters;
    parameters.seq_len = 128;
    parameters.blocks = 8;
    return parameters;
}

namespace {

struct NamedTimeline {
    Timeline timeline;
    const char *id, *name;
};
constexpr std::array named_timelines{
    NamedTimeline{Timeline::step, "step", "step"},       NamedTimeline{Timeline::beta, "beta", "β"},
    NamedTimeline{Timeline::token, "token", "token"},    NamedTimeline{Timeline::layer, "layer", "layer"},
    NamedTimeline{Timeline::gain, "gain", "gain"},       NamedTimeline{Timeline::epoch, "epoch", "epoch"},
    NamedTimeline{Timeline::anchor, "anchor", "anchor"}, NamedTimeline{Timeline::rank, "rank", "rank"},
};

} // namespace

const char* timeline_id(Timeline timeline) noexcept {
    return named_timelines[std::size_t(timeline)].id;
}
const char* timeline_name(Timeline timeline) noexcept {
    return named_timelines[std::size_t(timeline)].name;
}

Timeline parse_timeline(std::string_view id) {
    std::string known;
    for (const auto& named : named_timelines) {
        if (id == named.id) return named.timeline;
        known += (known.empty() ? "" : " | ") + std::string(named.id);
    }
    throw Error(ErrorKind::usage, "timeline", known, std::string(id));
}

Timeline Playback::timeline(Workspace workspace) const {
    const auto found = chosen.find(workspace);
    return found == chosen.end() ? timelines_of(workspace).front() : found->second;
}

Timeline AppState::timeline() const {
    if (view.workspace == Workspace::jacobian && !model() && !captures()) return Timeline::step;
    return playback.timeline(view.workspace);
}

const Source* AppState::find(SourceId id) const {
    const auto found = std::find_if(sources.begin(), sources.end(), [id](const Source& s) { return s.id == id; });
    return id == 0 || found == sources.end() ? nullptr : &*found;
}

Source* AppState::find(SourceId id) {
    return const_cast<Source*>(std::as_const(*this).find(id));
}

std::shared_ptr<const Bank> AppState::bank() const {
    const Source* source = bank_source();
    return source ? source->bank : nullptr;
}

std::shared_ptr<const TextEncoder> AppState::encoder() const {
    const Source* source = find(view.selection.encoder);
    return source ? source->encoder : nullptr;
}

ModelPtr AppState::model() const {
    const Source* source = model_source();
    return source ? source->model : nullptr;
}

jacobian::CapturesPtr AppState::captures() const {
    const Source* source = find(view.selection.capture);
    return source ? source->captures : nullptr;
}

const std::string& text_of(const Source& source, int which) {
    return source.texts ? text_of(*source.texts, which) : source.prompt;
}

const std::string& text_of(const std::vector<std::string>& texts, int which) {
    return texts[std::min(static_cast<std::size_t>(std::max(0, which)), texts.size() - 1)];
}

const std::string& AppState::prompt_text() const {
    static const std::string none;
    const Source* source = find(view.selection.prompt);
    return source ? text_of(*source, view.selection.text) : none;
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

} // namespace attnscope::ui
