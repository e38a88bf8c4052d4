// What the attention workspace asks of the services: the model it starts with, a head as a bank, the devices.
#include "state/analysis.h"
#include "state/services_impl.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

constexpr const char* example_text = "The river had frozen overnight, and the children who lived by the river skated "
                                     "on it until the ice began to crack.";

std::string trimmed(const std::string& word) {
    const auto first = word.find_first_not_of(' ');
    return first == std::string::npos ? word : word.substr(first, word.find_last_not_of(' ') + 1 - first);
}

} // namespace

void Services::Impl::finish_attention_result(AppState& state, const AttentionJob& job) {
    Selection& selection = state.view.selection;
    selection.model = open_once(state, SourceKind::model, job.model);
    selection.layer = job.layer;
    selection.head = job.head;
    selection.token = static_cast<int>(job.token);
    AttentionOptions& options = state.view.attention;
    options.colour = job.colour;
    options.top_one = std::isinf(job.request.gain);
    if (!options.top_one) selection.gain = std::clamp(job.request.gain, 0.125, 64.0);
    // The panel of all heads is a forward pass, those of one head turn that head alone unless they say otherwise.
    const bool of_heads = !job.figure || job.figure->panel == "attention.heads";
    options.every_layer = job.every_layer || (job.request.gain != 1 && of_heads);
    options.without_sink = job.without_sink;
    options.renormalize = job.renormalize;
    options.whole_set = job.a_text_a_line;
    options.chat = job.tokens && job.tokens->chat;
    if (job.tokens) select_text(state, *job.tokens);
    enter(state, Workspace::attention);
    show_figure(state, job.figure);
}

void Services::enter(AppState& state, Workspace workspace) {
    View& view = state.view;
    if (view.workspace != workspace) {
        view.workspace = workspace;
        state.playback.playing = false;
        state.help_panel.clear();
        view.outlined_panel = analysis_of(workspace).leading_panel;
    }
    // A file of grams stands for a model.
    if (!reads_models(workspace) || (workspace == Workspace::alignment && view.alignment.grams != 0)) return;
    if (!view.selection.model && !view.selection.capture) {
        SourceId model = 0;
        for (const Source& source : state.sources)
            if (source.kind == SourceKind::model && !source.error && !model) model = source.id;
        if (!model && opens_nothing_ == 0) model = impl_->open_once(state, SourceKind::model, find_samples().model);
        if (model) select_model(state, model);
    }
    if (!state.find(view.selection.prompt)) {
        view.selection.prompt = add_prompt(state, example_text);
        view.selection.text = 0;
        view.selection.token = -1;
    }
}

void Services::select_model(AppState& state, SourceId id) {
    state.view.selection.model = id;
    state.view.selection.capture = 0;
}

void Services::use_head_as_bank(AppState& state) {
    AttentionSlots& slots = attention();
    slots.begin_frame(state);
    const auto captured = slots.capture();
    if (!captured.result || captured.stale)
        throw Error(ErrorKind::usage, "head as a bank", "a head whose keys are computed", "one that is still computed");
    const double gain = slots.gain();
    if (!std::isfinite(gain))
        throw Error(ErrorKind::usage, "gain", "a finite one: it becomes the β of the bank", "top-1");
    const auto token = slots.token();
    if (captured.result->end_key(token) - captured.result->first_key(token) < 2)
        throw Error(ErrorKind::usage, "query", "a token that sees at least two keys", "the first one");
    const attention::HeadBank made =
        attention::head_bank(*captured.result, slots.head(), token, gain, captured.read->labels);
    const SourceId id = add_bank(state, made.bank);
    const std::string word = captured.read->labels[static_cast<std::size_t>(token)];
    enter(state, Workspace::retrieval);
    Selection& selection = state.view.selection;
    selection.bank = id;
    selection.memory.reset();
    state.view.retrieval.plane_x = {retrieval::PlaneAxis::eigenvector, 0};
    state.view.retrieval.plane_y = {retrieval::PlaneAxis::query, 0};
    state.focus_panel = "retrieval.weights";
    selection.query = {QueryChoice::Kind::vector, 0, 0, made.query, trimmed(word)};
    selection.beta = made.beta;
    // One step of the raw mode is what the head does.
    selection.mode = retrieval::Mode::raw;
    selection.step = 1;
    char said[200];
    std::snprintf(said, sizeof said,
                  "L%d H%d of “%.40s” is a bank now: its %zu keys are the memories, β = gain × scale = %.4g. "
                  "Step 1 is the head itself.",
                  slots.layer(), slots.head(), trimmed(word).c_str(), made.bank->n, made.beta);
    state.notify(said);
}

void Services::find_devices(AppState& state) {
    if (state.devices_asked) return;
    state.devices_asked = true;
    JobSystem::Task task;
    task.name = "Looking for devices";
    task.lane = Lane::files;
    const auto to = impl_->inbox;
    task.run = [to](JobContext&) { to->post([found = available_devices()](AppState& now) { now.devices = found; }); };
    task.failed = [to](const Error& error) { to->post([error](AppState& now) { now.notify(error.what(), true); }); };
    jobs_.submit(std::move(task));
}

} // namespace attnscope::ui
