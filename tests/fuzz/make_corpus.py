#!/usr/bin/env python3
"""Writes corpus/onnx and corpus/npy, what fuzzing starts from, and external/weights.bin: python3 make_corpus.py

Needs onnx (1.23 wrote the files) and numpy. A model holds a family of operators, in networks of a few values; what
fuzzing makes of them matters, not what they compute.
"""

import io
import pathlib

import numpy as np
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).parent
f32, i64 = np.float32, np.int64
FLOAT = TensorProto.FLOAT


def some(*shape):
    """Weights of both signs, none 0."""
    count = int(np.prod(shape))
    return ((np.arange(count) * 5 % 7 - 3.25) / 4).astype(f32).reshape(shape)


def ints(*values):
    return np.array(values, i64)


class Network:
    """A model, node after node; each reads the last value unless told otherwise."""

    def __init__(self, name, shape, opset=18, ir_version=8):
        self.name, self.opset, self.ir_version = name, opset, ir_version
        self.inputs = [helper.make_tensor_value_info("x", FLOAT, shape)]
        self.nodes, self.initializers = [], []
        self.last = "x"

    def constant(self, value):
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, op, *others, reads=None, outputs=1, **attributes):
        """`others`: inputs behind the first, arrays as constants and strings as names; None leaves one out."""
        names = [reads or self.last]
        names += ["" if o is None else o if isinstance(o, str) else self.constant(o) for o in others]
        results = [f"v{len(self.nodes)}" + (f"_{k}" if k else "") for k in range(outputs)]
        self.nodes.append(helper.make_node(op, names, results, **attributes))
        self.last = results[0]
        return results

    def write(self, outputs=None, functions=(), opsets=None):
        infos = [helper.make_tensor_value_info(o, FLOAT, None) for o in outputs or [self.last]]
        graph = helper.make_graph(self.nodes, "g", self.inputs, infos, self.initializers)
        model = helper.make_model(
            graph,
            ir_version=self.ir_version,
            opset_imports=opsets or [helper.make_opsetid("", self.opset)],
            functions=functions,
        )
        (HERE / "corpus/onnx" / f"{self.name}.onnx").write_bytes(model.SerializeToString())


def convolutions():
    n = Network("conv", (1, 2, 4, 4))
    n.add("Conv", some(2, 2, 3, 3), some(2), pads=[1, 1, 1, 1])
    n.add("BatchNormalization", some(2), some(2), some(2), np.ones(2, f32), epsilon=1e-3)
    n.add("Relu")
    n.add("Conv", some(2, 1, 2, 2), group=2, strides=[2, 2], dilations=[1, 1], auto_pad="SAME_UPPER")
    n.add("Flatten")
    n.add("Gemm", some(3, 8), some(3), alpha=0.5, transB=1)
    n.add("Softmax")
    n.write()

    n = Network("conv_transpose", (1, 2, 3))
    n.add("ConvTranspose", some(2, 1, 3), some(2), group=2, strides=[2], pads=[1, 1], output_padding=[1])
    n.add("Mul", some(2, 1))
    n.add("ConvTranspose", some(2, 2, 2), output_shape=[6])
    n.write()

    n = Network("conv_many_images", (2, 1, 3, 3))
    n.add("Conv", some(1, 1, 2, 2))
    n.add("ConvTranspose", some(1, 1, 2, 2), auto_pad="SAME_LOWER", strides=[2, 2])
    n.write()


def products():
    n = Network("matmul", (1, 3, 4))
    n.add("MatMul", some(4, 2))
    n.add("Add", some(2))
    n.add("MatMul", some(1, 2, 3))
    n.add("MatMul", some(3), reads=n.last)
    n.write()
    n = Network("matmul_many", (2, 2, 3))
    n.add("MatMul", some(2, 3, 2))
    n.add("Gemm", some(2, 2), some(4, 2), reads=n.add("Reshape", ints(4, 2))[0], transA=0, beta=2.0)
    n.write()


def functions():
    n = Network("functions", (1, 4))
    for op, attributes in [
        ("Relu", {}),
        ("Sigmoid", {}),
        ("Tanh", {}),
        ("Softplus", {}),
        ("Softsign", {}),
        ("Abs", {}),
        ("HardSwish", {}),
        ("LeakyRelu", {"alpha": 0.1}),
        ("Elu", {"alpha": 0.5}),
        ("Selu", {"alpha": 1.5, "gamma": 1.1}),
        ("HardSigmoid", {"alpha": 0.3, "beta": 0.4}),
        ("Neg", {}),
        ("Identity", {}),
        ("Mish", {}),
    ]:
        n.add(op, **attributes)
    n.add("Clip", np.array(-0.5, f32), np.array(0.75, f32))
    n.add("PRelu", some(4))
    n.add("Cast", to=TensorProto.FLOAT16)
    n.add("LogSoftmax", axis=1)
    n.write()

    # Functions as exporters spell them: SiLU, HardSwish, GELU by erf and by tanh, Softsign.
    n = Network("patterns", (1, 4), opset=20)

    def number(op, value, reads):
        return n.add(op, np.array(value, f32), reads=reads)[0]

    (x,) = n.add("Gelu", approximate="tanh")
    (x,) = n.add("Mul", n.add("Sigmoid", reads=x)[0], reads=x)
    (gate,) = n.add("Clip", np.array(0, f32), np.array(6, f32), reads=number("Add", 3, x))
    x = number("Div", 6, n.add("Mul", gate, reads=x)[0])
    (erf,) = n.add("Erf", reads=number("Div", 2**0.5, x))
    (x,) = n.add("Mul", number("Add", 1, erf), reads=number("Mul", 0.5, x))
    cubic = n.add("Add", number("Mul", 0.044715, number("Pow", 3, x)), reads=x)[0]
    (tanh,) = n.add("Tanh", reads=number("Mul", (2 / np.pi) ** 0.5, cubic))
    (x,) = n.add("Mul", number("Add", 1, tanh), reads=number("Mul", 0.5, x))
    n.add("Div", number("Add", 1, n.add("Abs", reads=x)[0]), reads=x)
    n.write()


def arithmetic():
    n = Network("arithmetic", (1, 2, 3))
    (a,) = n.add("Add", some(2, 1))
    (b,) = n.add("Sub", some(3), reads="x")
    n.add("Mul", b, reads=a)
    n.add("Div", some(1, 2, 3))
    n.add("Sum", a, b, some(1, 2, 3))
    n.add("Mean", a)
    n.add("Max", b, some(3))
    n.add("Min", a, some(1))
    n.add("Max", np.array(0, f32))
    (d,) = n.add("Mul", n.last)
    n.add("Sub", a, reads=d)
    n.add("Sub", n.last, reads=n.constant(some(1)))
    n.write()

    n = Network("gate", (1, 3, 2, 2))
    (p,) = n.add("GlobalAveragePool")
    (g,) = n.add("Sigmoid", reads=n.add("Conv", some(3, 3, 1, 1))[0])
    n.add("Mul", g, reads="x")
    n.add("LRN", size=3, alpha=0.1, beta=0.6, bias=1.5)
    n.write()

    n = Network("old", (1, 2, 3), opset=7, ir_version=3)
    n.add("Add", some(2, 3))
    n.add("Clip", min=-1.0, max=2.0)
    n.add("Squeeze", reads=n.add("Unsqueeze", axes=[2])[0], axes=[2])
    n.add("Slice", starts=[0], ends=[2], axes=[2])
    n.add("Pad", pads=[0, 0, 0, 0, 0, 1], mode="constant", value=0.5)
    n.add("Upsample", scales=[1.0, 2.0, 1.5], mode="nearest")
    n.add("Dropout", ratio=0.5)
    n.inputs += [helper.make_tensor_value_info(t.name, FLOAT, t.dims) for t in n.initializers]
    n.write()


def pools():
    n = Network("pools", (1, 2, 5, 5))
    n.add("MaxPool", kernel_shape=[2, 2], strides=[1, 1], pads=[0, 1, 1, 0], dilations=[1, 2])
    n.add("AveragePool", kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1, ceil_mode=1)
    (a,) = n.add("GlobalMaxPool")
    (b,) = n.add("GlobalAveragePool", reads=n.nodes[-2].output[0])
    n.write([a, b])
    n = Network("pools_3d", (1, 1, 2, 3, 2))
    n.add("MaxPool", kernel_shape=[1, 2, 2], auto_pad="SAME_LOWER")
    n.add("AveragePool", kernel_shape=[2, 1, 2], pads=[1, 0, 0, 0, 0, 1])
    n.write()
    n = Network("volumes", (1, 2, 2, 3, 2), opset=20)
    n.add("Conv", some(2, 1, 2, 2, 1), some(2), group=2, strides=[1, 2, 1], dilations=[1, 2, 1], pads=[1, 0, 0, 0, 1, 1])
    n.add("ConvTranspose", some(2, 1, 2, 1, 2), strides=[1, 2, 1], output_padding=[0, 1, 0], pads=[0, 0, 1, 0, 0, 0])
    n.add("GridSample", some(1, 1, 2, 1, 3), mode="linear", padding_mode="reflection")
    n.write()
    n = Network("sampling", (1, 4, 4))
    n.add("Col2Im", ints(2, 3), ints(1, 2), strides=[1, 1])
    n.add("RoiAlign", np.array([[0, 0, 2, 1], [1, 0, 3, 2]], f32), ints(0, 0), output_height=2, sampling_ratio=1)
    n.add("GridSample", some(2, 1, 2, 2), mode="bicubic", padding_mode="border", align_corners=1)
    n.write()
    n = Network("reductions", (1, 2, 3, 2))
    (m,) = n.add("ReduceMean", ints(2, 3), keepdims=0)
    (s,) = n.add("ReduceSum", ints(-1), reads="x", noop_with_empty_axes=1)
    (t,) = n.add("ReduceMax", ints(1), reads="x", keepdims=1)
    n.write([m, s, t])


def shapes():
    n = Network("shapes", (1, 4, 2, 2))
    n.add("DepthToSpace", blocksize=2, mode="CRD")
    n.add("SpaceToDepth", blocksize=2)
    n.add("Transpose", perm=[0, 2, 3, 1])
    n.add("Reshape", ints(0, -1, 4))
    parts = n.add("Split", ints(1, 3), outputs=2, axis=2)
    n.add("Concat", parts[0], some(1, 4, 2), reads=parts[1], axis=2)
    n.add("Slice", ints(-1), ints(-7), ints(2), ints(-2))
    n.add("Gather", ints(1, 0), axis=1)
    n.add("Expand", ints(1, 2, 3))
    n.add("Tile", ints(1, 2, 1))
    n.add("Squeeze", ints(0), reads=n.add("Unsqueeze", ints(0))[0])
    n.add("Pad", ints(0, 1, -1, 0, 1, 2), np.array(0.5, f32), mode="constant")
    n.add("Pad", ints(1, 2), None, ints(2), mode="reflect")
    n.add("Pad", ints(1, 2), None, ints(1), mode="edge")
    n.add("Pad", ints(1, 2), None, ints(1), mode="wrap")
    n.write()

    n = Network("resize", (1, 1, 3, 2))
    n.add("Resize", None, np.array([1, 1, 2, 1.5], f32), mode="linear", coordinate_transformation_mode="half_pixel")
    n.add("Resize", None, None, ints(4, 5), axes=[2, 3], keep_aspect_ratio_policy="not_larger", nearest_mode="ceil")
    n.add("Resize", None, None, ints(3, 2), axes=[2, 3], mode="cubic", antialias=1, exclude_outside=1)
    n.write()

    n = Network("open", ("n", 2, "height", "width"))
    (shape,) = n.add("Shape")
    n.add("Gather", ints(0), reads=shape, axis=0)
    n.add("Concat", ints(-1), reads=n.last, axis=0)
    (y,) = n.add("Reshape", n.last, reads="x")
    n.add("ReduceMean", ints(1), reads=y)
    n.write()


def constants():
    n = Network("folded", (1, 6))
    n.add("ConstantOfShape", reads=n.constant(ints(2, 3)), value=helper.make_tensor("", FLOAT, [1], [2.0]))
    n.add("Transpose", perm=[1, 0])
    n.add("Mul", n.add("Range", n.constant(np.array(2, f32)), n.constant(np.array(1, f32)), reads=n.constant(np.array(0, f32)))[0])
    n.add("Slice", ints(0), ints(2), ints(0), reads=n.nodes[-2].output[0])
    n.add("Expand", ints(2, 2, 3), reads=n.constant(some(1, 3)))
    n.add("ReduceProd", ints(0), keepdims=0)
    n.add("Concat", n.last, axis=0)
    n.add("Pad", ints(1, 0, 0, 1), reads=n.last, mode="edge")
    n.add("Tile", ints(1, 2))
    n.add("Cast", to=TensorProto.DOUBLE)
    n.add("CastLike", some(1))
    n.add("Where", n.last, n.add("Neg")[0], reads=n.add("Greater", some(1), reads=n.last)[0])
    n.add("Pow", ints(2))
    n.add("Sqrt", reads=n.add("Abs")[0])
    n.add("ReduceL2", ints(0), keepdims=0)
    n.add("Gather", ints(0, 1, 2, 3, 4, 5))
    n.add("Add", n.last, reads="x")
    n.write()

    # The other kinds of integers and of places for values: typed data, bytes, another file.
    n = Network("external", (1, 4))
    n.add("Gemm", "w", "b")
    w = helper.make_tensor("w", FLOAT, [4, 2], some(8).tobytes(), raw=True)
    w.ClearField("raw_data")
    w.data_location = TensorProto.EXTERNAL
    for key, value in ("location", "weights.bin"), ("offset", "16"), ("length", "32"):
        entry = w.external_data.add()
        entry.key, entry.value = key, value
    n.initializers += [w, helper.make_tensor("b", TensorProto.FLOAT16, [2], [0.5, -1.0])]
    n.write()


def transformers():
    """Attention as exporters leave it, with a mask and normalisations in one operator and in parts, and tables of rows that
    whole numbers choose."""
    n = Network("attention", (1, 3, 4))
    n.add("LayerNormalization", some(4), some(4), axis=-1)
    q, k, v = n.add("Split", outputs=3, axis=2, num_outputs=3, reads=n.add("MatMul", some(4, 12))[0])
    heads = [n.add("Transpose", perm=[0, 2, 1, 3], reads=n.add("Reshape", ints(0, 3, 2, 2), reads=part)[0])[0] for part in (q, k, v)]
    (keys,) = n.add("Transpose", perm=[0, 1, 3, 2], reads=heads[1])
    n.add("Mul", np.array(0.7, f32), reads=n.add("MatMul", keys, reads=heads[0])[0])
    n.add("Where", n.last, np.array(-np.inf, f32), reads=n.constant(np.tril(np.ones((3, 3), bool))))
    n.add("Softmax", axis=-1)
    n.add("MatMul", heads[2])
    n.add("Reshape", ints(0, 0, -1), reads=n.add("Transpose", perm=[0, 2, 1, 3])[0])
    (x,) = n.add("Add", "x")
    root = n.add("Sqrt", reads=n.add("Add", np.array(1e-5, f32), reads=n.add("ReduceMean", ints(-1), reads=n.add("Mul", x)[0])[0])[0])[0]
    n.add("Mul", some(4), reads=n.add("Div", root, reads=x)[0])
    n.add("Einsum", some(4, 2), equation="bnd,de->bne")
    n.add("LogSoftmax", axis=1)
    n.write()

    n = Network("embedding", (1, 3))
    n.inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, (1, 3))]
    mask = n.add("Unsqueeze", ints(1), reads=n.add("Cast", to=FLOAT, reads=n.add("Greater", ints(0), reads="ids")[0])[0])[0]
    (rows,) = n.add("Gather", "ids", reads=n.constant(some(5, 2)))
    (x,) = n.add("Add", some(3, 2), reads=rows)
    scores = n.add("MatMul", n.add("Transpose", perm=[0, 2, 1])[0], reads=x)[0]
    n.add("Add", n.add("Mul", np.array(-1e4, f32), reads=n.add("Sub", mask, reads=n.constant(np.array(1, f32)))[0])[0], reads=scores)
    n.add("MatMul", rows, reads=n.add("Softmax", axis=-1)[0])
    n.add("GatherElements", ints(2, 0).reshape(1, 1, 2), axis=1)
    n.write()


def control():
    """Branches and functions of the model's own, within each other."""

    def graph(nodes, outputs):
        return helper.make_graph(nodes, "g", [], [helper.make_tensor_value_info(o, FLOAT, None) for o in outputs])

    node = helper.make_node
    n = Network("branches", (1, 3))
    shape = n.add("Shape")[0]
    size = n.add("Gather", ints(1), reads=shape)[0]
    big = n.add("Greater", ints(2), reads=size)[0]
    twice = n.add("Add", "x", reads="x")[0]
    inner = node("If", [big], ["t"], then_branch=graph([node("Neg", [twice], ["u"])], ["u"]), else_branch=graph([], ["x"]))
    n.add(
        "If",
        reads=big,
        then_branch=graph([inner, node("Mul", ["t", "x"], ["u"])], ["u"]),
        else_branch=graph([node("Abs", ["x"], ["u"])], ["u"]),
    )
    sums = n.add("CumSum", np.array(1, i64))[0]
    one = n.add("OneHot", ints(3), np.array([0, 1], f32), reads=n.constant(ints(1)))[0]
    n.add("Mul", one, reads=sums)
    n.write()

    n = Network("recurrent", (1, 3, 2))
    n.add("Transpose", perm=[1, 0, 2])
    n.add("LSTM", some(2, 8, 2), some(2, 8, 2), some(2, 16), None, some(2, 1, 2), some(2, 1, 2), some(2, 6), hidden_size=2, direction="bidirectional", clip=3.0)
    n.add("Transpose", perm=[2, 0, 1, 3])
    n.add("Reshape", ints(0, 0, -1))
    n.add("GRU", some(1, 6, 4), some(1, 6, 2), some(1, 12), hidden_size=2, layout=1, linear_before_reset=1)
    n.write()

    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("my", 1)]
    leaky = node("LeakyRelu", ["g"], ["o"])
    leaky.attribute.add(name="alpha", ref_attr_name="slope", type=1)
    block = helper.make_function("my", "Block", ["a", "w"], ["o"], [node("MatMul", ["a", "w"], ["g"]), leaky], opsets, ["slope"])
    calls = [node("Block", ["a", "w"], ["t"], domain="my", slope=0.25), node("Block", ["t", "w"], ["o"], domain="my")]
    two = helper.make_function("my", "Two", ["a", "w"], ["o"], calls, opsets)
    n = Network("local_functions", (1, 3))
    n.nodes.append(node("Two", ["x", n.constant(some(3, 3))], ["y"], domain="my"))
    n.last = "y"
    n.write(functions=[block, two], opsets=opsets)


def arrays():
    def save(name, array, version=(1, 0)):
        file = io.BytesIO()
        np.lib.format.write_array(file, array, version=version)
        (HERE / "corpus/npy" / f"{name}.npy").write_bytes(file.getvalue())

    for i, kind in enumerate(["<f4", ">f8", "<f2", "|b1", "|i1", "<u2", ">i4", "<u8"]):
        save(kind[1:], (np.arange(6).reshape(2, 3) % 2).astype(kind), version=(1 + i % 3, 0))
    save("fortran", np.asfortranarray(some(2, 3, 2)))
    save("scalar", np.array(1.5))
    save("empty", np.zeros((0, 3), "<f4"))


if __name__ == "__main__":
    for folder in "onnx", "npy":
        (HERE / "corpus" / folder).mkdir(parents=True, exist_ok=True)
    (HERE / "external").mkdir(exist_ok=True)
    (HERE / "external/weights.bin").write_bytes(some(16).tobytes())
    for family in convolutions, products, functions, arithmetic, pools, shapes, constants, transformers, control, arrays:
        family()
