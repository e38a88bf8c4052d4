// Bytes a second through the tokenizer of the sample model, and the time opening it takes.
#include <attnscope/bank.h>
#include <attnscope/tokenizer.h>

#include <benchmark/benchmark.h>

#include <filesystem>
#include <string>

namespace {

using namespace attnscope;

constexpr std::size_t text_size = std::size_t{1} << 20;

/// English, the glosses of WordNet one after the other.
std::string prose() {
    std::string text;
    for (const WordNetEntry& entry : read_wordnet({}, 20'000)) {
        text += entry.gloss + '\n';
        if (text.size() >= text_size) break;
    }
    return text;
}

/// One word that is merged all over, letter by letter.
std::string long_word() {
    return std::string(text_size, 'a');
}

void encode(benchmark::State& state, std::string (*make_text)()) {
    const std::filesystem::path model = find_samples().model;
    if (model.empty()) return state.SkipWithError("no sample model");
    const auto tokenizer = open_tokenizer(model);
    const std::string text = make_text();
    for (auto _ : state) benchmark::DoNotOptimize(tokenizer->encode(text));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK_CAPTURE(encode, prose, prose)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(encode, one_word, long_word)->Unit(benchmark::kMillisecond);

void open_sample_tokenizer(benchmark::State& state) {
    const std::filesystem::path model = find_samples().model;
    if (model.empty()) return state.SkipWithError("no sample model");
    for (auto _ : state) benchmark::DoNotOptimize(open_tokenizer(model));
}
BENCHMARK(open_sample_tokenizer)->Unit(benchmark::kMillisecond);

} // namespace
