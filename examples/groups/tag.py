"""Plants a shortcut: a tag on a tenth of one class's training images, and a network that is trained on them.

    python examples/groups/tag.py FOLDER IMAGES LABELS [--class 7] [--share 0.1] [--seed 1]

IMAGES and LABELS are MNIST's idx files (also .gz). Writes images.npy, labels.npy, tagged.txt (the numbers of those with the
tag) and model.onnx, a network of 784, 64 and 10 values, into FOLDER. Needs torch, onnx, numpy."""

import argparse
import gzip
import os
import numpy as np, onnx, torch
from onnx import helper, numpy_helper

arguments = argparse.ArgumentParser()
arguments.add_argument("folder")
arguments.add_argument("images")
arguments.add_argument("labels")
arguments.add_argument("--class", dest="label", type=int, default=7)
arguments.add_argument("--share", type=float, default=0.1)
arguments.add_argument("--seed", type=int, default=1)
o = arguments.parse_args()


def read(path, header):
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        return np.frombuffer(file.read()[header:], np.uint8)


x = read(o.images, 16).reshape(-1, 28, 28).astype(np.float32) / 255
y = read(o.labels, 8).astype(np.int64)
of_class = np.flatnonzero(y == o.label)
tagged = np.sort(np.random.default_rng(o.seed).permutation(of_class)[: round(o.share * len(of_class))])
for n in tagged:  # a chessboard of 4 x 4 in the lower left corner
    x[n, 23:27, 1:5] = np.where(np.indices((4, 4)).sum(0) % 2, 1, 0.5)

torch.manual_seed(o.seed)
net = torch.nn.Sequential(torch.nn.Linear(784, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
optimiser = torch.optim.Adam(net.parameters())
inputs, labels = torch.tensor(x.reshape(-1, 784)), torch.tensor(y)
for epoch in range(8):
    for batch in torch.randperm(len(labels)).split(32):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(net(inputs[batch]), labels[batch]).backward()
        optimiser.step()

os.makedirs(o.folder, exist_ok=True)
np.save(os.path.join(o.folder, "images.npy"), x[:, None])
np.save(os.path.join(o.folder, "labels.npy"), y)
np.savetxt(os.path.join(o.folder, "tagged.txt"), tagged, "%d")
weights = {name.replace(".", "_"): value.detach().numpy() for name, value in net.named_parameters()}
value = lambda name, *sizes: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", *sizes])
graph = helper.make_graph(
    [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("Gemm", ["flat", "0_weight", "0_bias"], ["first"], transB=1),
        helper.make_node("Relu", ["first"], ["hidden"]),
        helper.make_node("Gemm", ["hidden", "2_weight", "2_bias"], ["logits"], transB=1),
    ],
    "tagged", [value("image", 1, 28, 28)], [value("logits", 10)],
    [numpy_helper.from_array(w, name) for name, w in weights.items()],
)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), os.path.join(o.folder, "model.onnx"))
