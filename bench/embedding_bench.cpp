// Texts a second through the sample encoder, on glosses of WordNet, and the time one typed question takes.
#include "models/text_encoder.h"

#include <attnscope/bank.h>

#include <benchmark/benchmark.h>

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace attnscope;

std::shared_ptr<const TextEncoder> sample_encoder(benchmark::State& state) {
    const std::filesystem::path folder = find_samples().encoder;
    if (folder.empty()) {
        state.SkipWithError("no sample encoder");
        return nullptr;
    }
    return compute::open_text_encoder(folder);
}

void embed_glosses(benchmark::State& state) {
    const auto encoder = sample_encoder(state);
    if (!encoder) return;
    std::vector<std::string> glosses;
    for (WordNetEntry& entry : read_wordnet({}, static_cast<std::size_t>(state.range(0)))) {
        glosses.push_back(std::move(entry.gloss));
    }
    ThreadPool pool;
    JobContext context(pool);
    benchmark::DoNotOptimize(encoder->encode(std::span(glosses).first(glosses.size() / 8), context));
    for (auto _ : state) benchmark::DoNotOptimize(encoder->encode(glosses, context));
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(glosses.size()));
}
BENCHMARK(embed_glosses)->Arg(1000)->Iterations(3)->Unit(benchmark::kMillisecond)->UseRealTime();

void embed_question(benchmark::State& state) {
    const auto encoder = sample_encoder(state);
    if (!encoder) return;
    ThreadPool pool;
    JobContext context(pool);
    const std::vector<std::string> question{"a small furry animal that purrs"};
    for (auto _ : state) benchmark::DoNotOptimize(encoder->encode(question, context));
}
BENCHMARK(embed_question)->Unit(benchmark::kMillisecond)->UseRealTime();

} // namespace
