#include "data/input_error.h"
#include "models/bert.h"
#include "text/json_document.h"

#include <nlohmann/json.hpp>

namespace attnscope::models {

BertConfig read_bert_config(const std::filesystem::path& path) {
    const nlohmann::json document = parse_json(read_file(path, std::size_t{16} << 20), path.string());
    const JsonMembers members(document, path.string());

    // Wide enough for any model there is, narrow enough that no product of two of them overflows.
    constexpr std::int64_t widest = 1 << 20, most_rows = 1 << 26;
    BertConfig config;
    config.layers = members.integer("num_hidden_layers", 1, 1024);
    config.hidden = members.integer("hidden_size", 1, widest);
    config.heads = members.integer("num_attention_heads", 1, config.hidden);
    config.intermediate = members.integer("intermediate_size", 1, widest);
    config.vocabulary = members.integer("vocab_size", 1, most_rows);
    config.positions = members.integer("max_position_embeddings", 3, most_rows);
    config.token_types = members.integer("type_vocab_size", 1, widest, 2);
    config.layer_norm_epsilon = members.number("layer_norm_eps", config.layer_norm_epsilon);

    if (config.hidden % config.heads != 0) {
        members.fail("num_attention_heads", "a divisor of hidden_size " + std::to_string(config.hidden),
                     std::to_string(config.heads));
    }
    if (config.layer_norm_epsilon < 0)
        members.fail("layer_norm_eps", "a number ≥ 0", "a negative one");
    if (const std::string name = members.text("hidden_act", "gelu"); name != "gelu") {
        members.fail("hidden_act", "gelu", excerpt(name));
    }
    if (const std::string kind = members.text("position_embedding_type", "absolute"); kind != "absolute") {
        members.fail("position_embedding_type", "absolute", excerpt(kind));
    }
    if (members.flag("is_decoder", false))
        members.fail("is_decoder", "false", "true");
    return config;
}

} // namespace attnscope::models
