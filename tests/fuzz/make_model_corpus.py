"""Writes the seeds of the fuzz targets gguf, model_config and shard_index below tests/fuzz/corpus.

    python3 tests/fuzz/make_model_corpus.py
"""

import json
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"


def put(folder, name, content):
    path = CORPUS / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def u32(value):
    return struct.pack("<I", value)


def u64(value):
    return struct.pack("<Q", value)


def list_of(kind, items):
    return u32(9) + u32(kind) + u64(len(items)) + b"".join(items)


def value(thing):
    if isinstance(thing, bytes):
        return thing
    if isinstance(thing, bool):
        return u32(7) + bytes([thing])
    if isinstance(thing, int):
        return u32(4) + u32(thing)
    if isinstance(thing, float):
        return u32(6) + struct.pack("<f", thing)
    return u32(8) + text(thing)


def tensor(name, shape, kind, offset):
    return text(name) + u32(len(shape)) + b"".join(u64(n) for n in reversed(shape)) + u32(kind) + u64(offset)


def gguf(values, tensors, data, version=3, counts=None):
    tensor_count, value_count = counts or (len(tensors), len(values))
    header = b"GGUF" + u32(version) + u64(tensor_count) + u64(value_count)
    header += b"".join(text(key) + value(thing) for key, thing in values) + b"".join(tensors)
    return header + bytes(-len(header) % 32) + data


def llama(**changes):
    values = {
        "general.architecture": "llama",
        "llama.block_count": 1,
        "llama.context_length": 16,
        "llama.embedding_length": 4,
        "llama.feed_forward_length": 8,
        "llama.attention.head_count": 2,
        "llama.attention.head_count_kv": 1,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.freq_base": 10000.0,
    }
    values.update({key.replace("__", "."): thing for key, thing in changes.items()})
    return list(values.items())


def make_gguf():
    names = [("token_embd.weight", [3, 4]), ("blk.0.attn_q.weight", [4, 4]), ("blk.0.attn_k.weight", [2, 4]),
             ("rope_freqs.weight", [1])]
    model = [tensor(name, shape, 0, 64 * i) for i, (name, shape) in enumerate(names)]
    data = b"".join(struct.pack("<16f", *[1 + .1 * k for k in range(16)]) for _ in model)
    put("gguf", "llama", gguf(llama(), model, data))
    put("gguf", "llama-version-2", gguf(llama(), model, data, version=2))
    put("gguf", "llama-linear", gguf(llama(llama__rope__scaling__type="linear", llama__rope__scaling__factor=2.0),
                                     model[:3], data))
    put("gguf", "llama-lists", gguf(llama(**{
        "llama.attention.head_count_kv": list_of(5, [struct.pack("<i", 1)]),
        "tokenizer.ggml.tokens": list_of(8, [text("a"), text("β"), text("")]),
        "tokenizer.ggml.scores": list_of(6, [struct.pack("<f", -1.5)] * 3),
        "general.flag": True,
    }), model, data))
    put("gguf", "gpt2", gguf(
        [("general.architecture", "gpt2"), ("gpt2.block_count", 1), ("gpt2.context_length", 8),
         ("gpt2.embedding_length", 4), ("gpt2.attention.head_count", 2)],
        [tensor("token_embd.weight", [3, 4], 0, 0), tensor("blk.0.attn_qkv.weight", [12, 4], 0, 64)], bytes(64 + 192)))
    fused = [tensor("token_embd.weight", [3, 4], 0, 0), tensor("blk.0.attn_qkv.weight", [12, 4], 0, 64),
             tensor("blk.0.attn_qkv.bias", [12], 0, 256)]
    neox = [("general.architecture", "gptneox"), ("gptneox.block_count", 1), ("gptneox.context_length", 8),
            ("gptneox.embedding_length", 4), ("gptneox.feed_forward_length", 8), ("gptneox.attention.head_count", 2),
            ("gptneox.attention.layer_norm_epsilon", 1e-5), ("gptneox.rope.dimension_count", 2),
            ("gptneox.use_parallel_residual", True)]
    put("gguf", "gptneox", gguf(neox, fused, bytes(256 + 64)))
    put("gguf", "gptneox-grouped", gguf(neox + [("gptneox.attention.head_count_kv", 1)], fused, bytes(256 + 64)))
    apart = [tensor("token_embd.weight", [3, 4], 0, 0), tensor("token_types.weight", [2, 4], 0, 64),
             tensor("blk.0.attn_q.weight", [4, 4], 0, 96), tensor("blk.0.attn_k.weight", [4, 4], 0, 160)]
    bert = [("general.architecture", "bert"), ("bert.block_count", 1), ("bert.context_length", 8),
            ("bert.embedding_length", 4), ("bert.feed_forward_length", 8), ("bert.attention.head_count", 2),
            ("bert.attention.layer_norm_epsilon", 1e-12), ("bert.attention.causal", False), ("bert.pooling_type", 1),
            ("tokenizer.ggml.token_type_count", 2)]
    put("gguf", "bert", gguf(bert, apart, bytes(160 + 64)))
    put("gguf", "bert-bare", gguf(bert[:6], apart[:1] + apart[2:], bytes(160 + 64)))
    put("gguf", "bert-causal", gguf(bert[:7] + [("bert.attention.causal", True)], apart, bytes(160 + 64)))
    put("gguf", "falcon", gguf([("general.architecture", "falcon")], [], b""))

    kinds = {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 12: (256, 144),
             13: (256, 176), 14: (256, 210), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 30: (1, 2)}
    entries, data = [], b""
    for kind, (elements, size) in kinds.items():
        entries.append(tensor(f"t{kind}", [1, elements], kind, len(data)))
        block = bytes((i * 37 + kind) % 256 for i in range(size))
        data += block + bytes(-len(block) % 32)
    put("gguf", "every-type", gguf([], entries, data))
    scalars = [(f"k{kind}", u32(kind) + bytes(size)) for kind, size in
               [(0, 1), (1, 1), (2, 2), (3, 2), (4, 4), (5, 4), (6, 4), (7, 1), (8, 8), (10, 8), (11, 8), (12, 8)]]
    put("gguf", "every-value", gguf(scalars, [], b""))
    put("gguf", "every-list", gguf([(key, u32(9) + kind[:4] + u64(2) + 2 * kind[4:]) for key, kind in scalars], [], b""))

    one = [tensor("a", [2], 0, 0)]
    put("gguf", "alignment", gguf([("general.alignment", 64)], one, bytes(96)))
    put("gguf", "odd-alignment", gguf([("general.alignment", 24)], one, bytes(64)))
    put("gguf", "nested", gguf([("k", list_of(9, [u32(9) + u64(1) + u32(4) + u64(1) + u32(7)]))], one, bytes(32)))
    put("gguf", "deep", gguf([("k", u32(9) + (u32(9) + u64(1)) * 60)], [], b""))
    put("gguf", "long-text", gguf([("k", u32(8) + u64((1 << 64) - 1))], [], b""))
    put("gguf", "long-list", gguf([("k", u32(9) + u32(8) + u64(1 << 40))], [], b""))
    put("gguf", "counts", gguf([], [], b"", counts=((1 << 63), (1 << 63))))
    put("gguf", "overlap", gguf([], [tensor("a", [16], 0, 0), tensor("b", [16], 0, 32)], bytes(128)))
    put("gguf", "beyond", gguf([], [tensor("a", [16], 0, 1 << 40)], bytes(64)))
    put("gguf", "overflow", gguf([], [tensor("a", [1 << 40, 1 << 40], 0, 0)], bytes(64)))
    put("gguf", "hidden-overflow", gguf([], [tensor("a", [0, 1 << 62, 1 << 62], 0, 0)], bytes(64)))
    put("gguf", "broken-row", gguf([], [tensor("a", [2, 48], 2, 0)], bytes(64)))
    put("gguf", "twice", gguf([("k", 1), ("k", 2)], one * 2, bytes(64)))
    put("gguf", "big-endian", gguf([], [], b"", version=3 << 24))
    put("gguf", "cut-short", gguf(llama(), model, data)[:200])


def make_model_config():
    def add(name, **members):
        put("model_config", name, json.dumps(members))

    common = dict(num_hidden_layers=2, hidden_size=8, num_attention_heads=2, intermediate_size=16, vocab_size=10,
                  max_position_embeddings=32)
    grouped = dict(common, num_key_value_heads=1, head_dim=4)
    llama3 = dict(rope_type="llama3", factor=8, low_freq_factor=1, high_freq_factor=4,
                  original_max_position_embeddings=16)
    add("gpt2", architectures=["GPT2LMHeadModel"], n_layer=2, n_embd=8, n_head=2, n_positions=16, vocab_size=10,
        n_inner=None, activation_function="gelu_new")
    add("neox-older", architectures=["GPTNeoXForCausalLM"], rotary_pct=.5, rotary_emb_base=10000, hidden_act="gelu",
        use_parallel_residual=False, **common)
    add("neox-newer", architectures=["GPTNeoXForCausalLM"], hidden_act="gelu",
        rope_parameters=dict(partial_rotary_factor=.5, rope_theta=1e4, rope_type="default"), **common)
    add("llama-older", architectures=["LlamaForCausalLM"], rope_theta=5e5, rope_scaling=llama3, rms_norm_eps=1e-5,
        **grouped)
    add("llama-newer", architectures=["LlamaForCausalLM"], rope_parameters=dict(llama3, rope_theta=5e5), **grouped)
    add("llama-type", model_type="llama", **grouped)
    add("mistral", architectures=["MistralForCausalLM"], sliding_window=16, rope_scaling={"type": "linear", "factor": 2},
        **grouped)
    add("qwen2", architectures=["Qwen2ForCausalLM"], use_sliding_window=True, sliding_window=4, max_window_layers=1,
        **grouped)
    add("qwen3", architectures=["Qwen3ForCausalLM"], use_sliding_window=True, sliding_window=4,
        layer_types=["sliding_attention", "full_attention"],
        rope_parameters={"full_attention": {"rope_theta": 1e6}, "sliding_attention": {"rope_theta": 1e6}}, **grouped)
    add("bert", model_type="bert", type_vocab_size=2, layer_norm_eps=1e-12, hidden_act="gelu", **common)
    add("quantised", architectures=["LlamaForCausalLM"], quantization_config={"quant_method": "gptq"}, **grouped)
    add("unknown", architectures=["FalconForCausalLM"])
    add("wrong-kinds", architectures=["LlamaForCausalLM"], **dict(grouped, hidden_size="8", head_dim=[4], vocab_size=-1))
    add("huge", architectures=["LlamaForCausalLM"], **dict(grouped, hidden_size=1 << 64, num_hidden_layers=1e300))
    put("model_config", "deep", '{"architectures":' + "[" * 300)
    put("model_config", "repeated", '{"model_type":"llama","model_type":"bert"}')


def make_shard_index():
    def add(name, shards):
        put("shard_index", name, json.dumps({"metadata": {"total_size": 8}, "weight_map": shards}))

    add("two", {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"})
    add("parent", {"a": "../a"})
    add("absolute", {"a": "/etc/passwd"})
    add("zero", {"a": "a\0b"})
    add("dots", {"a": "..", "b": "."})
    add("number", {"a": 1})
    add("empty", {})
    put("shard_index", "twice", '{"weight_map":{"a":"x","a":"y"}}')
    put("shard_index", "map-twice", '{"weight_map":{"a":"x"},"weight_map":{"a":"y"}}')
    put("shard_index", "nested", '{"x":{"weight_map":{"a":"x","a":"y"}},"weight_map":{"a":"x"}}')
    put("shard_index", "list", '{"weight_map":["a"]}')


if __name__ == "__main__":
    make_gguf()
    make_model_config()
    make_shard_index()
