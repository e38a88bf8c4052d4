#include "models/families.h"

#include "base/input_error.h"

#include <array>
#include <string>

namespace attnscope::models {
namespace {

constexpr std::array<const FamilyForward*, 4> families{&gpt2, &gpt_neox, &llama, &qwen3};

} // namespace

const FamilyForward& family_forward(Family family, const std::string& model) {
    std::string names;
    for (const FamilyForward* const known : families) {
        if (known->family == family) return *known;
        names += (names.empty() ? "" : ", ") + std::string(family_name(known->family));
    }
    input_error(model, "a language model of family " + names, family_name(family));
}

} // namespace attnscope::models
