// Which two tokens byte pair encoding makes one, and in what order.
#pragma once

#include "text/token_model.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace attnscope {

class MergeTable {
public:
    struct Merge {
        std::uint32_t rank = 0; ///< the lowest is merged first
        std::uint32_t id = 0;
    };
    void reserve(std::size_t count) { merges_.reserve(count); }
    /// The last of several merges of a pair counts.
    void add(std::int64_t left, std::int64_t right, Merge merge);
    const Merge* find(std::uint32_t left, std::uint32_t right) const;
    std::size_t size() const noexcept { return merges_.size(); }

private:
    // Identity would let a file choose what collides.
    struct PairHash {
        std::size_t operator()(std::uint64_t pair) const noexcept;
    };
    std::unordered_map<std::uint64_t, Merge, PairHash> merges_;
};

/// A table out of a list of pairs, the lowest rank first.
class MergeBuilder {
public:
    /// `continuation` is what units inside a word are spelled with before them; a merge has it once.
    MergeBuilder(const Vocabulary& vocabulary, std::string continuation, std::size_t count);
    /// False when one of the three tokens is not in the vocabulary.
    bool add(const std::string& left, const std::string& right);
    MergeTable take() { return std::move(table_); }

private:
    const Vocabulary& vocabulary_;
    std::string continuation_;
    MergeTable table_;
    std::uint32_t rank_ = 0;
};

/// "a b"; two empty texts when it is no such pair.
std::pair<std::string, std::string> split_merge(const std::string& pair);

/// Every way to make a token of the vocabulary out of two others, the token of the highest score first. `scores` are
/// those of the ids; tokens without a finite score take no part.
MergeTable merges_by_score(const Vocabulary& vocabulary, const std::vector<float>& scores);

} // namespace attnscope
