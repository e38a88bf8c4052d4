// Fields that analyses of a model share.
#pragma once

#include "base/describe.h"

#include <attnscope/model.h>

#include <limits>

namespace attnscope {

/// 9:3 on the command line, [9, 3] in files.
template <>
struct Written<HeadChoice> {
    Written<int> number{};
    static std::string expected() { return "LAYER:HEAD as in 9:3"; }
    std::string text(const HeadChoice& choice) const {
        return number.text(choice.layer) + ":" + number.text(choice.head);
    }
    std::optional<HeadChoice> parse(const std::string& text) const {
        const std::size_t colon = text.find(':');
        if (colon == std::string::npos) return std::nullopt;
        return choice(number.parse(text.substr(0, colon)), number.parse(text.substr(colon + 1)));
    }
    static Json json(const HeadChoice& choice) { return Json::array({choice.layer, choice.head}); }
    std::optional<HeadChoice> read(const Json& json) const {
        if (!json.is_array() || json.size() != 2) return std::nullopt;
        return choice(number.read(json[0]), number.read(json[1]));
    }

private:
    static std::optional<HeadChoice> choice(std::optional<int> layer, std::optional<int> head) {
        return layer && head ? std::optional(HeadChoice{*layer, *head}) : std::nullopt;
    }
};

inline constexpr Range<int> from_none{-1, std::numeric_limits<int>::max()};
inline constexpr Range<std::int64_t> token_from_none{-1, std::numeric_limits<std::int64_t>::max()};

/// Layers that are looked at, both included; --layers A:B on the command line sets both.
template <class Visitor>
void describe_layers(Visitor& field, int& first, int& last) {
    field(first, {.name = "first_layer", .help = "first layer that is looked at", .option = "-"});
    field(last, {.name = "last_layer", .help = "last layer that is looked at; -1: the last", .option = "-"},
          {from_none});
}

/// Called beta in files and on the command line.
template <class Visitor>
void describe_gain(Visitor& field, double& gain) {
    field.as(AboveZeroOrInfinity{}, gain,
             {.name = "beta", .help = "multiplies the attention scores of every layer; inf: top-1"});
}

template <class Visitor>
void describe_precision(Visitor& field, Precision& precision) {
    field(precision, {.name = "precision", .help = "of weights and activations"});
}

/// Layer and head that figures show; --layer and --head are shared by all workspaces.
template <class Visitor>
void describe_cell(Visitor& field, int& layer, int& head) {
    field(layer, {.name = "layer", .help = "layer shown", .option = "-"});
    field(head, {.name = "head", .help = "head shown", .option = "-"});
}

} // namespace attnscope
