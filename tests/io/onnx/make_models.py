#!/usr/bin/env python3
"""Writes data/*.onnx, the models of the tests beside this file: python3 make_models.py

Needs onnx (1.23 wrote the files) and numpy. A file fold_<opset>.onnx holds one node a case; its inputs are
initializers, and so is what is expected of output x, under the name "expected/x": as ONNX's own reference
evaluator computes it or, where that says so here, numpy.
"""

import math
import pathlib

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

DATA = pathlib.Path(__file__).parent / "data"
bf16 = ml_dtypes.bfloat16
f16, f32, f64 = np.float16, np.float32, np.float64
i32, i64, u8 = np.int32, np.int64, np.uint8


def ints(*values):
    return np.array(values, i64)


class Cases:
    def __init__(self, opset):
        self.opset = opset
        self.ir_version = 3 if opset < 9 else 8 if opset < 19 else 10
        self.nodes, self.initializers, self.inputs, self.outputs = [], [], [], []

    def add(self, op_type, inputs, outputs=1, expected=None, **attributes):
        """One case. An input of None is left out; `expected` replaces the reference evaluator."""
        number = len(self.nodes)
        in_names = ["" if x is None else f"{number}/in{i}" for i, x in enumerate(inputs)]
        out_names = [f"{number}/out{i}" for i in range(outputs)]
        node = helper.make_node(op_type, in_names, out_names, name=f"{number} {op_type}", **attributes)
        given = {name: np.asarray(x) for name, x in zip(in_names, inputs) if x is not None}
        if expected is None:
            untyped = [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in out_names]
            typed = [
                helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
                for name, x in given.items()
            ]
            graph = helper.make_graph([node], "one", typed, untyped)
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
            expected = ReferenceEvaluator(model).run(None, given)
        self.nodes.append(node)
        for name, x in given.items():
            self.initializers.append(numpy_helper.from_array(x, name))
        for name, x in zip(out_names, expected, strict=True):
            self.initializers.append(numpy_helper.from_array(np.asarray(x), "expected/" + name))
            self.outputs.append(helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None))

    def write(self):
        graph = helper.make_graph(self.nodes, "cases", [], self.outputs, self.initializers)
        model = helper.make_model(
            graph, ir_version=self.ir_version, opset_imports=[helper.make_opsetid("", self.opset)]
        )
        (DATA / f"fold_{self.opset}.onnx").write_bytes(model.SerializeToString())


def fold_cases():
    x = np.arange(24, dtype=f32).reshape(2, 3, 4) - 11.5

    # Operator set 9: what has been an attribute.
    c = Cases(9)
    c.add("Slice", [x], starts=[0, -3], ends=[1, 99], axes=[0, 2])
    c.add("Slice", [x], starts=[1, 1], ends=[2, -1])
    c.add("Squeeze", [x[:1]], axes=[0])
    c.add("Squeeze", [x[:1, :, :1]])
    c.add("Unsqueeze", [x], axes=[0, 3])
    c.add("Split", [x], outputs=2, axis=2, split=[1, 3])
    c.add("Split", [x], outputs=3, axis=1)
    c.add("Pad", [x], expected=[np.pad(x, ((1, 0), (0, 0), (0, 2)), constant_values=0.5)], value=0.5,
          pads=[1, 0, 0, 0, 0, 2])
    c.add("Pad", [x], expected=[np.pad(x, ((0, 0), (1, 2), (2, 0)), mode="reflect")], mode="reflect",
          pads=[0, 1, 2, 0, 2, 0])
    for op, f in [("ReduceSum", np.sum), ("ReduceMean", np.mean), ("ReduceProd", np.prod), ("ReduceMax", np.max),
                  ("ReduceMin", np.min)]:
        c.add(op, [x], expected=[f(x, axis=(0, 2), keepdims=True)], axes=[0, -1])
        c.add(op, [x], expected=[f(x, axis=1)], axes=[1], keepdims=0)
    c.add("ReduceSum", [ints(3, -4, 2 ** 40)])
    c.add("Pow", [np.array([2, 3, 0.5], f32), np.array([3, -1, 2], f32)])
    c.add("ConstantOfShape", [ints(2, 3)], value=numpy_helper.from_array(ints(7)))
    c.write()

    # Operator set 13.
    c = Cases(13)
    for value in [np.array([[1, -2]], f32), np.array(3, i64), np.array([1.5, -0.0], f16), np.array([True, False])]:
        c.add("Constant", [], value=numpy_helper.from_array(value))
    c.add("Constant", [], value_float=2.5)
    c.add("Constant", [], value_floats=[1.0, -2.0])
    c.add("Constant", [], value_int=-7)
    c.add("Constant", [], value_ints=[1, 2, 3])
    c.add("Identity", [x])
    c.add("Shape", [x])
    c.add("Shape", [np.array(1, f32)])
    c.add("Size", [x])
    c.add("Gather", [x, ints(2, -1, 0)], axis=2)
    c.add("Gather", [x, np.array([[0, 1], [-1, 0]], i32)])
    c.add("Gather", [ints(4, 5, 6), np.array(1, i64)])
    c.add("Concat", [x, x[:, :1], x[:, 1:]], axis=1)
    c.add("Concat", [x, x], axis=-1)
    c.add("Concat", [ints(1), ints(), ints(2, 3)], axis=0)
    numbers = [-2.75, -0.5, 0, 0.5, 1.5, 2.5, 100.9]
    for source in [f32, f64, f16, bf16, np.int8, i32, i64]:
        values = np.array(numbers).astype(source)
        for target in [f32, f64, f16, bf16, np.int8, np.int16, i32, i64, np.bool_]:
            to = helper.np_dtype_to_tensor_dtype(np.dtype(target))
            c.add("Cast", [values], expected=[values.astype(target)], to=to)
    wide = ints(300, -1, 2 ** 40 + 5, -129)
    for target in [np.int8, u8, np.int16, np.uint16, i32, np.uint32, np.uint64, f32]:
        to = helper.np_dtype_to_tensor_dtype(np.dtype(target))
        c.add("Cast", [wide], expected=[wide.astype(target)], to=to)
    hard = np.array([65519.9, 65520, 1e-8, 6e-8, 1 + 2 ** -11, 1 + 3 * 2 ** -11, -np.inf, np.nan, 1e39])
    for target in [f16, bf16, f32]:
        with np.errstate(over="ignore"):
            rounded = hard.astype(target)
        c.add("Cast", [hard], expected=[rounded], to=helper.np_dtype_to_tensor_dtype(np.dtype(target)))
    c.add("Cast", [np.array([True, False])], to=TensorProto.FLOAT)
    c.add("Slice", [x, ints(0, -3), ints(1, 99), ints(0, 2)])
    c.add("Slice", [x, ints(-1, 3), ints(-99, 0), ints(1, 2), ints(-1, -2)])
    c.add("Slice", [x, ints(1), ints(2 ** 63 - 1), ints(-2), ints(2)])
    c.add("Slice", [x, ints(2 ** 63 - 1), ints(-(2 ** 63)), ints(2), ints(-1)])
    c.add("Slice", [x, ints(3), ints(1), ints(2)])
    c.add("Slice", [x, np.array([1], i32), np.array([3], i32), None, np.array([2], i32)])
    c.add("Unsqueeze", [x, ints(-1, 0)])
    c.add("Unsqueeze", [np.array(3, f32), ints(0)])
    c.add("Squeeze", [x[:1, :, :1], ints(-1)])
    c.add("Squeeze", [x[:1, :, :1]])
    c.add("Split", [x, ints(1, 0, 3)], outputs=3, axis=-1)
    c.add("Split", [x], outputs=2)
    c.add("Reshape", [x, ints(0, -1)])
    c.add("Reshape", [x, ints(4, 0, -1)])
    c.add("Reshape", [x, ints(24)])
    c.add("Reshape", [np.array([5], f32), ints()])
    for axis in [0, 1, -1, 3]:
        c.add("Flatten", [x], axis=axis)
    c.add("Transpose", [x])
    c.add("Transpose", [x], perm=[1, 2, 0])
    c.add("Transpose", [np.array([[True, False]])], perm=[1, 0])
    c.add("Expand", [x[:, :1], ints(2, 1, 5, 4)])
    c.add("Expand", [np.array(2, i64), ints(3)])
    c.add("Expand", [x[0], ints(1, 1)])
    c.add("ConstantOfShape", [ints(2, 3)])
    c.add("ConstantOfShape", [ints()], value=numpy_helper.from_array(np.array([2.5], f64)))
    c.add("ConstantOfShape", [ints(0, 3)], value=numpy_helper.from_array(np.array([1], i64)))
    c.add("Range", [np.array(3, i64), np.array(-8, i64), np.array(-2, i64)])
    c.add("Range", [np.array(1, i32), np.array(10, i32), np.array(3, i32)])
    c.add("Range", [np.array(1, i64), np.array(1, i64), np.array(1, i64)])
    c.add("Range", [np.array(0.5, f32), np.array(2.1, f32), np.array(0.25, f32)])
    row = np.array([[1.5, -2, 0.25, 8]], f32)
    column = np.array([[3], [-0.5], [7]], f32)
    for op in ["Add", "Sub", "Mul", "Div"]:
        c.add(op, [x, row])
        c.add(op, [row, column])
        c.add(op, [row.astype(f64), column.astype(f64)])
        c.add(op, [row.astype(f16), column.astype(f16)])
        c.add(op, [row.astype(bf16), column.astype(bf16)])
    a, b = ints(7, -7, 7, -7, -(2 ** 63), 0), ints(2, 2, -2, -2, -1, 3)
    for op, f in [("Add", np.add), ("Sub", np.subtract), ("Mul", np.multiply)]:
        with np.errstate(over="ignore"):
            c.add(op, [a, b], expected=[f(a, b)])
            c.add(op, [u8([200, 3]), u8([100, 4])], expected=[f(u8([200, 3]), u8([100, 4]))])
            big = np.array([2 ** 64 - 1, 2 ** 63], np.uint64)
            c.add(op, [big, big], expected=[f(big, big)])
    c.add("Div", [a, b], expected=[ints(3, -3, -3, 3, -(2 ** 63), 0)])  # C truncates, numpy rounds down
    c.add("Div", [np.array([2 ** 64 - 1], np.uint64), np.array([3], np.uint64)])
    c.add("Div", [np.array([1, 0, -1], f32), np.zeros(3, f32)], expected=[np.array([np.inf, np.nan, -np.inf], f32)])
    c.add("Mod", [a[:4], b[:4]])
    c.add("Mod", [a[:4], b[:4]], fmod=1)
    c.add("Mod", [ints(-(2 ** 63)), ints(-1)], expected=[ints(0)])
    c.add("Mod", [np.array([-4.3, 7.2, 5.0], f32), np.array([2.1, -3.4, 8.0], f32)], fmod=1)
    c.add("Pow", [np.array([[2], [3]], f32), np.array([3, -1, 0.5], f32)])
    c.add("Pow", [np.array([2, -3], f32), ints(3, 2)])
    c.add("Pow", [ints(2, -3, 10), ints(10, 3, 0)])
    c.add("Pow", [np.array([2, 9], i32), np.array([0.5, 1.5], f32)])
    c.add("Pow", [np.array([2, 3], i32), ints(4, 2)])
    values = np.array([-1.5, -0.5, -0.0, 0.5, 1.5, 2.5, 3.25], f32)
    for kind in [f32, f64, f16, bf16]:
        for op in ["Neg", "Abs", "Exp", "Floor", "Ceil"]:
            c.add(op, [values.astype(kind)])
        c.add("Round", [values.astype(kind)], expected=[np.rint(values.astype(f32)).astype(kind)])
        c.add("Sqrt", [np.abs(values).astype(kind)])
        c.add("Log", [np.abs(values[3:]).astype(kind)])
        c.add("Reciprocal", [values[3:].astype(kind)])
    for kind in [f32, f64]:
        for op in ["Sin", "Cos", "Tan", "Atan", "Sinh", "Cosh", "Asinh", "Sign"]:
            c.add(op, [values.astype(kind)])
        # The reference evaluator computes in float32, whatever the type.
        c.add("Erf", [values.astype(kind)], expected=[np.array([math.erf(v) for v in values], kind)])
        for op in ["Asin", "Acos", "Atanh"]:
            c.add(op, [values[1:4].astype(kind)])
        c.add("Acosh", [values[4:].astype(kind)])
    c.add("Erf", [np.array([-np.inf, np.inf, np.nan], f32)], expected=[np.array([-1, 1, np.nan], f32)])
    c.add("Sign", [ints(3, 0, -4)])
    c.add("Sign", [np.array([3, 0], np.uint64)])
    c.add("Celu", [values])
    c.add("Celu", [values], alpha=2.0)
    c.add("ThresholdedRelu", [values])
    c.add("ThresholdedRelu", [values], alpha=-0.75)
    c.add("Shrink", [values])
    c.add("Shrink", [values], bias=1.5, lambd=1.0)
    c.add("Shrink", [ints(-3, -1, 0, 2, 3)], bias=1.0, lambd=1.5)
    c.add("Neg", [ints(3, -4)])
    c.add("Abs", [np.array([3, -128], np.int8)])
    for op in ["Min", "Max"]:
        c.add(op, [row, column, x])
        c.add(op, [row])
        c.add(op, [np.array([1, np.nan, 3], f32), np.array([np.nan, 1, 2], f32)])
        c.add(op, [np.array([2 ** 64 - 1, 1], np.uint64), np.array([5, 5], np.uint64)])
    c.add("Sum", [row, column, x])
    for op in ["Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"]:
        c.add(op, [ints(1, 2, 3), ints(2, 2, 2)])
        c.add(op, [np.array([[1], [2]], f32), np.array([1, np.nan], f32)])
        c.add(op, [np.array([2 ** 64 - 1], np.uint64), np.array([5], np.uint64)])
    c.add("Equal", [np.array([True, False]), np.array([True, True])])
    p, q = np.array([[True], [False]]), np.array([True, False])
    for op in ["And", "Or", "Xor"]:
        c.add(op, [p, q])
    c.add("Not", [q])
    c.add("Where", [p, row, column[:2]])
    c.add("Where", [q, ints(1, 2), ints(3)])
    c.add("ReduceSum", [x, ints(0, -1)])
    c.add("ReduceSum", [x, ints(1)], keepdims=0)
    c.add("ReduceSum", [x])
    c.add("ReduceSum", [x], noop_with_empty_axes=1)
    c.add("ReduceSum", [x[:0], ints(0)])
    for op, f in [("ReduceMean", np.mean), ("ReduceProd", np.prod), ("ReduceMax", np.max), ("ReduceMin", np.min)]:
        c.add(op, [x], axes=[1, 2], keepdims=0)
        c.add(op, [x.astype(f16)], expected=[f(x.astype(f64), axis=2, keepdims=True).astype(f16)], axes=[-1])
        c.add(op, [np.array([4, -8, 2], i32)])
    c.add("ReduceMax", [np.array([1, np.nan, 3], f32)])
    c.add("ReduceSumSquare", [x], axes=[1])
    c.add("ReduceL2", [x], axes=[0, 2])
    c.add("Tile", [x, ints(1, 2, 3)])
    c.add("Tile", [ints(1, 2), ints(0)])
    c.add("Pad", [x, ints(1, 0, -1, 0, 2, 3), np.array(0.5, f32)], mode="constant",
          expected=[np.pad(x[:, :, 1:], ((1, 0), (0, 2), (0, 3)), constant_values=0.5)])
    c.add("Pad", [ints(1, 2, 3), ints(2, 2)], expected=[ints(0, 0, 1, 2, 3, 0, 0)])
    for mode in ["reflect", "edge"]:
        c.add("Pad", [x, ints(0, 1, 2, 0, 2, 3)], mode=mode, expected=[np.pad(x, ((0, 0), (1, 2), (2, 3)), mode=mode)])
    c.add("NonZero", [np.array([[1, 0, 2], [0, -3, np.nan]], f32)])
    c.add("NonZero", [np.array([[True, False]])])
    for exclusive in 0, 1:
        for reverse in 0, 1:
            c.add("CumSum", [x, np.array(1, i64)], exclusive=exclusive, reverse=reverse)
    c.add("CumSum", [np.array([100, 100, 100], i32), np.array(-1, i32)])
    c.write()

    # Operator sets 18 to 21: axes as inputs, Shape's range, uneven parts, and the types that came since.
    c = Cases(21)
    c.add("Shape", [x], start=1)
    c.add("Shape", [x], start=-2, end=-1)
    c.add("Shape", [x], start=2, end=1, expected=[ints()])
    c.add("CastLike", [x, ints(1)])
    c.add("Reshape", [x[:0], ints(0, 5)], allowzero=1)
    c.add("Reshape", [x, ints(0, 12)])
    for op, f in [("ReduceMean", np.mean), ("ReduceProd", np.prod), ("ReduceMax", np.max), ("ReduceMin", np.min),
                  ("ReduceSum", np.sum)]:
        c.add(op, [x, ints(0, -1)])
        c.add(op, [x, ints(1)], keepdims=0)
        c.add(op, [x])
        c.add(op, [x, ints()], noop_with_empty_axes=1, expected=[x])
    c.add("ReduceMax", [np.array([False, True])])
    c.add("Split", [np.arange(7, dtype=f32)], outputs=3, num_outputs=3)
    c.add("Split", [x, ints(1, 3)], outputs=2, axis=2)
    c.add("Pad", [x, ints(1, 2, 0, 1), None, ints(0, 2)], expected=[np.pad(x, ((1, 0), (0, 0), (2, 1)))])
    c.add("Pad", [x, ints(1, -1), np.array(2, f32), ints(-1)],
          expected=[np.pad(x[:, :, :3], ((0, 0), (0, 0), (1, 0)), constant_values=2)])
    c.add("Pad", [x, ints(0, 3, 5, 0, 4, 1)], mode="wrap", expected=[np.pad(x, ((0, 0), (3, 4), (5, 1)), mode="wrap")])
    c.add("ConstantOfShape", [ints(2)], value=numpy_helper.from_array(np.array([1.5], bf16)))
    c.write()

    # Operator set 24: what is younger.
    c = Cases(24)
    c.add("Swish", [values])
    c.add("Swish", [values], alpha=1.75)
    c.write()


def typed_and_raw():
    """Every type of numbers, as raw bytes and in the field for its values, and types without values here."""
    initializers = []
    for kind, values in {
        "FLOAT": [1.5, -2.25, 3.4e38],
        "DOUBLE": [0.1, -1e300],
        "FLOAT16": [1.5, -65504, 2 ** -24],
        "BFLOAT16": [1.5, -3.0, 2.0 ** -133],
        "INT8": [-128, 127],
        "UINT8": [0, 255],
        "INT16": [-32768, 32767],
        "UINT16": [0, 65535],
        "INT32": [-(2 ** 31), 2 ** 31 - 1],
        "UINT32": [0, 2 ** 32 - 1],
        "INT64": [-(2 ** 63), 2 ** 63 - 1],
        "UINT64": [0, 2 ** 64 - 1],
        "BOOL": [1, 0, 1],
    }.items():
        number = getattr(TensorProto, kind)
        array = np.array(values, object).astype(helper.tensor_dtype_to_np_dtype(number))
        typed = helper.make_tensor(f"{kind}/typed", number, array.shape, array)
        initializers += [typed, numpy_helper.from_array(array, f"{kind}/raw")]
    initializers.append(helper.make_tensor("STRING", TensorProto.STRING, [2], ["a", "b"]))
    initializers.append(helper.make_tensor("COMPLEX64", TensorProto.COMPLEX64, [1], [1 + 2j]))
    initializers.append(helper.make_tensor("INT4", TensorProto.INT4, [3], [1, -2, 3]))
    graph = helper.make_graph([], "types", [], [], initializers)
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21)])
    (DATA / "types.onnx").write_bytes(model.SerializeToString())


def small():
    """A network with a dynamic batch, every kind of attribute, and a shape that is computed from constants."""
    weights = np.arange(12, dtype=f32).reshape(2, 6) / 8
    nodes = [
        helper.make_node("Constant", [], ["minus one"], name="open", value=numpy_helper.from_array(ints(-1))),
        helper.make_node("Constant", [], ["six"], value_ints=[6]),
        helper.make_node("Concat", ["minus one", "six"], ["shape"], name="shape of rows", axis=0),
        helper.make_node("Reshape", ["x", "shape"], ["rows"], name="to rows"),
        helper.make_node("Gemm", ["rows", "weights", ""], ["sums"], name="dense", transB=1, alpha=0.5),
        helper.make_node("LeakyRelu", ["sums"], ["y"], name="activation", alpha=0.125),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 2, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 2])],
        [numpy_helper.from_array(weights, "weights")],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, ir_version=8, producer_name="make_models", opset_imports=opsets)
    onnx.checker.check_model(model)
    (DATA / "small.onnx").write_bytes(model.SerializeToString())


DATA.mkdir(exist_ok=True)
fold_cases()
typed_and_raw()
small()
