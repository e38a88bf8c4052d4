// The finished ranks of a sweep that was not finished, out of its result.
#include <attnscope/residual_recipe.h>

#include "base/json_number.h"
#include "base/json_text.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace attnscope {
namespace {

using residual::Loss;

/// Reads the fields of one result, naming the one that is wrong.
class PartialReader {
public:
    PartialReader(const ResidualJob& job, const std::string& subject)
        : job_(job), subject_(subject), plan_(residual::plan(job.request)) {}

    residual::Result read(const Json& json) const {
        residual::Result result;
        result.plan = plan_;
        result.baseline = loss(field(json, "baseline"), "baseline");
        result.top1 = loss(field(json, "top1"), "top1");
        result.full = loss(field(json, "full"), "full");
        const Json& curve = list(field(json, "curve"), "curve");
        std::set<int> ranks;
        for (const Json& entry : curve) {
            residual::CurvePoint point;
            point.rank = rank(entry, "curve");
            if (!ranks.insert(point.rank).second)
                fail("each rank once", std::to_string(point.rank) + " twice", "curve");
            point.loss = loss(entry, "curve");
            result.curve.push_back(std::move(point));
        }
        if (job_.request.parameters.token_losses) read_tokens(field(json, "tokens"), result);
        return result;
    }

private:
    [[noreturn]] void fail(const std::string& expected, const std::string& got, const std::string& where) const {
        throw Error(ErrorKind::input, subject_, expected, got, where);
    }

    const Json& field(const Json& json, const char* name) const {
        if (!json.is_object() || !json.contains(name)) fail("the field " + std::string(name), "none", "result");
        return json[name];
    }

    const Json& list(const Json& json, const char* where) const {
        if (!json.is_array()) fail("a list", json.type_name(), where);
        return json;
    }

    template <class Number>
    Number finite(const Json& json, const char* where) const {
        const auto value = number_in<Number>(json);
        if (!value) fail("a finite number", json.is_number() ? "another" : json.type_name(), where);
        return *value;
    }

    Loss loss(const Json& json, const char* where) const {
        Loss loss;
        loss.nll = finite<double>(field(json, "nll"), where);
        loss.ppl = std::exp(loss.nll);
        return loss;
    }

    int rank(const Json& json, const char* where) const {
        const Json& value = field(json, "rank");
        const auto asked =
            std::find_if(plan_.ranks.begin(), plan_.ranks.end(), [&](int rank) { return value == rank; });
        if (asked == plan_.ranks.end()) fail("one of the ranks asked for", value.type_name(), where);
        return *asked;
    }

    void read_tokens(const Json& json, residual::Result& result) const {
        result.baseline.token_nll = token_losses(field(json, "baseline"));
        result.top1.token_nll = token_losses(field(json, "top1"));
        const Json& curve = list(field(json, "curve"), "tokens");
        if (curve.size() != result.curve.size())
            fail(std::to_string(result.curve.size()) + " ranks", std::to_string(curve.size()), "tokens");
        for (std::size_t i = 0; i < curve.size(); ++i) {
            if (rank(curve[i], "tokens") != result.curve[i].rank) fail("the ranks of the curve", "others", "tokens");
            result.curve[i].loss.token_nll = token_losses(field(curve[i], "nll"));
        }
    }

    /// (blocks, seq_len − 1): the first token of a block has none.
    std::vector<float> token_losses(const Json& json) const {
        const auto blocks = static_cast<std::size_t>(plan_.blocks);
        const auto length = static_cast<std::size_t>(job_.request.parameters.seq_len);
        if (list(json, "tokens").size() != blocks)
            fail(std::to_string(blocks) + " blocks", std::to_string(json.size()), "tokens");
        std::vector<float> losses;
        for (const Json& row : json) {
            if (list(row, "tokens").size() != length)
                fail(std::to_string(length) + " tokens a block", std::to_string(row.size()), "tokens");
            for (std::size_t t = 1; t < length; ++t) losses.push_back(finite<float>(row[t], "tokens"));
        }
        return losses;
    }

    const ResidualJob& job_;
    const std::string& subject_;
    const residual::Plan plan_;
};

} // namespace

residual::Result read_residual_partial(const ResidualJob& job, const std::string& result_json,
                                       const std::string& subject) {
    return PartialReader(job, subject).read(parse_json(result_json, subject, json_kinds::result));
}

} // namespace attnscope
