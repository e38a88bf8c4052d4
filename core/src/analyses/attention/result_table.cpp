// Attention as CSV for programs and as text for people.
#include <attnscope/attention_recipe.h>

#include "base/table_text.h"

#include <cmath>

namespace attnscope {

namespace {

using namespace attention;

struct Column {
    const char *name, *title;
    const HeadStatistic* statistic;
};

/// What was computed of every head.
std::vector<Column> columns_of(const Result& result) {
    std::vector<Column> columns;
    for (const Column& column :
         {Column{"entropy", "mean row entropy (nats)", &result.entropy},
          {"max_weight", "mean largest weight of a row", &result.max_weight},
          {"sink", "mean weight on token 0", &result.sink},
          {"previous", "mean weight on the token before", &result.previous},
          {"duplicate", "mean weight on earlier equal tokens", &result.duplicate},
          {"induction", "mean weight on what followed an earlier equal token", &result.induction}})
        if (!column.statistic->mean.empty()) columns.push_back(column);
    return columns;
}

std::string heads_csv(const Result& result) {
    const auto columns = columns_of(result);
    std::string out = "layer,head";
    for (const Column& column : columns) {
        out += std::string(",") + column.name;
        if (!column.statistic->half_width.empty())
            out += std::string(",") + column.name + "_ci95," + column.name + "_texts";
    }
    out += '\n';
    for (int l = 0; l < result.layers; ++l)
        for (int h = 0; h < result.heads; ++h) {
            const auto i = static_cast<std::size_t>(l * result.heads + h);
            out += std::to_string(result.first_layer + l) + ',' + std::to_string(h);
            for (const Column& column : columns) {
                out += ',' + csv_number(column.statistic->mean[i]);
                if (!column.statistic->half_width.empty())
                    out += ',' + csv_number(column.statistic->half_width[i]) + ',' +
                           std::to_string(column.statistic->texts);
            }
            out += '\n';
        }
    return out;
}

std::string rows_csv(const AttentionJob& job, const Result& result) {
    std::string out = "layer,head,token,id,text,entropy,max_weight\n";
    const Ids& ids = job.request.texts.front();
    const auto texts = token_texts(*job.request.model, ids);
    std::size_t i = 0;
    for (int l = 0; l < result.layers; ++l)
        for (int h = 0; h < result.heads; ++h)
            for (std::size_t t = 0; t < ids.size(); ++t, ++i)
                out += std::to_string(result.first_layer + l) + ',' + std::to_string(h) + ',' + std::to_string(t) +
                       ',' + std::to_string(ids[t]) + ',' + csv_text(texts.empty() ? "" : texts[t]) + ',' +
                       csv_number(result.entropy_rows[i]) + ',' + csv_number(result.max_weight_rows[i]) + '\n';
    return out;
}

void append_grid(std::string& out, const Result& result, const Column& column) {
    append(out, "\n%s", column.title);
    if (!column.statistic->half_width.empty())
        append(out, ", mean over %d of %d texts", column.statistic->texts, result.texts);
    append(out, "\n%7s", "layer");
    for (int h = 0; h < result.heads; ++h) append(out, " %8s", ("head " + std::to_string(h)).c_str());
    out += '\n';
    for (int l = 0; l < result.layers; ++l) {
        append(out, "%7d", result.first_layer + l);
        for (int h = 0; h < result.heads; ++h) {
            const double value = column.statistic->mean[static_cast<std::size_t>(l * result.heads + h)];
            if (std::isfinite(value))
                append(out, " %8.4f", value);
            else
                append(out, " %8s", "-");
        }
        out += '\n';
    }
}

} // namespace

std::string attention_result_csv(const AttentionJob& job, const AttentionOutcome& outcome) {
    const Result& result = outcome.result;
    return result.entropy_rows.empty() ? heads_csv(result) : rows_csv(job, result);
}

std::string attention_result_text(const AttentionJob& job, const AttentionOutcome& outcome) {
    const Result& result = outcome.result;
    std::string out;
    append(out, "%s, %lld tokens", job.request.model->files().name.c_str(), static_cast<long long>(result.tokens));
    if (job.request.texts.size() > 1) append(out, " in %zu texts", job.request.texts.size());
    if (std::isinf(result.gain))
        out += ", gain inf (top-1) in every layer\n";
    else
        append(out, ", gain %g in every layer\n", result.gain);
    append(out, "planned memory of the statistics: %.1f MB; forward passes: %.3f s\n",
           static_cast<double>(result.peak_bytes) / 1e6, result.forward_seconds);
    for (const Column& column : columns_of(result)) append_grid(out, result, column);
    return out;
}

} // namespace attnscope
