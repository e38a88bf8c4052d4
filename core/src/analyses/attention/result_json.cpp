#include <attnscope/attention_recipe.h>

#include "base/describe.h"

namespace attnscope {

namespace {

using namespace attention;

/// (rows, columns) flat values as a list of lists.
template <class Value>
Json grid(const Value* values, std::size_t rows, std::size_t columns) {
    Json list = Json::array();
    for (std::size_t r = 0; r < rows; ++r) {
        Json row = Json::array();
        for (std::size_t c = 0; c < columns; ++c) row.push_back(number(values[r * columns + c]));
        list.push_back(std::move(row));
    }
    return list;
}

Json tokens_json(const LanguageModel& model, const Ids& ids) {
    const std::vector<std::string> texts = token_texts(model, ids);
    Json list = Json::array();
    for (std::size_t t = 0; t < ids.size(); ++t)
        list.push_back({{"id", ids[t]}, {"text", texts.empty() ? "" : texts[t]}});
    return list;
}

class ResultJson {
public:
    ResultJson(const AttentionJob& job, const AttentionOutcome& outcome)
        : job_(job), outcome_(outcome), result_(outcome.result), layers_(static_cast<std::size_t>(result_.layers)),
          heads_(static_cast<std::size_t>(result_.heads)) {}

    Json write() {
        add_texts();
        json_["beta"] = AboveZeroOrInfinity::json(result_.gain);
        json_["first_layer"] = result_.first_layer;
        add("entropy", result_.entropy);
        add("max_weight", result_.max_weight);
        add("sink", result_.sink);
        add("previous", result_.previous);
        add("duplicate", result_.duplicate);
        add("induction", result_.induction);
        if (!result_.induction.mean.empty()) json_["induction_on_random"] = result_.induction_on_random || !job_.tokens;
        add_rows("entropy_rows", result_.entropy_rows);
        add_rows("max_weight_rows", result_.max_weight_rows);
        add_maps();
        json_["peak_bytes"] = result_.peak_bytes;
        return std::move(json_);
    }

private:
    void add_texts() {
        const Request& request = job_.request;
        if (request.texts.size() == 1) {
            json_["tokens"] = tokens_json(*request.model, request.texts.front());
            return;
        }
        json_["tokens"] = Json::array();
        Json& lengths = json_["text_tokens"] = Json::array();
        for (const Ids& text : request.texts) lengths.push_back(text.size());
    }
    void add(const std::string& name, const HeadStatistic& statistic) {
        if (statistic.mean.empty()) return;
        json_[name] = grid(statistic.mean.data(), layers_, heads_);
        if (statistic.half_width.empty()) return;
        json_[name + "_ci95"] = grid(statistic.half_width.data(), layers_, heads_);
        json_[name + "_texts"] = statistic.texts;
    }
    void add_rows(const char* name, const std::vector<float>& rows) {
        if (rows.empty()) return;
        const std::size_t tokens = rows.size() / (layers_ * heads_);
        Json& list = json_[name] = Json::array();
        for (std::size_t l = 0; l < layers_; ++l)
            list.push_back(grid(rows.data() + l * heads_ * tokens, heads_, tokens));
    }
    void add_maps() {
        if (outcome_.maps.empty()) return;
        Json& list = json_["maps"] = Json::array();
        for (std::size_t i = 0; i < outcome_.maps.size(); ++i) {
            const Map& map = outcome_.maps[i];
            list.push_back({{"layer", job_.maps[i].layer},
                            {"head", job_.maps[i].head},
                            {"rows", map.row_end - map.row_begin},
                            {"columns", map.column_end - map.column_begin},
                            {"reduced", map.reduced},
                            {"weights", grid(map.weights.data(), static_cast<std::size_t>(map.rows),
                                             static_cast<std::size_t>(map.columns))}});
        }
    }

    const AttentionJob& job_;
    const AttentionOutcome& outcome_;
    const Result& result_;
    std::size_t layers_, heads_;
    Json json_ = Json::object();
};

} // namespace

std::string attention_result_json(const AttentionJob& job, const AttentionOutcome& outcome) {
    return one_line(ResultJson(job, outcome).write());
}

} // namespace attnscope
