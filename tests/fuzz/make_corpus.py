"""Writes the seeds of the fuzz targets below tests/fuzz/corpus: small well-formed files of each format, and the
malformed ones a reader meets most. Needs numpy for what numpy itself should have written.

    python3 tests/fuzz/make_corpus.py
"""

import io
import json
import pathlib
import struct
import zipfile

import numpy

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
FIRST_DAY = (1980, 1, 1, 0, 0, 0)


def put(folder, name, content):
    path = CORPUS / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def safetensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def make_safetensors():
    def add(name, *arguments, **options):
        put("safetensors", name, safetensors(*arguments, **options))

    add("plain", {"embeddings": entry("F32", [2, 3], 0, 24)}, bytes(24))
    add("metadata", {"__metadata__": {"encoder": "β"}, "a": entry("BF16", [2], 0, 4)}, bytes(4))
    add("every-dtype", {
        name: entry(name, [1], 8 * i, 8 * i + size)
        for i, (name, size) in enumerate([("F64", 8), ("I64", 8), ("U64", 8)])
    }, bytes(24))
    add("small-dtypes", {
        name: entry(name, [1], i, i + 1) for i, name in enumerate(["I8", "U8", "BOOL"])
    }, bytes(3))
    add("half", {"a": entry("F16", [1], 0, 2), "b": entry("I16", [1], 2, 4), "c": entry("U16", [], 4, 6)}, bytes(6))
    add("empty", {})
    add("empty-tensor", {"a": entry("F32", [0, 5], 0, 0)})
    add("gap", {"a": entry("F32", [1], 4, 8)}, bytes(8))
    add("overlap", {"a": entry("F32", [1], 0, 4), "b": entry("F32", [1], 2, 6)}, bytes(8))
    add("overflow", {"a": entry("F32", [1 << 32, 1 << 32], 0, 4)}, bytes(4))
    add("hidden-overflow", {"a": entry("F32", [0, 1 << 40, 1 << 40], 0, 0)})
    add("twice", b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{}}', bytes(1))
    add("deep", b'{"a":' + b"[" * 200)
    add("huge-header", {}, length=(1 << 64) - 1)
    add("cut-short", {"a": entry("F32", [9], 0, 36)}, bytes(3))


def npy_bytes(array, version=None):
    file = io.BytesIO()
    numpy.lib.format.write_array(file, array, version=version)
    return file.getvalue()


def make_npy():
    for dtype in ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "b1"]:
        put("npy", dtype, npy_bytes(numpy.arange(6).reshape(2, 3).astype(dtype)))
    put("npy", "fortran", npy_bytes(numpy.asfortranarray(numpy.arange(6, dtype="f4").reshape(2, 3))))
    put("npy", "scalar", npy_bytes(numpy.float32(1)))
    put("npy", "empty", npy_bytes(numpy.zeros((0, 4), "f4")))
    put("npy", "version-2", npy_bytes(numpy.zeros(2, "f4"), (2, 0)))
    put("npy", "version-3", npy_bytes(numpy.zeros(2, "f4"), (3, 0)))
    put("npy", "big-endian", npy_bytes(numpy.zeros(2, ">f4")))
    put("npy", "text", npy_bytes(numpy.array(["ab", "c"])))
    put("npy", "complex", npy_bytes(numpy.zeros(2, "c8")))
    put("npy", "records", npy_bytes(numpy.zeros(2, [("x", "f4")])))
    put("npy", "objects", npy_bytes(numpy.array([None], object)))
    put("npy", "truncated", npy_bytes(numpy.zeros(9, "f8"))[:140])


def archive(members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as target:
        for name, content in members:
            target.writestr(zipfile.ZipInfo(name, FIRST_DAY), content, compression)
    return file.getvalue()


def make_npz():
    bank = [("embeddings.npy", npy_bytes(numpy.arange(6, dtype="f4").reshape(2, 3))),
            ("texts.npy", npy_bytes(numpy.frombuffer(b"one\ntwo\n", "u1")))]
    put("npz", "stored", archive(bank))
    put("npz", "deflated", archive(bank, zipfile.ZIP_DEFLATED))
    put("npz", "compressible", archive([("zeros.npy", npy_bytes(numpy.zeros(5000, "f4")))], zipfile.ZIP_DEFLATED))
    put("npz", "other-members", archive(bank + [("notes.txt", b"hello"), ("folder/", b"")]))
    put("npz", "bzip2", archive(bank, zipfile.ZIP_BZIP2))
    put("npz", "empty", archive([]))
    put("npz", "objects", archive([("a.npy", npy_bytes(numpy.array([None], object)))]))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        with target.open(zipfile.ZipInfo("a.npy", FIRST_DAY), "w", force_zip64=True) as member:
            member.write(bank[0][1])
    put("npz", "zip64-local", file.getvalue())
    put("npz", "zip64-directory", with_zip64_end(archive(bank)))
    put("npz", "comment", archive(bank)[:-2] + struct.pack("<H", 5) + b"hello")
    whole = archive(bank)
    put("npz", "truncated", whole[:-30])
    put("npz", "damaged-deflate", damaged(archive(bank, zipfile.ZIP_DEFLATED)))


def with_zip64_end(content):
    end = content.rfind(b"PK\x05\x06")
    count, size, offset = struct.unpack_from("<HII", content, end + 10)
    record = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<IIQI", 0x07064B50, 0, end, 1)
    tail = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return content[:end] + record + locator + tail


def damaged(content):
    at = content.find(b"embeddings.npy") + 30
    return content[:at] + b"\xff" * 8 + content[at + 8:]


# Pickles of protocol 2, opcode by opcode, the way PyTorch writes them.


def text(value):
    encoded = value.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def number(value):
    return b"J" + struct.pack("<i", value)


def tuple_of(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def tensor(key, count, offset, shape, strides, kind="FloatStorage"):
    storage = b"(" + text("storage") + b"ctorch\n" + kind.encode() + b"\n" + text(key) + text("cpu") + number(count) + b"tQ"
    return (b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset) + tuple_of(shape) + tuple_of(strides)
            + b"\x89ccollections\nOrderedDict\n)RtR")


def latin1(value):
    return b"c_codecs\nencode\n(" + text(value.decode("latin1")) + text("latin1") + b"tR"


def dtype(name, order="<"):
    return (b"cnumpy\ndtype\n(" + text(name) + b"\x89\x88tR(K\x03" + text(order) + b"NNN" + number(-1) + number(-1)
            + b"K\x00tb")


def make_pytorch():
    # Alone, a storage's key is its size in bytes.
    pickles = {
        "bank": b"}" + text("embeddings") + tensor("24", 6, 0, [2, 3], [3, 1]) + b"s",
        "bare": tensor("8", 2, 1, [1], [1]),
        "nested": b"}(" + text("a") + b"}" + text("b") + tensor("8", 2, 0, [2], [1]) + b"s" + b"K\x01" + b"]" + tensor(
            "4", 2, 0, [2], [1], "HalfStorage") + b"au",
        "ordered": b"ccollections\nOrderedDict\n)R" + text("w") + tensor("8", 2, 0, [2], [1]) + b"s}" + text(
            "_metadata") + b"}sb",
        "parameter": b"ctorch._utils\n_rebuild_parameter\n(" + tensor("8", 1, 0, [1], [1], "LongStorage")
                     + b"\x88ccollections\nOrderedDict\n)RtR",
        "texts": b"}" + text("texts") + b"](" + text("one") + text("two") + b"es",
        "scalar": b"cnumpy.core.multiarray\nscalar\n(" + dtype("f4") + latin1(b"\x00\x00\x80\x3f") + b"tR",
        "array": b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85" + latin1(b"b") + b"tR(K\x01"
                 + tuple_of([2]) + dtype("u1") + b"\x89" + latin1(b"\xe9\x01") + b"tb",
        "fortran-array": b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85" + latin1(b"b")
                         + b"tR(K\x01" + tuple_of([2, 3]) + dtype("u1", "|") + b"\x88" + latin1(b"abcdef") + b"tb",
        "numbers": b"](K\x01M\x01\x02J\x01\x02\x03\x04\x8a\x02\xff\xffG\x3f\xf0\x00\x00\x00\x00\x00\x00NN\x88\x89e",
        "protocol-4": b"\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01aK\x01s\x8c\x05torch\x8c\x0cFloatStorage\x930",
        "memo": b"]q\x00h\x00r\x01\x00\x00\x00j\x01\x00\x00\x000",
        "circle": b"]q\x00h\x00a",
        "evil": b"cos\nsystem\n" + text("true") + b"\x85R",
        "beyond": tensor("8", 2, 1, [2], [1]),
        "repeats": tensor("4", 1, 0, [100000, 100000], [0, 0]),
    }
    for name, pickle in pickles.items():
        put("pytorch_zip", name, b"\x80\x02" + pickle + b".")
    bank = b"\x80\x02}" + text("embeddings") + tensor("0", 6, 0, [2, 3], [3, 1]) + b"s."
    members = [("bank/data.pkl", bank), ("bank/byteorder", b"little"), ("bank/data/0", bytes(24)),
               ("bank/version", b"3\n")]
    put("pytorch_zip", "archive", archive(members))
    put("pytorch_zip", "archive-deflated", archive(members, zipfile.ZIP_DEFLATED))
    put("pytorch_zip", "archive-big-endian", archive([members[0], ("bank/byteorder", b"big"), members[2]]))
    put("pytorch_zip", "archive-without-storage", archive(members[:2]))


def make_text_files():
    put("text_files", "lines", "one\r\n\ntwo\tgloss\nthree")
    put("text_files", "questions", '{"question": "a β", "id": [1, {"x": null}]}\n\n{"question": "b\\u00e9"}\n')
    put("text_files", "byte-order-mark", b"\xef\xbb\xbfone\n")
    put("text_files", "latin1", b"caf\xe9\n")
    put("text_files", "utf8-borders", b"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\n\xf0\x90\x80\x80\n\xe0\xa0\x80")
    put("text_files", "deep", '{"a":' + "[" * 300)
    put("text_files", "wrong-kinds", '{"question": 1}\n[1]\n"x"\n')


# Tokenizers: byte pairs over a handful of letters, in each of the two files they come in.


def make_tokenizer_json():
    letters = {letter: i for i, letter in enumerate("abcdef\u0120\u2581")} | {"ab": 8, "\u2581ab": 9, "<0x0A>": 10}
    model = {"type": "BPE", "vocab": letters, "merges": ["a b", ["\u2581", "ab"]]}

    def add(name, change=None, **members):
        put("tokenizer_json", name + ".json", json.dumps({"model": model | (change or {})} | members))

    def sequence(*parts):
        return {"type": "Sequence", "pretokenizers": list(parts)}

    def split(pattern, behavior="Isolated", kind="Regex"):
        return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": False}

    bytes_last = {"type": "ByteLevel", "add_prefix_space": True, "use_regex": False}
    add("byte_level", pre_tokenizer={"type": "ByteLevel"})
    add("byte_level_early", pre_tokenizer=sequence({"type": "ByteLevel"}, {"type": "Digits", "individual_digits": True}))
    add("splits", pre_tokenizer=sequence(split("(?i:'s)|[^\\s\\p{L}]+|\\s+(?!\\S)"), split("[(a|[b-c])]", "Removed"),
                                         split("a", "MergedWithNext", "String"), bytes_last))
    add("empty_matches", pre_tokenizer=split("x*|(?=a)", "MergedWithPrevious"))
    add("endless", pre_tokenizer=split("(a+)+b|(a|aa)+$"))
    add("recursion", pre_tokenizer=split("(a(?1)?b)|\\K(?=\\Ka)"))
    add("metaspace", {"unk_token": "f", "fuse_unk": True}, pre_tokenizer={"type": "Metaspace", "prepend_scheme": "first"})
    add("llama", {"byte_fallback": True}, normalizer={"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": "\u2581"}, {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]})
    add("forms", normalizer={"type": "Sequence", "normalizers": [
        {"type": form} for form in ["NFC", "NFKD", "Lowercase", "StripAccents", "NFD", "NFKC", "Strip"]]})
    add("word_ends", {"end_of_word_suffix": "f", "continuing_subword_prefix": "a", "merges": []},
        pre_tokenizer={"type": "Whitespace"})
    add("missing_merge", {"merges": ["a z"]})


def gguf(values):
    def sized(value):
        return struct.pack("<Q", len(value.encode())) + value.encode()

    def typed(value):
        if isinstance(value, bool):
            return 7, struct.pack("<B", value)
        if isinstance(value, int):
            return 4, struct.pack("<I", value)
        if isinstance(value, float):
            return 6, struct.pack("<f", value)
        if isinstance(value, str):
            return 8, sized(value)
        kind = typed(value[0])[0]
        return 9, struct.pack("<IQ", kind, len(value)) + b"".join(typed(item)[1] for item in value)

    header = b"GGUF" + struct.pack("<IQQ", 3, 0, len(values))
    for key, value in values.items():
        kind, content = typed(value)
        header += sized("tokenizer.ggml." + key) + struct.pack("<I", kind) + content
    return header


def make_gguf_tokenizer():
    letters = list("abcdef\u0120\u010a") + ["ab", "\u0120ab", "<|end|>"]
    plain = {"model": "gpt2", "pre": "smollm", "tokens": letters, "merges": ["a b", "\u0120 ab"],
             "token_type": [1] * 10 + [3], "bos_token_id": 10}
    put("gguf_tokenizer", "smollm", gguf(plain))
    put("gguf_tokenizer", "begins", gguf(plain | {"pre": "llama-bpe", "add_bos_token": True, "add_eos_token": False}))
    put("gguf_tokenizer", "composed", gguf(plain | {"pre": "qwen2"}))
    put("gguf_tokenizer", "unknown_split", gguf(plain | {"pre": "nonsense"}))
    put("gguf_tokenizer", "types_missing", gguf({key: plain[key] for key in plain if key != "token_type"}))
    put("gguf_tokenizer", "types_few", gguf(plain | {"token_type": [1]}))
    put("gguf_tokenizer", "bad_merge", gguf(plain | {"merges": ["ab"]}))
    pieces = ["<unk>", "<s>", "\u2581", "a", "b", "ab", "\u2581ab", "<0x0A>"]
    scores = [0.0, 0.0, -3.0, -4.0, -5.0, -2.0, -1.0, 0.0]
    piece = {"model": "llama", "tokens": pieces, "scores": scores, "token_type": [2, 3, 1, 1, 1, 1, 1, 6],
             "unknown_token_id": 0, "bos_token_id": 1}
    put("gguf_tokenizer", "pieces", gguf(piece))
    put("gguf_tokenizer", "pieces_bare", gguf(piece | {"add_space_prefix": False, "add_bos_token": True}))
    put("gguf_tokenizer", "scores_nan", gguf(piece | {"scores": [float("nan")] * 8}))
    put("gguf_tokenizer", "bos_beyond", gguf(piece | {"bos_token_id": 8}))
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "\u2581un", "aff", "able", "\u2581caf\u00e9", "\u2581", "",
             "\u2581!"]
    word = {"model": "bert", "tokens": words, "token_type": [3] * 5 + [1] * 7, "cls_token_id": 2,
            "seperator_token_id": 3, "unknown_token_id": 1, "padding_token_id": 0, "mask_token_id": 4}
    put("gguf_tokenizer", "words", gguf(word))
    put("gguf_tokenizer", "words_bare", gguf({key: word[key] for key in ("model", "tokens")}))
    put("gguf_tokenizer", "words_added", gguf(word | {"token_type": [3] * 5 + [1] * 5 + [4, 4]}))
    put("gguf_tokenizer", "words_cased", gguf(word | {"tokens": words[:-1] + ["\u2581Unaffable"]}))
    put("gguf_tokenizer", "words_unmarked", gguf(word | {"tokens": ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + ["##a"] * 8}))
    put("gguf_tokenizer", "words_beyond", gguf(word | {"mask_token_id": 12}))


if __name__ == "__main__":
    make_tokenizer_json()
    make_gguf_tokenizer()
    make_safetensors()
    make_npy()
    make_npz()
    make_pytorch()
    make_text_files()
