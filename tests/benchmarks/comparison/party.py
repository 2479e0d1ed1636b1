"""The other parties of the comparison, torch, zennit and captum, as a process that answers requests: compare_ascribe.cpp
says which. `load` takes the folder of the exported networks, a name and the inputs; the argument `double` is that program's."""
import ctypes
import functools
import sys
import time
import warnings

warnings.filterwarnings("ignore")

import captum.attr
import numpy as np
import torch
import torchvision
import zennit.canonizers
import zennit.composites
import zennit.layer
from captum.attr._utils.lrp_rules import EpsilonRule
from pathlib import Path
from zennit.attribution import Gradient
from zennit.torchvision import ResNetCanonizer, VGGCanonizer

import networks

TARGET = 1


class LiteBlockCanonizer(zennit.canonizers.AttributeCanonizer):
    """What zennit's ResNetCanonizer is to ResNet's blocks, for EfficientNet-lite's, batch normalisations folded."""

    def __init__(self):
        super().__init__(self.attributes)

    @classmethod
    def attributes(cls, _name, module):
        if type(module).__name__ != "MBConvBlock":
            return None
        return {"forward": cls.forward.__get__(module), "canonizer_sum": zennit.layer.Sum()}

    @staticmethod
    def forward(self, x, drop_connect_rate=None):
        out = x if self._block_args.expand_ratio == 1 else self._swish(self._expand_conv(x))
        out = self._project_conv(self._swish(self._depthwise_conv(out)))
        if out.shape == x.shape and self._block_args.stride == 1:
            out = self.canonizer_sum(torch.stack([x, out], dim=-1))
        return out


CANONIZERS = {"vgg16": [VGGCanonizer], "resnet50": [ResNetCanonizer], "efficientnet_lite0": [LiteBlockCanonizer]}


class Party:
    def __init__(self, double):
        self.double = double

    def load(self, folder, name, inputs):
        self.name, self.folder = name, Path(folder)
        self.inputs = torch.from_numpy(np.load(inputs))
        if self.double:
            self.inputs = self.inputs.double()
        self.network = functools.cache(lambda kind: networks.load(name, self.folder, kind, self.double))

    def run(self, measure, batch, skipped, repeats):
        """Milliseconds of each repeat, and what was computed last."""
        times = []
        with self.prepared(measure, batch) as call:
            for k in range(skipped + repeats):
                start = time.perf_counter()
                result = call()
                if k >= skipped:
                    times.append((time.perf_counter() - start) * 1e3)
        return times, result

    def prepared(self, measure, batch):
        """A context whose value is the call that is timed. What a program would do once (hooks, canonizers, the layout of
        weights and inputs) is done on entering it."""
        library, _, what = measure.partition(".")
        return getattr(self, library)(what, self.inputs[:batch].contiguous())

    def torch(self, what, x):
        what, _, last = what.partition("/")
        net = self.network("channels last" if last else "as it is")
        if last:
            x = x.to(memory_format=torch.channels_last)
        if what == "forward":
            return Call(lambda: net(x), torch.inference_mode())
        x.requires_grad_()
        seed = self.seed(x)
        return Call(lambda: torch.autograd.grad(net(x), x, seed)[0])

    def zennit(self, what, x):
        canonizers = [make() for make in CANONIZERS.get(self.name, [])]
        bounds = {"low": networks.LOW, "high": networks.HIGH} if what == "EpsilonGammaBox" else {}
        composite = getattr(zennit.composites, what)(canonizers=canonizers, **bounds)
        attributor = Gradient(model=self.network("hooked"), composite=composite)
        seed = self.seed(x)
        return Call(lambda: attributor(x, lambda y: y * seed)[1], attributor)

    def captum(self, what, x):
        if what == "LRP":
            net = self.network("hooked")
            for module in net.modules():
                if isinstance(module, torch.nn.Identity):  # where a batch normalisation was; captum has no rule for it
                    module.rule = EpsilonRule()
            lrp = captum.attr.LRP(net)
            return Call(lambda: lrp.attribute(x, target=TARGET))
        deep_lift = captum.attr.DeepLift(self.network("one use a module"))
        zero = torch.zeros_like(x)
        return Call(lambda: deep_lift.attribute(x, zero, target=TARGET))

    def seed(self, x):
        classes = 10 if self.name == "mlp" else 1000
        return torch.eye(classes, dtype=x.dtype)[[TARGET] * len(x)]


class Call:
    """A call, in a context that may be another's."""

    def __init__(self, call, context=None):
        self.call, self.context = call, context

    def __enter__(self):
        if self.context:
            self.context.__enter__()
        return self.call

    def __exit__(self, *error):
        if self.context:
            self.context.__exit__(*error)


def description():
    from importlib.metadata import version
    return "; ".join(f"{name} {version(name)}" for name in ("torch", "torchvision", "zennit", "captum", "numpy")) + \
        f"; Python {sys.version.split()[0]}; {torch.backends.cpu.get_cpu_capability()}"


def answer(party, words):
    match words:
        case ["load", folder, name, inputs]:
            party.load(folder, name, inputs)
        case ["threads", number]:
            torch.set_num_threads(int(number))
        case ["describe"]:
            return f"text {description()}"
        case ["forget"]:
            ctypes.CDLL(None).malloc_trim(0)
        case ["write", measure, batch, file]:
            times, result = party.run(measure, int(batch), 0, 1)
            np.save(file, result.detach().reshape(int(batch), -1).numpy())
            return f"times {times[0]}"
        case ["run", measure, batch, skipped, repeats]:
            times, _ = party.run(measure, int(batch), int(skipped), int(repeats))
            return "times " + " ".join(map(str, times))
        case _:
            raise ValueError(f"expected a request, found {words}")
    return "done"


def main():
    # What libraries print is not to be taken for an answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    party = Party(double=sys.argv[1:] == ["double"])
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        try:
            print(answer(party, line.split()), file=answers, flush=True)
        except Exception as error:
            print("error", " ".join(str(error).split()) or type(error).__name__, file=answers, flush=True)


if __name__ == "__main__":
    main()
