#!/usr/bin/env python3
"""Writes the files of this folder with a program: inputs of its own making, then what every command makes of them.

    make.py PROGRAM

They were made once, by version 0.1, and are not made again: each later version must read them (tests/cli/
written_files_test.cpp). A file that a later version writes goes into a folder of its own.
"""
import json
import math
import os
import struct
import subprocess
import sys
from pathlib import Path

HIDDEN, HEADS, KEY_HEADS, HEAD_DIM, LAYERS, MLP, POSITIONS = 16, 4, 2, 4, 3, 24, 64
FOLDER = Path(__file__).resolve().parent


def number(i, k):
    """Neither random nor regular: the same everywhere."""
    x = math.sin(i * 12.9898 + k * 78.233) * 43758.5453
    return x - math.floor(x) - 0.5


def safetensors(path, tensors):
    header, data = {}, b""
    for k, (name, (shape, scale, offset)) in enumerate(tensors.items()):
        values = [offset + scale * number(i, k) for i in range(math.prod(shape))]
        start = len(data)
        data += struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def byte_alphabet():
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in kept]
    return {**{b: chr(b) for b in kept}, **{b: chr(256 + i) for i, b in enumerate(others)}}


def model(folder):
    folder.mkdir(exist_ok=True)
    alphabet = byte_alphabet()
    tokens = [alphabet[b] for b in range(256)]
    merges = ["t h", "th e", "Ġ the", "i n", "a n", "e r", "o n"]
    tokens += [m.replace(" ", "") for m in merges] + ["<|end|>"]
    tokenizer = {
        "added_tokens": [{"id": len(tokens) - 1, "content": "<|end|>", "special": True}],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
        "post_processor": {"type": "ByteLevel"},
        "model": {"type": "BPE", "vocab": {t: i for i, t in enumerate(tokens)}, "merges": merges},
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=True))
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": len(tokens), "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": KEY_HEADS,
        "head_dim": HEAD_DIM, "intermediate_size": MLP, "max_position_embeddings": POSITIONS, "hidden_act": "silu",
        "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": True,
    }
    (folder / "config.json").write_text(json.dumps(config))
    weights = {"model.embed_tokens.weight": ([len(tokens), HIDDEN], 1.4, 0), "model.norm.weight": ([HIDDEN], .2, 1)}
    for i in range(LAYERS):
        layer = f"model.layers.{i}."
        weights[layer + "input_layernorm.weight"] = ([HIDDEN], .2, 1)
        weights[layer + "post_attention_layernorm.weight"] = ([HIDDEN], .2, 1)
        for name, rows, columns in (("self_attn.q_proj", HEADS * HEAD_DIM, HIDDEN),
                                    ("self_attn.k_proj", KEY_HEADS * HEAD_DIM, HIDDEN),
                                    ("self_attn.v_proj", KEY_HEADS * HEAD_DIM, HIDDEN),
                                    ("self_attn.o_proj", HIDDEN, HEADS * HEAD_DIM), ("mlp.gate_proj", MLP, HIDDEN),
                                    ("mlp.up_proj", MLP, HIDDEN), ("mlp.down_proj", HIDDEN, MLP)):
            weights[layer + name + ".weight"] = ([rows, columns], 1.4, 0)
    safetensors(folder / "model.safetensors", weights)


TEXT = """The gradient of a softmax has two parts. One scales each score by itself, the other moves what is taken from
one key to all the others. In the first layers the second part is small, and later it is not. A head that looks at one
token alone has almost no gradient, since the probability of that token is near one. On the other hand a head that looks
at everything in the same way moves each key by its distance from the mean. The ratio of the two is measured here, in
every layer and for every head, then and now. """

# What is run: its file, then the command without --out. Files are named within the folder.
COMMANDS = {
    "retrieval.json": "retrieval --bank bank.safetensors --rows 0,3 --beta 2,8 --steps 4 --mode all --separation"
                      " --beta-table 1,2,3 --lambda .25",
    "sweep.json": "retrieval --letters --rows 1 --beta 4 --steps 2 --sweep --origin-beta 5 --origin-steps 3",
    "retrieval.npz": "retrieval --bank bank.safetensors --rows 1 --beta 4 --steps 3",
    "retrieval.csv": "retrieval --letters --rows 2 --beta 12 --steps 3",
    "logits.json": "logits --model model --text short.txt",
    "attention.json": "attention --model model --text short.txt --rows --scores --random-induction --map 1,2",
    "attention_texts.json": "attention --model model --texts texts.txt --beta 2",
    "attention.npz": "attention --model model --prompt then --rows --map 0,1",
    "cv_tensors.json": "cv --tensor bank.safetensors --samples 60 --histogram --seed 5",
    "cv_model.json": "cv --model model --text short.txt --samples 40 --pool 32 --points 4 --band .2,.4 --layers 0:1",
    "cv_experiment.json": "cv --experiment --dims 16 --heads 1,2 --epochs 4 --every 2",
    "align.json": "align --model model --anchor 0 --operator ov --topk 3 --per-head --maps --spectra --match --norm-gain",
    "align_left.json": "align --model model --directions left --topk 2",
    "jacobian.json": "jacobian --model model --text text.txt --seq-len 12 --blocks 4 --layers 0:1",
    "jacobian_captures.json": "jacobian --captures captures.safetensors",
    "jacobian_experiment.json": "jacobian --experiment --text text.txt --method bp,dfa --softmax-grad diag"
                                " --steps 1 --every 1",
    "residual.json": "residual --model model --text text.txt --layers 1,2 --ranks 1,2 --seq-len 16 --blocks 3"
                     " --calibration-blocks 2 --residual-form tail --top-k 2 --exclude-sink --centred --two-nn"
                     " --token-losses",
    "residual_leading.json": "residual --model model --text text.txt --heads 1:0,2:3 --ranks 1 --seq-len 16 --blocks 3"
                             " --calibration leading --output-weighted --precision bfloat16",
}
# Figures: the file, and what `figure` is asked.
FIGURES = {
    "entropy.svg": "--bank bank.safetensors --rows 0 --panel entropy --beta 4",
    "spectrum.pdf": "--bank bank.safetensors --panel spectrum",
    "map.svg": "--model model --prompt then --panel map --layer 1 --head 2",
    "bands.svg": "cv_model.json --panel band",
    "training.svg": "cv_experiment.json --panel training",
    "profile.svg": "align.json --panel profile",
    "energy.svg": "jacobian.json --panel energy",
    "curve.svg": "residual.json --panel curve",
    "hysteresis.json": "--letters --rows 0 --panel hysteresis",
    "heads.png": "--model model --prompt then --panel heads --dpi 40",
}


def main():
    program = Path(sys.argv[1]).resolve()
    os.chdir(FOLDER)
    model(Path("model"))
    safetensors(Path("bank.safetensors"), {"bank": ([24, 6], 2, .1)})
    Path("text.txt").write_text(TEXT * 2)
    Path("short.txt").write_text(TEXT[:60])
    Path("texts.txt").write_text("one text\nanother of them\n")
    rows = {}
    probabilities, gradients = [], []
    for r in range(2 * 2 * 5):
        weights = [abs(number(r * 5 + k, 7)) + .05 if k <= r % 5 else 0.0 for k in range(5)]
        probabilities += [w / sum(weights) for w in weights]
        gradients += [number(r * 5 + k, 8) for k in range(5)]
    header, data = {}, b""
    for name, values in (("A", probabilities), ("g", gradients)):
        start = len(data)
        data += struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": [2, 2, 5, 5], "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    Path("captures.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)

    def run(*arguments):
        done = subprocess.run([program, *arguments, "--progress", "none"], capture_output=True, text=True)
        if done.returncode:
            print(arguments, done.returncode, done.stderr, file=sys.stderr)

    for file, line in COMMANDS.items():
        run(*line.split(), "--out", file, "--format", Path(file).suffix[1:])
    for file, line in FIGURES.items():
        run("figure", *line.split(), "--out", file)
    Path("commands.json").write_text(json.dumps({"commands": COMMANDS, "figures": FIGURES}, indent=1) + "\n")


if __name__ == "__main__":
    main()
