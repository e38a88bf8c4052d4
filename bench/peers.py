#!/usr/bin/env python3
"""Times the same work in attnscope, PyTorch, FAISS, sentence-transformers and transformers, one after the other in one
run.

    python3 -m venv VENV && VENV/bin/pip install torch==2.11.0 numpy faiss-cpu sentence-transformers transformers
    VENV/bin/python bench/peers.py --bench build/release/bin/attnscope_bench

Peers that are not installed are left out of the table. attnscope's own numbers come from attnscope_bench, run by this
script. Every number is the median of its repeats, in milliseconds unless the row says otherwise.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import time

MEMORIES, DIMENSION = 117_659, 384
BETAS = (5.0, 20.0, 50.0, 100.0)


def median_ms(work, repeats):
    """Median time of `work` after one call that warms up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def installed(name):
    return importlib.util.find_spec(name) is not None


def own_numbers(program, repetitions, names):
    """Benchmarks of attnscope_bench by name, those that match `names`: milliseconds, and counters."""
    command = [program, "--benchmark_format=json", f"--benchmark_repetitions={repetitions}",
               f"--benchmark_filter={names}"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    numbers = {}
    for entry in json.loads(output)["benchmarks"]:
        if entry.get("error_occurred") or (repetitions > 1 and entry.get("aggregate_name") != "median"):
            continue
        measured_how = ("real_time", "iterations:", "repeats:", "min_time:")
        name = "/".join(part for part in entry["run_name"].split("/") if not part.startswith(measured_how))
        numbers[name] = entry
    return numbers


def torch_numbers(threads, repeats):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    bank = torch.randn(MEMORIES, DIMENSION) + 0.5
    bank /= bank.norm(dim=1, keepdim=True)
    query = bank[17] + 0.02 * torch.randn(DIMENSION)
    queries = bank[17::1000][:6].repeat_interleave(4, 0) + 0.02 * torch.randn(24, DIMENSION)
    betas = torch.tensor(BETAS).repeat(6)[:, None]

    def step():
        logits = 20.0 * (bank @ query)
        weights = torch.softmax(logits, 0)
        entropy = torch.logsumexp(logits, 0) - (weights * logits).sum()
        return weights @ bank, entropy, weights.max()

    def pairs():
        logits = betas * (queries @ bank.T)
        weights = torch.softmax(logits, 1)
        entropy = torch.logsumexp(logits, 1) - (weights * logits).sum(1)
        return weights @ bank, entropy, weights.max(1)

    def spectrum():
        centered = bank - bank.mean(0)
        return torch.linalg.eigh(centered.T @ centered / MEMORIES)

    return {
        "bank_sum": median_ms(lambda: bank.sum(), repeats),
        "step/1": median_ms(step, repeats),
        "step/24": median_ms(pairs, max(3, repeats // 3)),
        "spectrum": median_ms(spectrum, 3),
    }


def faiss_numbers(threads, repeats):
    import faiss
    import numpy

    faiss.omp_set_num_threads(threads)
    random = numpy.random.default_rng(1)
    bank = random.standard_normal((MEMORIES, DIMENSION), dtype=numpy.float32) + numpy.float32(0.5)
    bank /= numpy.linalg.norm(bank, axis=1, keepdims=True)
    index = faiss.IndexFlatIP(DIMENSION)
    index.add(bank)
    return {"step/1": median_ms(lambda: index.search(bank[17:18], 5), repeats)}


def wordnet_glosses(count):
    """`count` glosses evenly spaced over WordNet, or nothing where it is not installed."""
    folder = next((place for place in map(pathlib.Path, ("/usr/share/wordnet", os.environ.get("WORDNET", "/none")))
                   if (place / "data.noun").exists()), None)
    if folder is None:
        return []
    glosses = []
    for part in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"data.{part}").read_text("utf-8").splitlines():
            if not line.startswith("  ") and "|" in line:
                glosses.append(line.split("|", 1)[1].strip())
    return [glosses[i * len(glosses) // count] for i in range(count)]


def encoder_rate(folder, threads):
    """Texts a second of sentence-transformers on the sample encoder."""
    import torch
    from sentence_transformers import SentenceTransformer, models

    torch.set_num_threads(threads)
    transformer = models.Transformer(str(folder))
    pooling = models.Pooling(transformer.get_word_embedding_dimension(), "mean")
    model = SentenceTransformer(modules=[transformer, pooling, models.Normalize()], device="cpu")
    glosses = wordnet_glosses(1000)
    if not glosses:
        return None
    return 1e3 * len(glosses) / median_ms(lambda: model.encode(glosses, batch_size=32), 3)


def language_model_numbers(threads, repeats):
    """transformers in float32 on a model of SmolLM2-135M's shape: milliseconds of a forward pass with all logits.

    Its weights are random: the time does not depend on them, and loading the sample's GGUF takes transformers longer
    than all of this.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    config = LlamaConfig(vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30,
                         num_attention_heads=9, num_key_value_heads=3, max_position_embeddings=8192,
                         tie_word_embeddings=True)
    model = LlamaForCausalLM(config).eval()
    numbers = {}
    with torch.no_grad():
        for tokens in (32, 128, 1024):
            ids = torch.randint(0, 49152, (1, tokens))
            numbers[f"model_logits/{tokens}"] = median_ms(lambda: model(ids, use_cache=False).logits, repeats)
    return numbers


def character_model_numbers(threads, repeats):
    """Milliseconds of a step of the softmax-gradient experiment's model with back-propagation, in PyTorch."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.set_num_threads(threads)
    torch.manual_seed(1337)
    width, heads, block, batch, characters = 128, 4, 64, 32, 65

    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
            self.packed, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, hidden):
            split = self.packed(self.norms[0](hidden)).view(batch, block, 3, heads, -1).permute(2, 0, 3, 1, 4)
            attended = functional.scaled_dot_product_attention(*split, is_causal=True)
            hidden = hidden + self.out(attended.transpose(1, 2).reshape(batch, block, width))
            return hidden + self.down(functional.gelu(self.up(self.norms[1](hidden))))

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.places = nn.Embedding(characters, width), nn.Embedding(block, width)
            self.layers = nn.Sequential(*(Layer() for _ in range(4)))
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, characters, bias=False)

        def forward(self, ids):
            return self.head(self.norm(self.layers(self.embedding(ids) + self.places.weight)))

    model, text = Model(), torch.randint(0, characters, (200_000,))
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, fused=True)
    offsets = torch.arange(block)

    def step():
        places = torch.randint(0, len(text) - block - 1, (batch, 1)) + offsets
        loss = functional.cross_entropy(model(text[places]).view(-1, characters), text[places + 1].view(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return {"training_step/full": median_ms(step, 4 * repeats)}


def main():
    cache = os.environ.get("ATTNSCOPE_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "attnscope")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", default="build/release/bin/attnscope_bench", help="the attnscope_bench program")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--repetitions", type=int, default=1, help="of attnscope_bench's own runs")
    parser.add_argument("--filter", default=".", help="only the benchmarks whose names match, and their peers")
    parser.add_argument("--encoder", default=os.path.join(cache, "models", "all-MiniLM-L6-v2"))
    parser.add_argument("--json", help="also write the numbers to this file")
    arguments = parser.parse_args()

    own = own_numbers(arguments.bench, arguments.repetitions, arguments.filter)
    peers = {}
    if installed("torch"):
        peers["PyTorch"] = torch_numbers(arguments.threads, arguments.repeats) if "step/1" in own else {}
        if "training_step/full" in own:
            peers["PyTorch"] |= character_model_numbers(arguments.threads, arguments.repeats)
            own["training_step/full"]["real_time"] = own["training_step/full"]["step_ms"]
    if installed("faiss") and "step/1" in own:
        peers["FAISS flat, top 5"] = faiss_numbers(arguments.threads, arguments.repeats)

    if installed("transformers") and "model_logits/1024" in own:
        peers["transformers"] = language_model_numbers(arguments.threads, 5)
        # A forward pass with a gain in every layer, beside one without.
        peers["transformers"]["all_heads/tokens:128/scores:0"] = peers["transformers"]["model_logits/128"]

    rows = []
    titles = {"bank_sum": "sum of the bank", "step/1": "one step, all statistics", "step/24": "24 query-β pairs",
              "spectrum": "mean, covariance, eigenpairs",
              "model_logits/32": "SmolLM2, 32 tokens, logits", "model_logits/128": "SmolLM2, 128 tokens, logits",
              "model_logits/1024": "SmolLM2, 1,024 tokens, logits",
              "all_heads/tokens:128/scores:0": "SmolLM2, 128 tokens, all heads",
              "training_step/full": "character model, training step"}
    for name, title in titles.items():
        for peer, numbers in peers.items():
            if name in numbers and name in own:
                mine = own[name]["real_time"]
                rows.append((title, mine, peer, numbers[name], numbers[name] / mine))
    if "metrics_fused/1" in own and "metrics_libtorch" in own:
        fused, apart = own["metrics_fused/1"]["real_time"], own["metrics_libtorch"]["real_time"]
        rows.append(("softmax gradient, 5·10⁷ weights", fused, "LibTorch, op by op", apart, apart / fused))
    if "step/1" in own and "bank_sum" in own:
        summed = own["bank_sum"]["real_time"]
        rows.append(("one step against the bank's sum", own["step/1"]["real_time"], "sum", summed,
                     summed / own["step/1"]["real_time"]))
    if installed("sentence_transformers") and "embed_glosses/1000" in own and os.path.isdir(arguments.encoder):
        rate, mine = encoder_rate(arguments.encoder, arguments.threads), own["embed_glosses/1000"]["items_per_second"]
        if rate:
            rows.append(("glosses embedded, texts/s", mine, "sentence-transformers", rate, mine / rate))

    print(f"{'work':36}{'attnscope':>12}  {'peer':24}{'peer':>12}{'quicker by':>12}")
    for title, mine, peer, theirs, ratio in rows:
        print(f"{title:36}{mine:12.2f}  {peer:24}{theirs:12.2f}{ratio:11.2f}×")
    for name, entry in own.items():
        if name.startswith("drag/"):
            _, memories, steps = name.split("/")
            times = f"p50 {entry['p50_ms']:.1f} ms, p95 {entry['p95_ms']:.1f} ms"
            print(f"β drag, {memories} memories, {steps} steps: {times}")
    for name in ("sweep", "plane", "separation"):
        for key, entry in own.items():
            if key.split("/")[0] == name:
                print(f"{key}: {entry['real_time']:.0f} ms")
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps({"attnscope": own, "peers": peers}, indent=1) + "\n")


if __name__ == "__main__":
    main()
