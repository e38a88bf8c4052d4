// Attention to the eye: the numbers of the selected head and query, the status line and the panels.
#include "chrome/inspector_parts.h"
#include "chrome/transport_parts.h"
#include "shell/analysis_view.h"
#include "state/source_loading.h"
#include "ui/analyses/attention/gain_panel.h"
#include "ui/analyses/attention/heads_panel.h"
#include "ui/analyses/attention/map_panel.h"
#include "ui/analyses/attention/rows_panel.h"
#include "ui/analyses/attention/text_panel.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace attnscope::ui {

namespace {

/// A token of a text with its place: “river” 12.
std::string named(const ReadText& read, std::int64_t token) {
    attention::View one;
    one.tokens = {read.labels[static_cast<std::size_t>(token)]};
    return "“" + attention::token_label(one, 0) + "” " + std::to_string(token);
}

/// Value of the selected head in a statistic of all heads.
std::optional<double> of_head(const attention::Result& result, const attention::HeadValues& values, int layer,
                              int head) {
    const int row = layer - result.first_layer;
    const auto at =
        static_cast<std::size_t>(row) * static_cast<std::size_t>(result.heads) + static_cast<std::size_t>(head);
    if (row < 0 || row >= result.layers || head >= result.heads || at >= values.size()) return std::nullopt;
    return values[at];
}

/// "the 3 of 5 texts that have it", or "5 texts".
std::string texts_text(const attention::Result& result, const attention::HeadStatistic& statistic) {
    const std::string all = std::to_string(result.texts) + " texts";
    return statistic.texts == result.texts ? all
                                           : "the " + std::to_string(statistic.texts) + " of " + all + " that have it";
}

void score_rows(ChromeContext& context, const attention::Result& result, int layer, int head) {
    const struct {
        const char *name, *tooltip;
        const attention::HeadStatistic& statistic;
    } scores[]{{"sink", "Mean weight on token 0", result.sink},
               {"previous", "Mean weight on the token before", result.previous},
               {"duplicate", "Mean weight on earlier equal tokens", result.duplicate},
               {"induction", "Mean weight on tokens after an earlier equal one", result.induction}};
    for (const auto& [name, tooltip, statistic] : scores) {
        const auto value = of_head(result, statistic.mean, layer, head);
        if (!value) continue;
        const auto half = of_head(result, statistic.half_width, layer, head);
        if (!half) {
            value_row(context.theme, name, readable_number(*value), tooltip);
            continue;
        }
        const std::string over =
            std::string(tooltip) + ", with its 95 % interval over " + texts_text(result, statistic);
        value_row(context.theme, name, readable_number(*value) + " ± " + readable_number(*half, 3), over.c_str());
    }
}

void row_values(ChromeContext& context, const Answered<attention::Row>& row) {
    const ThemeColours& theme = context.theme;
    const auto& weights = row.result->weights;
    value_row(theme, "row entropy", readable_number(row.result->entropy, 5), "nats");
    value_row(theme, "of at most", readable_number(row.result->entropy_max, 5),
              "ln of the number of keys the query sees");
    if (weights.empty()) return;
    const auto largest = std::ranges::max_element(weights);
    const auto key = row.result->first_key + (largest - weights.begin());
    value_row(theme, "max weight", readable_number(*largest));
    if (row.read && key < std::ssize(row.read->labels))
        value_row(theme, "at key", named(*row.read, key), "The key of the largest weight");
}

void attention_values(ChromeContext& context) {
    AttentionSlots& slots = context.services.attention();
    const ThemeColours& theme = context.theme;
    const ModelPtr model = slots.model();
    if (!model) return;
    const ModelConfig& config = model->config();
    const int layer = slots.layer(), head = slots.head();
    const auto overview = slots.overview();
    const auto rows = slots.rows();
    const auto row = slots.row();
    if (!begin_values("state")) return;
    value_row(theme, "cell", "L" + std::to_string(layer) + " H" + std::to_string(head),
              "Layer and head, counted from 0");
    if (rows.result)
        value_row(theme, "mean entropy", readable_number(rows.result->mean_entropy, 5),
                  "Mean over the rows of this head at the gain shown, nats");
    if (rows.result)
        value_row(theme, "mean max", readable_number(rows.result->mean_max_weight),
                  "Mean of the rows' largest weights");
    if (overview.result && !overview.result->entropy.half_width.empty()) {
        const auto mean = of_head(*overview.result, overview.result->entropy.mean, layer, head);
        const auto half = of_head(*overview.result, overview.result->entropy.half_width, layer, head);
        if (mean && half)
            value_row(theme, "over texts", readable_number(*mean) + " ± " + readable_number(*half, 3),
                      ("Mean row entropy over " + texts_text(*overview.result, overview.result->entropy) +
                       ", with its 95 % interval")
                          .c_str());
    }
    if (overview.result) score_rows(context, *overview.result, layer, head);
    const auto read = slots.read();
    const auto token = slots.token();
    if (read && token >= 0 && token < std::ssize(read->labels)) value_row(theme, "query", named(*read, token));
    if (row.result) row_values(context, row);
    value_row(theme, "gain", readable_gain(slots.gain()) + (slots.every_layer() ? " every layer" : ""),
              "Multiplies the scores; 1 is the model");
    if (config.heads != config.key_value_heads)
        value_row(theme, "KV head",
                  std::to_string(head / (config.heads / std::max<std::int64_t>(1, config.key_value_heads))),
                  "Whose keys and values this head reads");
    value_row(theme, "d_head", std::to_string(config.head_dim));
    const auto captured = slots.capture();
    if (captured.result && std::isfinite(slots.gain()))
        value_row(theme, "as a bank: β", readable_number(slots.gain() * captured.result->scale),
                  "gain × the scale of the scores: what “Use this head as a bank” starts with");
    if (read && read->vocabulary) value_row(theme, "vocabulary", grouped(read->vocabulary));
    if (overview.result && overview.result->peak_bytes)
        value_row(theme, "peak memory", megabytes(overview.result->peak_bytes),
                  "Probabilities and statistics held at once for the map of heads; never layers × heads × T × T");
    ImGui::EndTable();
    ImGui::Dummy({0, ImGui::GetFontSize() * 0.2f});
    ImGui::BeginDisabled(!captured.result || captured.stale || !std::isfinite(slots.gain()) || token < 1);
    if (ImGui::Button("Use this head as a bank", {-FLT_MIN, 0})) context.emit("attention.head_bank");
    ImGui::EndDisabled();
    ImGui::SetItemTooltip(
        "The keys that the query sees become the memories of a bank, the query its query, β = gain × scale");
}

void attention_warnings(ChromeContext& context) {
    AttentionSlots& slots = context.services.attention();
    std::vector<std::string> lines;
    if (slots.gain() != 1 && !slots.every_layer())
        lines.push_back(
            "The gain turns this head alone: the map of heads, and what later layers read, are those of the "
            "model.");
    if (slots.every_layer())
        lines.push_back("Every layer is turned: what later layers read is no longer what the model was trained on. "
                        "“Entropy against gain” stays that of the head alone.");
    const ModelPtr model = slots.model();
    if (!model) return;
    if (!model->config().causal())
        lines.push_back("An encoder sees all tokens: a row's ceiling is ln T.");
    else
        lines.push_back("A row t has t + 1 keys and so at most ln(t + 1) nats: a mean over rows is one over different "
                        "ceilings.");
    rule();
    for (const auto& line : lines) warning_line(line, context.theme);
}

bool attention_ready(const ChromeContext& context) {
    return context.state.model() != nullptr;
}

void attention_status(ChromeContext& context) {
    const ImVec4& muted = context.theme.muted_text;
    AttentionSlots& slots = context.services.attention();
    const ModelPtr model = slots.model();
    if (!model) return status_part("No model is open", muted);
    if (slots.forward_seconds() > 0)
        status_part("forward " + duration_text(slots.forward_seconds()) + " · head " +
                        duration_text(slots.head_seconds()),
                    muted, "The forward pass of all heads; one row of the selected head");
    status_part("float32", muted);
    if (const auto read = slots.read())
        status_part(grouped(read->ids.size()) + (read->ids.size() == 1 ? " token" : " tokens"), muted);
    const WeightMemory memory = model->memory();
    if (memory.converted > 0)
        status_part(megabytes(memory.converted) + " converted", muted,
                    "Weights held as copies; the rest is read from the mapped file");
    status_part("exact", muted, "Nothing is sampled. Panels that sample say so.");
}

const char* attention_hint(const AppState&) {
    return "click a head · drag the gain · K moves the query · Ctrl+P finds every command";
}

std::vector<std::unique_ptr<Panel>> attention_panels() {
    std::vector<std::unique_ptr<Panel>> panels;
    panels.push_back(std::make_unique<AttentionHeadsPanel>());
    panels.push_back(std::make_unique<AttentionMapPanel>());
    panels.push_back(std::make_unique<AttentionTextPanel>());
    panels.push_back(std::make_unique<AttentionGainPanel>());
    panels.push_back(std::make_unique<AttentionRowsPanel>());
    return panels;
}

} // namespace

AnalysisView attention_view() {
    return {.panels = attention_panels,
            .transport = draw_attention_transport,
            .status = attention_status,
            .hint = attention_hint,
            .is_ready = attention_ready,
            .awaited = "The numbers of a head appear here once a model is open.",
            .values = attention_values,
            .details = nullptr,
            .warnings = attention_warnings};
}

} // namespace attnscope::ui
