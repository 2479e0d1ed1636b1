"""The networks of the comparison: the same weights as a torch module and as an ONNX file.

export(name, folder) draws the weights, once, and writes NAME.pt (the state dict), NAME.onnx, NAME.folded.pt (the state dict
with the file's weights, in which batch normalisations are folded), NAME.npy and NAME.first.npy (inputs, and the first of
them) and NAME.json (what the driver needs to know); load(name, folder, kind) makes the torch module again.
"""
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
import torchvision
from torch import nn

SOURCE = Path(__file__).resolve().parents[3]
INPUTS = {"mlp": (256, 784)}  # as many samples as the largest batch
IMAGES = (64, 3, 224, 224)
LOW, HIGH = -3.0, 3.0  # the inputs' bounds, for ZBox


def mlp():
    sizes = (784, 1024, 1024, 1024, 10)
    layers = [layer for i, o in zip(sizes, sizes[1:]) for layer in (nn.Linear(i, o), nn.ReLU(inplace=True))]
    return nn.Sequential(*layers[:-1])


def efficientnet_lite0():
    from efficientnet_lite_pytorch import EfficientNet
    return EfficientNet.from_name("efficientnet-lite0")


NETWORKS = {
    "vgg16": torchvision.models.vgg16,
    "resnet50": torchvision.models.resnet50,
    "mlp": mlp,
    "efficientnet_lite0": efficientnet_lite0,
}


def inputs(name):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(INPUTS.get(name, IMAGES), generator=generator).clamp(LOW, HIGH)


def draw(name):
    """He's scale by inputs, biases that are not zero, and batch normalisations that have seen some of the inputs: the
    activations of every layer are then of order 1, as a trained network's."""
    torch.manual_seed(0)
    net = NETWORKS[name]()
    norms = []
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
            if module.bias is not None:
                nn.init.uniform_(module.bias, -0.1, 0.1)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.2, 0.2)
            module.momentum = None  # the average of what it sees
            norms.append(module)
    if norms:
        with torch.no_grad():
            net.train()(inputs(name)[:8])
    return net.eval()


def to_onnx(name, net, path):
    if name == "efficientnet_lite0":
        # The project's own converter: the example's network, batch normalisations folded.
        sys.path.insert(0, str(SOURCE / "examples/efficientnet"))
        import convert
        network = convert.Network({key: value.numpy() for key, value in net.state_dict().items()})
        network.build()
        path.write_bytes(network.model().SerializeToString())
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The exporter that needs no other package; it folds batch normalisations into the convolutions.
        torch.onnx.export(net, inputs(name)[:1], path, dynamo=False, opset_version=17)


def without_norms(net):
    """The same modules, where convolutions have a bias and no batch normalisation follows."""
    for module in list(net.modules()):
        for key, child in list(module.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, key, nn.Identity())
            elif isinstance(child, nn.Conv2d) and child.bias is None:
                child.bias = nn.Parameter(torch.empty(child.out_channels, device=child.weight.device))
    return net


def take_weights(net, path):
    """Those of the ONNX file's convolutions, which come in the order of the modules."""
    graph = onnx.load(path).graph
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = [node for node in graph.node if node.op_type == "Conv"]
    convolutions = [module for module in net.modules() if isinstance(module, nn.Conv2d)]
    for module, node in zip(convolutions, nodes, strict=True):
        for parameter, source in ((module.weight, node.input[1]), (module.bias, node.input[2])):
            if parameter.shape != values[source].shape:
                raise ValueError(f"{path}: expected {tuple(parameter.shape)}, found {values[source].shape} in {source}")
            parameter.data = torch.from_numpy(values[source].copy())
    return net


def export(name, folder):
    """Writes the files, unless they are there. The last one is written last."""
    about = folder / f"{name}.json"
    if about.exists():
        return
    net = draw(name)
    x = inputs(name)
    with torch.no_grad():
        outputs = net(x[:2])
    if not outputs.isfinite().all() or outputs.abs().max() < 1e-3:
        raise ValueError(f"{name}: expected outputs of order 1, found {outputs.flatten()[:4].tolist()}")
    weights = sum(p.numel() * p.element_size() for p in net.parameters())
    torch.save(net.state_dict(), folder / f"{name}.pt")
    to_onnx(name, net, folder / f"{name}.onnx")
    if any(isinstance(module, nn.BatchNorm2d) for module in net.modules()):
        torch.save(take_weights(without_norms(net), folder / f"{name}.onnx").state_dict(), folder / f"{name}.folded.pt")
    np.save(folder / f"{name}.npy", x.numpy())
    np.save(folder / f"{name}.first.npy", x[:1].numpy())
    about.write_text(json.dumps({"weight_bytes": weights, "samples": len(x)}))


def load(name, folder, kind, double=False):
    """`kind`: "as it is" (activations in place), "channels last" (so, too), "hooked" (activations that hooks may look at,
    and batch normalisations folded, as zennit's canonizers do), or "one use a module" (so, and as captum's DeepLIFT asks for).
    In `double`, batch normalisations are folded in all of them, so that the numbers are those of the ONNX file."""
    folded = folder / f"{name}.folded.pt"
    fold = folded.exists() and (double or kind in ("hooked", "one use a module"))
    with torch.device("meta"):  # no time or memory for weights that are about to be replaced
        net = NETWORKS[name]()
        if fold:
            net = without_norms(net)
    net.load_state_dict(torch.load(folded if fold else folder / f"{name}.pt"), assign=True)
    net.eval().requires_grad_(False)
    in_place = kind in ("as it is", "channels last")
    for module in net.modules():
        if isinstance(module, (nn.ReLU, nn.ReLU6)):
            module.inplace = in_place
        if kind == "one use a module" and isinstance(module, torchvision.models.resnet.Bottleneck):
            module.relu1, module.relu2, module.relu3 = nn.ReLU(), nn.ReLU(), nn.ReLU()
            module.forward = bottleneck.__get__(module)
    if kind == "channels last":
        net = net.to(memory_format=torch.channels_last)
    return net.double() if double else net


def bottleneck(self, x):
    """torchvision's, with three activations."""
    out = self.relu1(self.bn1(self.conv1(x)))
    out = self.bn3(self.conv3(self.relu2(self.bn2(self.conv2(out)))))
    return self.relu3(out + (x if self.downsample is None else self.downsample(x)))


def main():
    """networks.py FOLDER NETWORK...: exports those networks."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:]:
        export(name, folder)


if __name__ == "__main__":
    main()
