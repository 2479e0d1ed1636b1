#!/usr/bin/env python3
"""Asks `explain` for every network that make_zoo.py exported, and compares with what torch says of it.

    check.py EXPLAIN FOLDER [NAME...]     # files whose name begins so; all without a name

For each file: whether it loads; the output in float against torch's in double (limit 1e-4 of the largest value), where a
softmax or sigmoid at the end is left out by `explain`; the gradient in double (limit 1e-6); and whether the books of lrp_q,
epsilon_plus, epsilon_gamma_box and deep_lift close, which `explain` itself judges. Prints a line for each file that misses
something, and last a table by group. Exit code 1 where a file that loads is wrong. Needs numpy and onnx.
"""
import collections, glob, json, os, subprocess, sys, tempfile

import numpy as np
import onnx

METHODS = {"lrp_q": [], "epsilon_plus": [], "deep_lift": [], "epsilon_gamma_box": ["--low=-3", "--high=3"]}
HEADS = {"Softmax": lambda y, axis: np.exp(y - y.max(axis, keepdims=True)) / np.exp(y - y.max(axis, keepdims=True)).sum(axis, keepdims=True),
         "LogSoftmax": lambda y, axis: y - y.max(axis, keepdims=True) - np.log(np.exp(y - y.max(axis, keepdims=True)).sum(axis, keepdims=True)),
         "Sigmoid": lambda y, axis: 1 / (1 + np.exp(-y))}


def head_of(graph):
    """The softmax or sigmoid at the end of the first output, and its axis."""
    by = {o: n for n in graph.node for o in n.output}
    name = graph.output[0].name
    while name in by:
        node = by[name]
        if node.op_type in HEADS:
            return node.op_type, next((a.i for a in node.attribute if a.name == "axis"), -1)
        if node.op_type not in ("Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Cast"):
            return None
        name = node.input[0]
    return None


def difference(found, wanted):
    found, wanted = np.asarray(found, float).ravel(), np.asarray(wanted, float).ravel()
    if found.size != wanted.size:
        return np.inf
    return abs(found - wanted).max() / max(abs(wanted).max(), 1e-30)


def explain(program, model, x, arguments):
    p = subprocess.run([program, model, x] + arguments, capture_output=True, text=True, timeout=600)
    return p.returncode, (p.stderr.strip().splitlines() or [""])[-1 if p.returncode else 0]


def check(program, path, data):
    """What is missing or wrong of one file: (loads, [text])."""
    said = []
    head = head_of(onnx.load(path, load_external_data=False).graph)
    with tempfile.TemporaryDirectory() as t:
        x, y, r = (os.path.join(t, n) for n in ("x.npy", "y.npy", "r.npy"))
        given = data["input"]
        np.save(x, given.astype(np.float32))
        code, error = explain(program, path, x, ["--output-values", y])
        if code:
            return False, [error]
        scores = np.load(y).astype(float)
        found = HEADS[head[0]](scores.reshape(data["output"].shape), head[1]) if head and scores.size == data["output"].size else scores
        if not difference(found, data["output"]) <= 1e-4:
            said.append("output off by %.1e" % difference(found, data["output"]))
        target = ["--target", str(int(data["target"]))]
        arguments = ["--method", "gradient", "--precision", "double", "--relevance", r]
        code, error = explain(program, path, x, arguments + target + (["--probability"] if head else []))
        if code:
            said.append("gradient: " + error)
        elif not difference(np.load(r), data["grad"]) <= 1e-6:
            said.append("gradient off by %.1e" % difference(np.load(r), data["grad"]))
        for method, more in METHODS.items():
            code, error = explain(program, path, x, ["--method", method, "--precision", "double"] + more + target)
            if code:
                said.append(method + ": " + error)
    return True, said


def main():
    program, folder, names = os.path.abspath(sys.argv[1]), sys.argv[2], tuple(sys.argv[3:])
    count = collections.defaultdict(lambda: [0, 0, 0])
    wrong = False
    for path in sorted(glob.glob(os.path.join(folder, "*.onnx"))):
        file = os.path.basename(path)
        name = file.split(".")[0] if not os.path.exists(os.path.join(folder, file.rsplit(".", 2)[0] + ".npz")) else file.rsplit(".", 2)[0]
        if names and not file.startswith(names):
            continue
        about = json.load(open(os.path.join(folder, name + ".json")))
        data = np.load(os.path.join(folder, name + ".npz"), allow_pickle=True)
        if "input" not in data or "output" not in data or "grad" not in data:
            continue
        loads, said = check(program, path, data)
        tally = count[about["group"]]
        tally[0] += 1
        tally[1] += loads
        tally[2] += loads and not said
        wrong |= loads and bool(said)
        if said:
            print("%-44s %s" % (file, "; ".join(said)[:300]), flush=True)
    print("\n%-10s %8s %8s %8s" % ("group", "files", "load", "agree"))
    for group, tally in sorted(count.items()):
        print("%-10s %8d %8d %8d" % (group, *tally))
    sys.exit(wrong)


main()
