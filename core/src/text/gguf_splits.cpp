#include "text/gguf_splits.h"

#include "base/input_error.h"
#include "base/text_list.h"
#include "text/tokenizer_parts.h"

#include <array>
#include <string_view>

namespace attnscope {
namespace {

// The patterns are those the models' own tokenizers were trained with.

constexpr const char* llama3_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr const char* qwen2_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr const char* qwen35_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr const char* gpt4o_pattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr const char* tekken_pattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|)"
    R"(\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr const char* deepseek3_pattern =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr const char* falcon_punctuation = R"([\p{P}!-/:-@\[-`{-~]+)";
constexpr const char* one_to_three_numbers = R"(\p{N}{1,3})";
constexpr const char* three_digits = "[0-9][0-9][0-9]";
constexpr const char* ideographs_and_kana = R"([\x{4e00}-\x{9fa5}\x{3040}-\x{309f}\x{30a0}-\x{30ff}]+)";

struct Known {
    std::string_view name;
    std::array<const char*, 3> patterns; ///< one after the other, matches isolated; null where there are fewer
    bool composed = false;               ///< the text in NFC first
    bool ignore_merges = false;
};

const std::array known{
    Known{"gpt-2", {gpt2_pattern}},
    Known{"default", {gpt2_pattern}},
    Known{"phi-2", {gpt2_pattern}},
    Known{"roberta-bpe", {gpt2_pattern}},
    Known{"jais", {gpt2_pattern}},
    Known{"exaone4", {gpt2_pattern}},
    Known{"mpt", {gpt2_pattern}, true},
    Known{"olmo", {gpt2_pattern}, true},
    Known{"smollm", {number_pattern, gpt2_pattern}},
    Known{"starcoder", {number_pattern, gpt2_pattern}},
    Known{"refact", {number_pattern, gpt2_pattern}},
    Known{"codeshell", {number_pattern, gpt2_pattern}},
    Known{"exaone", {number_pattern, gpt2_pattern}},
    Known{"minerva-7b", {number_pattern, gpt2_pattern}},
    Known{"command-r", {number_pattern, gpt2_pattern}, true},
    Known{"llama-bpe", {llama3_pattern}, false, true},
    Known{"llama3", {llama3_pattern}, false, true},
    Known{"llama-v3", {llama3_pattern}, false, true},
    Known{"smaug-bpe", {llama3_pattern}},
    Known{"dbrx", {llama3_pattern}},
    Known{"glm4", {llama3_pattern}},
    Known{"chatglm-bpe", {llama3_pattern}},
    Known{"qwen2", {qwen2_pattern}, true},
    Known{"deepseek-r1-qwen", {qwen2_pattern}, true},
    Known{"stablelm2", {qwen2_pattern}, true},
    Known{"qwen35", {qwen35_pattern}, true},
    Known{"gpt-4o", {gpt4o_pattern}},
    Known{"tekken", {tekken_pattern}, false, true},
    Known{"deepseek-v3", {one_to_three_numbers, ideographs_and_kana, deepseek3_pattern}},
    Known{"falcon", {falcon_punctuation, gpt2_pattern, three_digits}},
};

} // namespace

GgufSplit gguf_split(const std::string& name, const std::string& subject) {
    std::string names;
    for (const Known& entry : known) {
        add_to_list(names, entry.name);
        if (entry.name != (name.empty() ? "gpt-2" : name)) continue;
        GgufSplit split;
        if (entry.composed) split.normalizer.steps.push_back(normal_form_step(NormalForm::nfc));
        for (const char* const pattern : entry.patterns) {
            if (pattern) split.pre_tokenizer.steps.push_back(known_split(pattern));
        }
        split.pre_tokenizer.gives_bytes = true;
        split.ignore_merges = entry.ignore_merges;
        return split;
    }
    input_error(subject, "one of " + names, excerpt(name), "tokenizer.ggml.pre");
}

} // namespace attnscope
