#include <attnscope/partial_result.h>
#include <attnscope/tensor_file.h>

#include "base/build_id.h"
#include "base/json_text.h"

namespace attnscope {
namespace {

constexpr const char* partial_key = "partial";

Json seal_of(const Json& result) {
    return {{"arithmetic", arithmetic_key()}, {"sha256", sha256(result.dump())}};
}

} // namespace

std::string partial_json(const std::string& schema, const Recipe& recipe, const std::string& result,
                         const std::vector<Warning>& warnings, double total_seconds) {
    Json envelope = parse_json(envelope_json(schema, recipe, result, warnings, total_seconds), "partial result",
                               json_kinds::result);
    envelope[partial_key] = seal_of(envelope["result"]);
    return readable(envelope);
}

std::optional<std::string> read_partial_json(const std::string& text, const Recipe& recipe,
                                             const std::string& subject) {
    const Json file = parse_json(text, subject, json_kinds::result);
    check_schema(file, subject);
    const auto has = [&file](const char* key) { return file.is_object() && file.contains(key); };
    if (!has("recipe") || !has("result"))
        throw Error(ErrorKind::input, subject, "a result with its recipe", "something else");
    if (file["recipe"].dump() != recipe.json() || !has("version") || file["version"] != Json(ATTNSCOPE_VERSION))
        return std::nullopt;
    const Json seal = seal_of(file["result"]);
    const Json said = has(partial_key) ? file[partial_key] : Json();
    if (!said.is_object() || !said.contains("arithmetic") || said["arithmetic"] != seal["arithmetic"])
        return std::nullopt;
    if (said != seal) throw Error(ErrorKind::input, subject, "the checksum of its contents", "another");
    return file["result"].dump();
}

} // namespace attnscope
