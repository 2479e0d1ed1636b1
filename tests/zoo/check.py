#!/usr/bin/env python3
"""Asks `explain` for every network that make_zoo.py exported, and compares with what torch says of it.

    check.py EXPLAIN FOLDER [NAME...]              # files whose name begins so; all without a name
    check.py EXPLAIN FOLDER --results FILE.jsonl   # a line a file; what has one is not done again
    check.py EXPLAIN FOLDER --results FILE.jsonl --summary

For each file: whether it loads; the output against torch's in double (limit 1e-4 of the largest value; in float that too,
or four times what onnxruntime is off; a softmax or sigmoid at the end, which `explain` leaves out, is made of its scores
here); the gradient in double against torch's, or torch's with the file's own weights (limit 1e-6; of token ids by the rows
that they choose); and whether the books of METHODS close, which `explain` itself judges. Where the gradient is neither, or
torch has none, it is held to differences of `explain`'s own outputs in double (limit 1e-5). A file is explained if its output
and its gradient agree and all books close.
Prints a line for each file of which something is to be said, and last a table by group. Exit code 1 where a file that loads
is wrong. Needs numpy, onnx and onnxruntime.
"""
import argparse, collections, glob, json, os, subprocess, sys, tempfile

import numpy as np
import onnx
import onnxruntime

METHODS = (("attn_lrp", "float"), ("lrp", "double"))  # besides gradient_times_input, in double
OUTPUT_LIMIT, GRADIENT_LIMIT, DIFFERENCES_LIMIT = 1e-4, 1e-6, 1e-5


def exponentials(y, axis):
    return np.exp(y - y.max(axis, keepdims=True))


HEADS = {"Softmax": lambda y, axis: exponentials(y, axis) / exponentials(y, axis).sum(axis, keepdims=True),
         "LogSoftmax": lambda y, axis: y - y.max(axis, keepdims=True) - np.log(exponentials(y, axis).sum(axis, keepdims=True)),
         "Sigmoid": lambda y, axis: 1 / (1 + np.exp(-y))}


class Refused(Exception):
    """What `explain` said."""


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


class Model:
    """A file, and `explain` with its inputs. The first is explained, the others (masks, types) are held."""

    def __init__(self, program, path, inputs, folder):
        self.program, self.path, self.folder = program, path, folder
        (self.name, self.x), *others = inputs.items()
        self.held = []
        for name, value in others:
            np.save(self.file(name), value)
            self.held += ["--input", f"{name}={self.file(name)}"]

    def file(self, name):
        return os.path.join(self.folder, name + ".npy")

    def explain(self, *arguments, x=None):
        """The outputs, and what `--multipliers` asked for."""
        np.save(self.file("x"), self.x if x is None else x)
        command = [self.program, self.path, self.file("x"), *self.held, "--output-values", self.file("y"), *arguments]
        p = subprocess.run(command, capture_output=True, text=True, timeout=3600)
        if p.returncode:
            raise Refused((p.stderr.strip().splitlines() or [f"exit code {p.returncode} without a word"])[-1].removeprefix(f"explain: {self.path}: "))
        return np.load(self.file("y")).astype(float), np.load(self.file("m")) if "--multipliers" in arguments else None

    def far_from_differences(self, arguments, target, gradient, directions=4):
        """How far the gradient is from differences of the outputs along random directions, of the largest: the best of
        several steps, central and to either side, since a kink may lie between two points. Token ids have none."""
        if self.x.dtype.kind != "f":
            return np.inf
        d = np.random.default_rng(1).normal(size=(directions,) + self.x.shape[1:])
        expected = (d * gradient.reshape(self.x.shape)).reshape(directions, -1).sum(1)
        best = np.full(directions, np.inf)
        for step in (1e-5, 1e-7, 1e-8, 1e-9):
            h = step * max(float(abs(self.x).max()), 1e-3)
            points = np.concatenate([self.x + h * d, self.x - h * d, self.x]).astype(float)
            y = self.explain(*arguments, x=points)[0].reshape(2 * directions + 1, -1)[:, target]
            up, down, here = y[:directions], y[directions:-1], y[-1]
            for slope in (up - down) / (2 * h), (up - here) / h, (here - down) / h:
                best = np.minimum(best, abs(slope - expected))
        return float(best.max() / max(abs(expected).max(), 1e-30))


def run(path, inputs):
    """What onnxruntime computes in float, by the outputs' names."""
    session = onnxruntime.InferenceSession(path)
    values = session.run(None, dict(zip((i.name for i in session.get_inputs()), inputs.values())))
    return dict(zip((o.name for o in session.get_outputs()), map(np.asarray, values)))


def reference(path, inputs, data):
    """The first output's name and values, of torch in double, or where it was not asked of onnxruntime, and the target."""
    if "output" in data:
        return onnx.load(path, load_external_data=False).graph.output[0].name, data["output"], int(data["target"])
    name, y = next((name, y) for name, y in run(path, inputs).items() if y.dtype.kind == "f")  # but for a label
    return name, y, int(y.argmax())


def agrees(row):
    """Whether the gradient is one of torch's."""
    return any(far is not None and far <= GRADIENT_LIMIT for far in (row["gradient"], row["gradient_of_file"]))


def check(program, path, data):
    """What is found of one file."""
    row = {"loads": True, "gradient": None, "gradient_of_file": None, "differences": None, "float": None, "faults": []}
    faults = row["faults"]
    head = head_of(onnx.load(path, load_external_data=False).graph)
    inputs = {key: data[key] for key in sorted(data.files) if key.startswith("input")}
    output, wanted, target = reference(path, inputs, data)
    references = [wanted] + [data[key] for key in ("output_of_file",) if key in data.files]
    asked = ["--target", str(target)]

    def far(scores):
        """Of the outputs; probabilities are made of their scores."""
        if head and scores.size == wanted.size:
            scores = HEADS[head[0]](scores.reshape(wanted.shape), head[1])
        return min(difference(scores, y) for y in references)

    with tempfile.TemporaryDirectory() as folder:
        model = Model(program, path, inputs, folder)
        try:
            scores, gradient = model.explain("--method", "gradient_times_input", "--precision", "double", "--multipliers", model.file("m"), *asked)
        except Refused as why:
            return row | {"loads": False, "faults": [str(why)]}
        row["output"] = far(scores)
        exact = ["--method", "gradient", "--precision", "double", *asked]
        try:
            if head and "grad" in data.files:  # which is the probability's
                exact.append("--probability")
                gradient = model.explain("--multipliers", model.file("m"), *exact)[1]
            for key, given in ("gradient", "grad"), ("gradient_of_file", "grad_of_file"):
                if given in data.files:
                    row[key] = difference(gradient, data[given])
            if not agrees(row):
                row["differences"] = model.far_from_differences(exact, target, gradient)
                if not row["differences"] <= DIFFERENCES_LIMIT:
                    faults.append(f"gradient off by {row['gradient']} of torch's, by {row['differences']:.1e} of differences")
        except Refused as why:
            faults.append(f"gradient: {why}")
        for method, precision in METHODS:
            try:
                scores, _ = model.explain("--method", method, "--precision", precision, *asked)
                if precision == "float":
                    row["float"] = far(scores)
            except Refused as why:
                faults.append(f"{method}: {why}")
        if not row["output"] <= OUTPUT_LIMIT and "output" not in data.files:  # a classifier's probabilities
            row["output"] = difference(model.explain("--output", output, "--probability", *asked)[0], wanted)
            row["float"] = None
        if not row["output"] <= OUTPUT_LIMIT:
            faults.append("output off by %.1e" % row["output"])
        if row["float"] is not None and not row["float"] <= OUTPUT_LIMIT:
            row["float_of_onnxruntime"] = difference(run(path, inputs)[output], wanted)
            if not row["float"] <= 4 * row["float_of_onnxruntime"]:
                faults.append("output in float off by %.1e, onnxruntime's by %.1e" % (row["float"], row["float_of_onnxruntime"]))
    return row


def networks(folder, names):
    """(group, architecture, exporter, path, data) of the files that are there; second files of an architecture come last."""
    for path in sorted(glob.glob(os.path.join(folder, "*.onnx")), key=lambda path: (path.endswith(".dynamo.onnx"), path)):
        name, exporter = os.path.basename(path).removesuffix(".onnx").rsplit(".", 1)
        base = os.path.join(folder, name)
        if os.path.exists(base + ".npz") and (not names or os.path.basename(path).startswith(names)):
            with open(base + ".json") as about:
                group = json.load(about)["group"]
            yield group, name, exporter, path, base + ".npz"


def remark(row):
    """What is to be said of a file: its faults, or that torch's gradient is another than that of the file."""
    if row["faults"]:
        return "; ".join(row["faults"])
    if row["gradient"] is None or row["gradient"] <= GRADIENT_LIMIT:
        return ""
    others = {"torch's with the file's weights": row["gradient_of_file"], "differences": row["differences"]}
    return "gradient %.1e from torch's" % row["gradient"] + "".join(f", {far:.1e} from {name}" for name, far in others.items() if far is not None)


def print_table(rows):
    """By group, of architectures and of files: how many there are, load, and are explained."""
    count = collections.defaultdict(collections.Counter)
    best = collections.defaultdict(dict)
    for row in rows:
        tally, explained = count[row["group"]], row["loads"] and not row["faults"]
        tally.update(files=1, load=int(row["loads"]), explained=int(explained),
                     torch=int(explained and agrees(row)))
        best[row["group"]][row["name"]] = best[row["group"]].get(row["name"], False) or explained
    print("\n| group | architectures | explained | files | load | explained | gradient within %g of torch's |\n|---|---|---|---|---|---|---|" % GRADIENT_LIMIT)
    for group, tally in sorted(count.items()):
        print("|", group, "|", len(best[group]), "|", sum(best[group].values()), "|", " | ".join(str(tally[k]) for k in ("files", "load", "explained", "torch")), "|")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--results")
    parser.add_argument("--summary", action="store_true", help="of --results alone")
    options = parser.parse_args()
    rows = []
    if options.results and os.path.exists(options.results):
        with open(options.results) as lines:
            rows = [json.loads(line) for line in lines]
    done = {(row["name"], row["exporter"]) for row in rows}
    for group, name, exporter, path, data in [] if options.summary else networks(options.folder, tuple(options.names)):
        if (name, exporter) in done:
            continue
        row = {"group": group, "name": name, "exporter": exporter} | check(os.path.abspath(options.program), path, np.load(data))
        rows.append(row)
        if options.results:
            with open(options.results, "a") as lines:
                lines.write(json.dumps(row, default=float) + "\n")
        if remark(row):
            print("%-40s %s" % (f"{name}.{exporter}", remark(row)[:300]), flush=True)
    print_table(rows)
    sys.exit(any(row["loads"] and row["faults"] for row in rows))


main()
