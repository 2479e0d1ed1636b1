"""Draws ONNX graphs of the operators that the reader knows, runs each by onnxruntime, and writes them to one file.

    python tests/io/onnx/random_graphs.py --count 10000 --seed 7 graphs.bin
    ASCRIBE_RANDOM_GRAPHS=graphs.bin ctest --test-dir build -R 'graphs drawn at random'

Each is a model behind its length (a varint, as protocol buffers delimit messages). A model's input x has two samples;
its initializers `given` and `expected`, which no node reads, are that input and what onnxruntime makes of it. A graph
whose values leave [-50, 50] or are not finite is drawn again. tests/io/onnx/data/random_graphs.bin is --count 200
--seed 1 --bytes 1200, by onnx 1.23.2, onnxruntime 1.32.0 and numpy 2.4.6."""
import argparse

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

OPSETS = (13, 17, 18, 20, 21)
LARGEST = 96  # features of a value


class Impossible(Exception):
    """The operator drawn has no use for the value drawn."""


class Graph:
    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.opset = int(self.random.choice(OPSETS))
        self.nodes, self.constants, self.values = [], [], []
        rank = int(self.random.choice([1, 2, 2, 3, 3, 3, 4]))
        shape = {1: (8,), 2: (3, 6), 3: (2, 5, 4), 4: (1, 3, 4, 3)}[rank]
        self.input = (2, *(int(n + self.random.integers(0, 3)) for n in shape))
        self.x = self.random.normal(size=self.input).astype(np.float32)
        self.values.append(("x", self.input))

    # --- numbers ---
    def whole(self, low, high):
        return int(self.random.integers(low, high + 1))

    def chance(self, part):
        return bool(self.random.random() < part)

    def one_of(self, choices):
        return choices[self.whole(0, len(choices) - 1)]

    def real(self, low, high):
        return float(np.float32(self.random.uniform(low, high)))

    def weights(self, *shape):
        inputs = max(1, int(np.prod(shape[1:]))) if len(shape) > 1 else 1
        return self.random.normal(size=shape).astype(np.float32) / np.float32(np.sqrt(inputs))

    def positive(self, *shape):
        return self.random.uniform(0.5, 1.5, size=shape).astype(np.float32)

    # --- parts ---
    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def whole_numbers(self, numbers):
        return self.constant(np.array(numbers, np.int64))

    def add(self, op, inputs, outputs=1, **attributes):
        names = [f"v{len(self.nodes)}_{k}" for k in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name=f"{op}_{len(self.nodes)}", **attributes))
        return names if outputs > 1 else names[0]

    def any_value(self, ranks=None):
        fitting = [v for v in self.values[-4:] if ranks is None or len(v[1]) - 1 in ranks]
        if not fitting:
            raise Impossible
        return fitting[-1] if self.chance(0.7) else self.one_of(fitting)

    def axis(self, shape):
        """One that is none of samples, counted from either end."""
        if len(shape) < 2:
            raise Impossible
        k = self.whole(1, len(shape) - 1)
        return k if self.chance(0.5) else k - len(shape)

    def model(self, output, rank=None):
        """With its batch left open; of the output no size is said, which the drawing does not know yet."""
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *self.input[1:]])]
        shape = None if rank is None else ["N", *(f"d{k}" for k in range(1, rank))]
        outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
        graph = helper.make_graph(self.nodes, "drawn", inputs, outputs, self.constants)
        imports = [helper.make_opsetid("", self.opset)]
        return helper.make_model(graph, opset_imports=imports, ir_version=8, producer_name="")

    def run(self, output):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(self.model(output).SerializeToString(), options,
                                               providers=["CPUExecutionProvider"])
        return session.run(None, {"x": self.x})[0]


# --- one function an operator: adds nodes, returns the name of what they make ---

def unary(g):
    ops = [("Relu", {}), ("LeakyRelu", {"alpha": g.real(0.05, 0.4)}), ("Elu", {"alpha": g.real(0.5, 1.5)}), ("Selu", {}),
           ("Celu", {"alpha": g.real(0.5, 1.5)}), ("Sigmoid", {}), ("Tanh", {}), ("Softplus", {}), ("Softsign", {}),
           ("HardSigmoid", {"alpha": g.real(0.1, 0.4), "beta": g.real(0.3, 0.6)}), ("HardSwish", {}), ("Erf", {}),
           ("Sin", {}), ("Cos", {}), ("Atan", {}), ("Asinh", {}), ("Abs", {}), ("Neg", {}), ("Identity", {}),
           ("ThresholdedRelu", {"alpha": g.real(0.1, 0.8)}), ("Shrink", {"lambd": g.real(0.1, 0.4), "bias": g.real(0, 0.2)})]
    if g.opset >= 18:
        ops.append(("Mish", {}))
    if g.opset >= 20:
        ops += [("Gelu", {}), ("Gelu", {"approximate": "tanh"})]
    op, attributes = g.one_of(ops)
    return g.add(op, [g.any_value()[0]], **attributes)


def of_a_domain(g):
    """What is not defined everywhere, behind something positive."""
    above = g.add("Add", [g.add("Softplus", [g.any_value()[0]]), g.constant(np.float32(0.3))])
    op = g.one_of(["Log", "Sqrt", "Reciprocal", "Pow", "Acosh"])
    if op == "Pow":
        return g.add("Pow", [above, g.constant(np.float32(g.one_of([0.5, -1, 1.5, 2, -0.5, 3])))])
    if op == "Acosh":
        above = g.add("Add", [above, g.constant(np.float32(1))])
    return g.add(op, [above])


def bounded(g):
    value = g.add("Tanh", [g.any_value()[0]])
    return g.add(g.one_of(["Exp", "Sinh", "Cosh"]), [value]) if g.chance(0.6) else \
        g.add(g.one_of(["Asin", "Acos", "Atanh"]), [g.add("Mul", [value, g.constant(np.float32(0.8))])])


def power(g):
    return g.add("Pow", [g.any_value()[0], g.constant(np.float32(g.one_of([1, 2, 3])))])


def clip(g):
    low, high = g.constant(np.float32(g.real(-1, -0.2))), g.constant(np.float32(g.real(0.2, 1)))
    return g.add("Clip", [g.any_value()[0], *g.one_of([[low, high], [low], ["", high]])])


def prelu(g):
    name, shape = g.any_value()
    slopes = [1] * (len(shape) - 1)
    if slopes:
        k = g.whole(0, len(slopes) - 1)
        slopes[k] = shape[k + 1]
    return g.add("PRelu", [name, g.constant(g.random.uniform(0.05, 0.6, slopes).astype(np.float32))])


def with_constant(g):
    name, shape = g.any_value()
    axes = [n if g.chance(0.5) else 1 for n in shape[1:]]
    axes = axes[g.whole(0, len(axes)):]
    op = g.one_of(["Add", "Sub", "Mul", "Div", "Max", "Min"])
    constant = g.positive(*axes) if op == "Div" else g.weights(*axes)
    both = [name, g.constant(constant.astype(np.float32))]
    if op != "Div" and g.chance(0.3):
        both.reverse()
    return g.add(op, both)


def of_two(g):
    (a, shape), (b, other) = g.any_value(), g.one_of(g.values[-6:])
    try:
        np.broadcast_shapes(shape, other)
    except ValueError:
        raise Impossible from None
    if len(shape) != len(other):
        raise Impossible
    op = g.one_of(["Add", "Sub", "Mul", "Max", "Min", "Div", "Mean", "Sum"])
    if op == "Div":
        b = g.add("Add", [g.add("Softplus", [b]), g.constant(np.float32(0.5))])
    return g.add(op, [a, b])


def where(g):
    name, shape = g.any_value()
    if g.chance(0.5):
        condition = g.constant(g.random.random(shape[1:]) < 0.5)
    else:
        condition = g.add(g.one_of(["Greater", "Less", "GreaterOrEqual"]), [name, g.constant(np.float32(0.1))])
    other = g.constant(np.float32(0.25)) if g.chance(0.5) else g.add("Mul", [name, g.constant(np.float32(-0.5))])
    return g.add("Where", [condition, name, other] if g.chance(0.5) else [condition, other, name])


def reshape(g):
    name, shape = g.any_value()
    count = int(np.prod(shape[1:]))
    kind = g.whole(0, 3)
    if kind == 0:
        return g.add("Flatten", [name], axis=1)
    if kind == 1:
        return g.add("Reshape", [name, g.whole_numbers([0, -1])])
    divisors = [d for d in range(1, count + 1) if count % d == 0]
    first = g.one_of(divisors)
    rest = count // first
    if kind == 2:
        return g.add("Reshape", [name, g.whole_numbers([0, first, rest])])
    second = g.one_of([d for d in range(1, rest + 1) if rest % d == 0])
    return g.add("Reshape", [name, g.whole_numbers([0, first, second, -1])])


def transpose(g):
    name, shape = g.any_value([2, 3, 4])
    return g.add("Transpose", [name], perm=[0, *(int(k) + 1 for k in g.random.permutation(len(shape) - 1))])


def squeeze(g):
    name, shape = g.any_value()
    ones = [k for k in range(1, len(shape)) if shape[k] == 1]
    if ones and g.chance(0.6):
        return g.add("Squeeze", [name, g.whole_numbers([g.one_of(ones)])])
    if len(shape) > 4:
        raise Impossible
    return g.add("Unsqueeze", [name, g.whole_numbers([g.whole(1, len(shape))])])


def slice_(g):
    name, shape = g.any_value()
    axis = g.axis(shape)
    n = shape[axis]
    if n < 2:
        raise Impossible
    if g.chance(0.3):
        start, end, step = n - 1, -n - 1, -g.whole(1, 2)
    else:
        start = g.whole(0, n - 2)
        end, step = g.one_of([n, 2**31, start + 1 + g.whole(0, n - start - 1)]), g.whole(1, 2)
    return g.add("Slice", [name, *(g.whole_numbers([k]) for k in (start, end, axis, step))])


def concat(g):
    name, shape = g.any_value()
    axis = g.axis(shape)
    same = [v for v, other in g.values if len(other) == len(shape) and
            all(a == b for k, (a, b) in enumerate(zip(shape, other)) if k != axis % len(shape))]
    return g.add("Concat", [name, *(g.one_of(same) for _ in range(g.whole(1, 2)))], axis=axis)


def split(g):
    name, shape = g.any_value()
    axis = g.axis(shape)
    n = shape[axis]
    if n < 2:
        raise Impossible
    first = g.whole(1, n - 1)
    parts = g.add("Split", [name, g.whole_numbers([first, n - first])], 2, axis=axis)
    return g.one_of(parts) if g.chance(0.5) else g.add("Concat", parts[::-1], axis=axis)


def pad(g):
    name, shape = g.any_value()
    pads = np.zeros((2, len(shape)), np.int64)
    mode = g.one_of(["constant", "edge", "reflect"])
    axes = [k for k in range(1, len(shape)) if g.chance(0.5) and (mode != "reflect" or shape[k] > 2)]
    for k in axes:
        pads[:, k] = [g.whole(0, 2), g.whole(0, 2)]
    inputs = [name, g.whole_numbers(pads.reshape(-1))]
    if mode == "constant":
        inputs.append(g.constant(np.float32(g.one_of([0, 0.5]))))
    return g.add("Pad", inputs, mode=mode)


def gather(g):
    name, shape = g.any_value()
    axis = g.axis(shape)
    indices = g.random.integers(-shape[axis], shape[axis], g.one_of([(), (1,), (3,), (2, 2)]))
    return g.add("Gather", [name, g.constant(indices.astype(np.int64))], axis=axis)


def tile(g):
    name, shape = g.any_value()
    if g.chance(0.5):
        return g.add("Tile", [name, g.whole_numbers([1, *(g.whole(1, 2) for _ in shape[1:])])])
    if 1 not in shape[1:]:
        raise Impossible
    return g.add("Expand", [name, g.whole_numbers([1, *(3 if n == 1 else n for n in shape[1:])])])


def blocks(g):
    name, shape = g.any_value([3])
    if shape[1] % 4 == 0:
        return g.add("DepthToSpace", [name], blocksize=2, mode=g.one_of(["DCR", "CRD"]))
    if shape[2] % 2 == 0 and shape[3] % 2 == 0:
        return g.add("SpaceToDepth", [name], blocksize=2)
    raise Impossible


def resize(g):
    name, shape = g.any_value([2, 3])
    mode = g.one_of(["nearest", "linear"]) if len(shape) == 3 else g.one_of(["nearest", "linear", "cubic"])
    scales = [1, 1, *(g.one_of([0.5, 1.5, 2, 3]) for _ in shape[2:])]
    if any(int(n * s) < 1 for n, s in zip(shape, scales)):
        raise Impossible
    transform = g.one_of(["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"])
    return g.add("Resize", [name, "", g.constant(np.array(scales, np.float32))], mode=mode,
                 coordinate_transformation_mode=transform,
                 **({"nearest_mode": g.one_of(["floor", "round_prefer_floor", "ceil"])} if mode == "nearest" else {}))


def triangle(g):
    name, shape = g.any_value([2, 3])
    return g.add("Trilu", [name], upper=g.whole(0, 1))


def cumulative(g):
    name, shape = g.any_value()
    return g.add("CumSum", [name, g.constant(np.array(g.axis(shape), np.int64))], exclusive=g.whole(0, 1),
                 reverse=g.whole(0, 1))


def gemm(g):
    name, shape = g.any_value([1])
    n, outputs, transposed = shape[1], g.whole(1, 8), g.whole(0, 1)
    w = g.weights(outputs, n)
    inputs = [name, g.constant(w if transposed else np.ascontiguousarray(w.T))]
    if g.chance(0.7):
        inputs.append(g.constant(g.weights(*g.one_of([(outputs,), (1, outputs), (1,)]))))
    return g.add("Gemm", inputs, transB=transposed, **({"alpha": 0.5, "beta": 2.0} if g.chance(0.3) else {}))


def matmul(g):
    name, shape = g.any_value([1, 2, 3])
    if len(shape) > 2 and g.chance(0.3):
        return g.add("MatMul", [g.constant(g.weights(g.whole(1, 5), shape[-2])), name])
    return g.add("MatMul", [name, g.constant(g.weights(shape[-1], g.whole(1, 6)))])


def product(g):
    name, shape = g.any_value([2, 3])
    other = g.add("Transpose", [name], perm=[*range(len(shape) - 2), len(shape) - 1, len(shape) - 2])
    return g.add("MatMul", [name, other])


def einsum(g):
    name, shape = g.any_value([2])
    outputs = g.whole(1, 4)
    if g.chance(0.5):
        return g.add("Einsum", [name, g.constant(g.weights(outputs, shape[2]))], equation="nij,kj->nik")
    return g.add("Einsum", [name, g.constant(g.weights(outputs, shape[1]))], equation="nij,ki->njk")


def windows(g, shape, most=3):
    """Kernel, strides, dilations and pads that fit, or an automatic padding."""
    spatial = shape[2:]
    kernel = [g.whole(1, min(most, n)) for n in spatial]
    attributes = {"kernel_shape": kernel, "strides": [g.whole(1, 2) for _ in spatial]}
    if g.chance(0.25):
        attributes["auto_pad"] = g.one_of(["SAME_UPPER", "SAME_LOWER", "VALID"])
    else:
        attributes["pads"] = [g.whole(0, k - 1) for k in kernel + kernel]
        if g.chance(0.3):
            attributes["dilations"] = [g.whole(1, 2) if (k - 1) * 2 < n else 1 for k, n in zip(kernel, spatial)]
    return attributes


def convolution(g):
    name, shape = g.any_value([2, 3, 4])
    attributes = windows(g, shape)
    groups = g.one_of([d for d in range(1, shape[1] + 1) if shape[1] % d == 0])
    filters = groups * g.whole(1, 3)
    w = g.weights(filters, shape[1] // groups, *attributes["kernel_shape"])
    inputs = [name, g.constant(w)] + ([g.constant(g.weights(filters))] if g.chance(0.6) else [])
    return g.add("Conv", inputs, group=groups, **attributes)


def transposed(g):
    name, shape = g.any_value([2, 3])
    groups = g.one_of([d for d in range(1, shape[1] + 1) if shape[1] % d == 0])
    kernel = [g.whole(1, 3) for _ in shape[2:]]
    strides = [g.whole(1, 2) for _ in shape[2:]]
    w = g.weights(shape[1], g.whole(1, 2), *kernel)
    return g.add("ConvTranspose", [name, g.constant(w)], group=groups, kernel_shape=kernel, strides=strides,
                 pads=[min(1, k - 1) for k in kernel + kernel], output_padding=[g.whole(0, s - 1) for s in strides])


def pool(g):
    name, shape = g.any_value([2, 3, 4])
    if g.chance(0.3):
        return g.add(g.one_of(["GlobalAveragePool", "GlobalMaxPool"]), [name])
    attributes = windows(g, shape)
    op = g.one_of(["MaxPool", "AveragePool"])
    if op == "AveragePool":
        if g.opset < 19:
            attributes.pop("dilations", None)
        attributes["count_include_pad"] = g.whole(0, 1)
    return g.add(op, [name], **attributes)


def normalisation(g):
    name, shape = g.any_value([1, 2, 3])
    channels = shape[1]
    of = lambda *size: [g.constant(g.positive(*size)), g.constant(g.weights(*size))]
    kind = g.one_of(["Batch", "Instance", "Layer", "Group", "Lp", "MeanVariance", "Local"])
    if kind == "Batch":
        return g.add("BatchNormalization", [name, *of(channels), g.constant(g.weights(channels)), g.constant(g.positive(channels))])
    if kind == "Instance" and len(shape) > 2:
        return g.add("InstanceNormalization", [name, *of(channels)], epsilon=0.05)
    if kind == "Layer" and g.opset >= 17:
        axis = g.axis(shape)
        return g.add("LayerNormalization", [name, *of(*shape[axis:])], axis=axis, epsilon=0.05)
    if kind == "Group" and g.opset >= 21 and len(shape) > 2:
        groups = g.one_of([d for d in range(1, channels + 1) if channels % d == 0])
        return g.add("GroupNormalization", [name, *of(channels)], num_groups=groups, epsilon=0.05)
    if kind == "Lp":
        return g.add("LpNormalization", [g.add("Add", [name, g.constant(np.float32(0.2))])], axis=g.axis(shape), p=g.whole(1, 2))
    if kind == "MeanVariance" and len(shape) == 4:
        return g.add("MeanVarianceNormalization", [name], axes=[2, 3])
    if kind == "Local" and len(shape) == 4:
        return g.add("LRN", [name], size=g.one_of([1, 3]), alpha=0.3, beta=0.6, bias=1.2)
    raise Impossible


def reduction(g):
    name, shape = g.any_value()
    if len(shape) < 2:
        raise Impossible
    op = g.one_of(["Sum", "Mean", "Max", "Min", "L1", "L2", "SumSquare", "LogSum", "LogSumExp", "Prod"])
    if op in ("L1", "L2"):  # whose slope at 0 is not finite
        name = g.add("Add", [name, g.constant(np.float32(0.07))])
    if op == "LogSum":
        name = g.add("Add", [g.add("Softplus", [name]), g.constant(np.float32(0.2))])
    axes = sorted({g.whole(1, len(shape) - 1) for _ in range(g.whole(1, 2))})
    axes = axes if g.chance(0.5) else [k - len(shape) for k in axes]
    keep = g.whole(0, 1)
    if g.opset >= 18 or op == "Sum":
        return g.add("Reduce" + op, [name, g.whole_numbers(axes)], keepdims=keep)
    return g.add("Reduce" + op, [name], axes=axes, keepdims=keep)


def softmax(g):
    name, shape = g.any_value()
    return g.add(g.one_of(["Softmax", "LogSoftmax"]), [name], axis=g.axis(shape))


def skip(g):
    """A branch around a function, and one around a layer of the same size."""
    name, shape = g.any_value()
    inner = g.add(g.one_of(["Relu", "Tanh", "Sigmoid", "Softplus"]), [name])
    if g.chance(0.5):
        inner = g.add("MatMul", [inner, g.constant(g.weights(shape[-1], shape[-1]))]) if len(shape) > 1 else inner
    return g.add(g.one_of(["Add", "Mul", "Sub"]), [name, inner])


def cast(g):
    name, _ = g.any_value()
    if g.chance(0.5):
        return g.add("Dropout", [name])
    return g.add("Cast", [name], to=TensorProto.FLOAT)


OPERATORS = [unary, unary, unary, of_a_domain, bounded, power, clip, prelu, with_constant, with_constant, of_two, of_two,
             where, reshape, reshape, transpose, transpose, squeeze, slice_, concat, split, pad, gather, tile, blocks,
             resize, triangle, cumulative, gemm, gemm, matmul, matmul, product, einsum, convolution, convolution,
             transposed, pool, normalisation, normalisation, reduction, reduction, softmax, skip, skip, cast]


def step(g):
    """Adds what one operator makes, where it is of a size to go on with."""
    nodes, constants = len(g.nodes), len(g.constants)
    try:
        name = g.one_of(OPERATORS)(g)
        value = g.run(name)
        features = int(np.prod(value.shape[1:]))
        if value.dtype != np.float32 or len(value.shape) < 2 or value.shape[0] != 2 or not 1 <= features <= LARGEST or \
                len(value.shape) > 5:
            raise Impossible
        if not np.isfinite(value).all() or np.abs(value).max() > 50 or np.abs(value).max() < 1e-3:
            raise Impossible
        g.values.append((name, value.shape))
        return value
    except Exception as error:  # onnxruntime refuses what the standard leaves open
        del g.nodes[nodes:], g.constants[constants:]
        if isinstance(error, Impossible) or "onnxruntime" in type(error).__module__:
            return None
        raise


def used(g):
    """What the last value hangs on, alone."""
    wanted, nodes = {g.values[-1][0]}, []
    for node in reversed(g.nodes):
        if wanted & set(node.output):
            nodes.insert(0, node)
            wanted |= set(node.input)
    g.nodes = nodes
    g.constants = [c for c in g.constants if c.name in wanted]
    return "x" in wanted


def drawn(seed):
    """A model that hangs on its input, with what it was given and what came of it."""
    g = Graph(seed)
    value, steps, target = None, 0, g.whole(2, 9)
    for _ in range(10 * target):
        made = step(g)
        if made is not None:
            value, steps = made, steps + 1
        if steps == target:
            break
    if value is None or not used(g) or np.array_equal(value[0], value[1]):
        return None
    g.constants += [numpy_helper.from_array(g.x, "given"), numpy_helper.from_array(value, "expected")]
    model = g.model(g.values[-1][0], value.ndim)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bytes", type=int, default=1 << 30, help="leave out larger models")
    options = parser.parse_args()
    count, seed = 0, 0
    with open(options.file, "wb") as out:
        while count < options.count:
            seed += 1
            model = drawn((options.seed, seed))
            if model is not None and len(model) <= options.bytes:
                out.write(varint(len(model)) + model)
                count += 1


if __name__ == "__main__":
    main()
