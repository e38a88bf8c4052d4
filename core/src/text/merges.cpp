#include "text/merges.h"

#include <algorithm>
#include <cmath>

namespace attnscope {

void MergeTable::add(std::int64_t left, std::int64_t right, Merge merge) {
    const auto pair = static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint64_t>(right);
    merges_.insert_or_assign(pair, merge);
}

const MergeTable::Merge* MergeTable::find(std::uint32_t left, std::uint32_t right) const {
    const auto found = merges_.find(std::uint64_t{left} << 32 | right);
    return found == merges_.end() ? nullptr : &found->second;
}

std::size_t MergeTable::PairHash::operator()(std::uint64_t pair) const noexcept {
    // The finaliser of splitmix64 (Steele et al. 2014).
    pair = (pair ^ (pair >> 30)) * 0xbf58476d1ce4e5b9;
    pair = (pair ^ (pair >> 27)) * 0x94d049bb133111eb;
    return pair ^ (pair >> 31);
}

MergeBuilder::MergeBuilder(const Vocabulary& vocabulary, std::string continuation, std::size_t count)
    : vocabulary_(vocabulary), continuation_(std::move(continuation)) {
    table_.reserve(count);
}

bool MergeBuilder::add(const std::string& left, const std::string& right) {
    const auto first = vocabulary_.find(left), second = vocabulary_.find(right);
    if (first == vocabulary_.end() || second == vocabulary_.end() || right.size() < continuation_.size()) return false;
    const auto whole = vocabulary_.find(left + right.substr(continuation_.size()));
    if (whole == vocabulary_.end()) return false;
    table_.add(first->second, second->second, {rank_++, static_cast<std::uint32_t>(whole->second)});
    return true;
}

std::pair<std::string, std::string> split_merge(const std::string& pair) {
    const std::size_t space = pair.find(' ');
    if (space == std::string::npos || pair.find(' ', space + 1) != std::string::npos) return {};
    return {pair.substr(0, space), pair.substr(space + 1)};
}

MergeTable merges_by_score(const Vocabulary& vocabulary, const std::vector<float>& scores) {
    const auto takes_part = [&](std::int64_t id) { return std::isfinite(scores[static_cast<std::size_t>(id)]); };
    std::vector<float> ranked;
    for (const auto& [spelling, id] : vocabulary) {
        if (takes_part(id)) ranked.push_back(scores[static_cast<std::size_t>(id)]);
    }
    std::sort(ranked.begin(), ranked.end(), std::greater<>());
    ranked.erase(std::unique(ranked.begin(), ranked.end()), ranked.end());

    MergeTable table;
    for (const auto& [spelling, id] : vocabulary) {
        if (!takes_part(id)) continue;
        // Equal scores are equal ranks: the leftmost is merged first.
        const auto rank =
            std::lower_bound(ranked.begin(), ranked.end(), scores[static_cast<std::size_t>(id)], std::greater<>()) -
            ranked.begin();
        for (std::size_t cut = 1; cut < spelling.size(); ++cut) {
            if ((static_cast<unsigned char>(spelling[cut]) & 0xc0) == 0x80) continue; // inside a character
            const auto left = vocabulary.find(std::string_view(spelling).substr(0, cut));
            if (left == vocabulary.end() || !takes_part(left->second)) continue;
            const auto right = vocabulary.find(std::string_view(spelling).substr(cut));
            if (right != vocabulary.end() && takes_part(right->second)) {
                table.add(left->second, right->second,
                          {static_cast<std::uint32_t>(rank), static_cast<std::uint32_t>(id)});
            }
        }
    }
    return table;
}

} // namespace attnscope
