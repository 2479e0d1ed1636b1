"""What Quantus 0.6.0 says of attributions that are kept beside it: python make.py, from anywhere.

The four golden digits in mnist_cnn, computed in float64; the attributions are tests/golden/mnist_cnn's own files. All
replacement is by 0, and noise is a formula, so that nothing is random. Needs quantus 0.6.0, torch, onnx, numpy.

pixel_flipping.npy        attribution x digit x 56: the target's softmax after each 14 pixels, most relevant first
region_perturbation.npy   order (most, least relevant first) x attribution x digit x 49: the logit's loss after each 4 x 4 region
scores.npy                line x digit; the lines are SCORES below

The attributions are gradient_times_input and epsilon_plus."""

import os
import numpy as np, onnx, quantus, torch
from onnx import numpy_helper
from quantus.functions import similarity_func as similar

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.dirname(HERE)
DIGITS = np.load(GOLDEN + "/input.npy")
TARGETS = np.load(GOLDEN + "/target.npy")
ATTRIBUTIONS = ["gradient_times_input", "epsilon_plus"]
RADIUS, COPIES = 0.125, 6


class Network(torch.nn.Sequential):
    def __init__(self):
        nn = torch.nn
        super().__init__(
            nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(),
            nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1568, 128), nn.ReLU(), nn.Linear(128, 10),
        )
        model = onnx.load(GOLDEN + "/../../examples/data/mnist_cnn.onnx")
        weights = {t.name: torch.tensor(numpy_helper.to_array(t)) for t in model.graph.initializer}
        self.load_state_dict(weights)
        self.double().eval()

    def forward(self, x):  # Quantus hands over float32, which holds these pixels exactly
        return super().forward(x.double())


def attribution(name):
    return np.load(f"{GOLDEN}/mnist_cnn/{name}.npy").astype(np.float64).reshape(4, 1, 28, 28)


def gradient_times_input(model, inputs, targets, **_):
    x = torch.tensor(np.asarray(inputs, np.float64), requires_grad=True)
    model(x)[torch.arange(len(targets)), torch.as_tensor(targets)].sum().backward()
    return (x * x.grad).detach().numpy()


def noise(digit, copy, pixels):
    """Multiples of RADIUS/8 within the radius."""
    i = np.arange(pixels)
    return RADIUS / 8 * ((7919 * digit + 104729 * copy + 31 * i * i + 17 * i) % 17 - 8)


class Noisy:
    """A perturb_func of Quantus: its call number k makes copy k of all digits."""

    def __init__(self):
        self.copy = 0

    def __call__(self, arr, indices, **_):
        changed = np.stack([row + noise(n, self.copy, row.size) for n, row in enumerate(np.float64(arr))])
        self.copy += 1
        return changed


def run(metric, a, **more):
    a = None if a is None else a.copy()  # Quantus writes into it
    return np.array(metric(model=Network(), x_batch=DIGITS, y_batch=TARGETS, a_batch=a, **more))


PLAIN = dict(abs=False, normalise=False, disable_warnings=True)
BY_ZERO = dict(perturb_baseline=0.0)
flipping, regions, scores = [], [[], []], {}
for name in ATTRIBUTIONS:
    a = attribution(name)
    flipping.append(run(quantus.PixelFlipping(features_in_step=14, **BY_ZERO, **PLAIN), a, softmax=True))
    for k, order in enumerate(["morf", "lerf"]):
        regions[k].append(
            run(
                quantus.RegionPerturbation(patch_size=4, regions_evaluation=49, order=order, **BY_ZERO, **PLAIN),
                a,
                softmax=False,
            )
        )
    scores["sparseness " + name] = run(quantus.Sparseness(disable_warnings=True), a)  # of |a| over its largest
    scores["complexity " + name] = run(quantus.Complexity(disable_warnings=True), a)
for metric in ["MaxSensitivity", "AvgSensitivity"]:
    made = getattr(quantus, metric)(nr_samples=COPIES, perturb_func=Noisy(), **PLAIN)
    scores[metric] = run(made, None, explain_func=gradient_times_input)
scores["infidelity gradient"] = run(
    quantus.Infidelity(perturb_patch_sizes=[7], n_perturb_samples=1, **BY_ZERO, **PLAIN), attribution("gradient")
)
a, b = (attribution(name).reshape(4, -1) for name in ATTRIBUTIONS)
scores["spearman"] = similar.correlation_spearman(a, b, batched=True)
scores["pearson"] = similar.correlation_pearson(a, b, batched=True)
scores["1 - cosine"] = np.array([similar.cosine(*pair) for pair in zip(a, b)])
scores["ssim"] = np.array(similar.ssim(a.reshape(4, 28, 28), b.reshape(4, 28, 28), batched=True))

SCORES = [
    "sparseness gradient_times_input", "complexity gradient_times_input", "sparseness epsilon_plus",
    "complexity epsilon_plus", "MaxSensitivity", "AvgSensitivity", "infidelity gradient", "spearman", "pearson",
    "1 - cosine", "ssim",
]
assert list(scores) == SCORES
np.save(HERE + "/pixel_flipping.npy", np.array(flipping))
np.save(HERE + "/region_perturbation.npy", np.array(regions))
np.save(HERE + "/scores.npy", np.array([scores[name] for name in SCORES]))
for name in SCORES:
    print(name, scores[name])
