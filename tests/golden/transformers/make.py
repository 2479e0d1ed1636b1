"""Reference values for small transformers, in float64: python make.py OUT_FOLDER [--seed N]

AttnLRP (Achtibat et al. 2402.05602) with epsilon 0, computed as a modified gradient times the input: a function hands back f(x)/x, a product of two
activations half to each factor, a softmax its gradient, a normalisation's divisor is a constant. CP-LRP (Ali et al. 2202.07304): attention weights are
constants too. In this project's words all of that is the form Q: Slope, EvenSplit (or GateConstant), Gradient at the softmax, GateConstant at the norm.
Checked against lxt 2.1's rules (lxt/efficient). Needs torch, onnx, onnxscript, numpy."""

import argparse, json, math, os
import numpy as np, torch
from torch import nn
import torch.nn.functional as F


class Slope(torch.autograd.Function):  # down = (f(x) - f(0))/x * up; f'(0) at 0
    @staticmethod
    def forward(ctx, x, name):
        f = FUNCTIONS[name]
        y = f(x)
        ctx.save_for_backward(
            torch.where(x == 0, torch.full_like(x, SLOPE0[name]), y / torch.where(x == 0, torch.ones_like(x), x))
        )
        return y

    @staticmethod
    def backward(ctx, u):
        return ctx.saved_tensors[0] * u, None


class Scale(torch.autograd.Function):  # identity forward, a factor backward
    @staticmethod
    def forward(ctx, x, c):
        ctx.c = c
        return x.clone()

    @staticmethod
    def backward(ctx, u):
        return ctx.c * u, None


FUNCTIONS = {"gelu": F.gelu, "silu": F.silu, "relu": F.relu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh")}
SLOPE0 = {"gelu": 0.5, "silu": 0.5, "relu": 0.0, "gelu_tanh": 0.5}
MODE = "plain"  # plain, attnlrp, cp


def act(x, name):
    return FUNCTIONS[name](x) if MODE == "plain" else Slope.apply(x, name)


def half(y):
    return y if MODE == "plain" else Scale.apply(y, 0.5)


def const(x):
    return x if MODE == "plain" else x.detach()


def bilinear(f, a, b, weights_first=False):  # product of two activations
    if MODE == "cp" and weights_first:
        return f(a.detach(), b)
    return half(f(a, b))


class Norm(nn.Module):
    def __init__(s, d, rms=False):
        super().__init__()
        s.d = (d,)
        s.g = nn.Parameter(1 + 0.2 * torch.randn(d))
        s.b = None if rms else nn.Parameter(0.1 * torch.randn(d))
        s.rms = rms

    def forward(s, x):
        if MODE == "plain" and not s.rms:
            return F.layer_norm(x, s.d, s.g, s.b, 1e-5)
        c = x if s.rms else x - x.mean(-1, keepdim=True)
        y = c * const((c.pow(2).mean(-1, keepdim=True) + 1e-5).rsqrt()) * s.g
        return y if s.b is None else y + s.b


class Attention(nn.Module):
    def __init__(s, d, h, causal=False, rotary=False):
        super().__init__()
        s.h, s.causal, s.rotary = h, causal, rotary
        s.q, s.k, s.v, s.o = (nn.Linear(d, d, bias=not rotary) for _ in range(4))

    def split(s, x):
        return x.view(x.shape[0], x.shape[1], s.h, -1).transpose(1, 2)

    def turn(s, x):
        n, d = x.shape[-2:]
        f = 1.0 / 1000 ** (torch.arange(0, d, 2, dtype=x.dtype) / d)
        t = torch.arange(n, dtype=x.dtype)[:, None] * f
        c, si = torch.cat((t, t), -1).cos(), torch.cat((t, t), -1).sin()
        a, b = x.chunk(2, -1)
        return x * c + torch.cat((-b, a), -1) * si

    def forward(s, x):
        q, k, v = s.split(s.q(x)), s.split(s.k(x)), s.split(s.v(x))
        if s.rotary:
            q, k = s.turn(q), s.turn(k)
        z = bilinear(lambda a, b: a @ b.transpose(-1, -2), q, k) / math.sqrt(q.shape[-1])
        if s.causal:
            z = z.masked_fill(torch.triu(torch.ones(z.shape[-2:], dtype=torch.bool), 1), float("-inf"))
        y = bilinear(lambda a, b: a @ b, torch.softmax(z, -1), v, weights_first=True)
        return s.o(y.transpose(1, 2).reshape(x.shape))


class Block(nn.Module):
    def __init__(s, d, h, fn, pre=True, rms=False, gated=False, **k):
        super().__init__()
        s.a, s.n1, s.n2, s.fn, s.pre = Attention(d, h, **k), Norm(d, rms), Norm(d, rms), fn, pre
        s.up, s.down = nn.Linear(d, 2 * d), nn.Linear(2 * d, d)
        s.gate = nn.Linear(d, 2 * d, bias=False) if gated else None

    def mlp(s, x):
        if s.gate is None:
            return s.down(act(s.up(x), s.fn))
        return s.down(bilinear(torch.mul, act(s.gate(x), s.fn), s.up(x)))

    def forward(s, x):
        if s.pre:
            x = x + s.a(s.n1(x))
            return x + s.mlp(s.n2(x))
        x = s.n1(x + s.a(x))
        return s.n2(x + s.mlp(x))


class ViT(nn.Module):
    """N x 3 x 32 x 32: patches by a convolution, class token, positions, pre-norm blocks, GELU."""

    def __init__(s, d=24):
        super().__init__()
        s.p = nn.Conv2d(3, d, 8, 8)
        s.c = nn.Parameter(torch.randn(1, 1, d))
        s.e = nn.Parameter(0.3 * torch.randn(1, 17, d))
        s.b = nn.Sequential(Block(d, 3, "gelu"), Block(d, 3, "gelu"))
        s.n = Norm(d)
        s.h = nn.Linear(d, 10)

    def forward(s, x):
        t = s.p(x).flatten(2).transpose(1, 2)
        t = torch.cat((s.c.expand(t.shape[0], -1, -1), t), 1) + s.e
        return s.h(s.n(s.b(t))[:, 0])


class Encoder(nn.Module):
    """N x 9 x 24 embeddings: post-norm blocks, GELU, tanh pooler over the first token."""

    def __init__(s, d=24):
        super().__init__()
        s.n = Norm(d)
        s.b = nn.Sequential(Block(d, 4, "gelu", pre=False), Block(d, 4, "gelu", pre=False))
        s.h = nn.Linear(d, 5)

    def forward(s, x):
        return s.h(s.b(s.n(x)).mean(1))


class Decoder(nn.Module):
    """N x 9 x 24 embeddings: causal, rotary positions, RMS norms, gated SiLU; logits of the last token."""

    def __init__(s, d=24):
        super().__init__()
        k = dict(rms=True, gated=True, causal=True, rotary=True)
        s.b = nn.Sequential(Block(d, 2, "silu", **k), Block(d, 2, "silu", **k))
        s.n = Norm(d, True)
        s.h = nn.Linear(d, 17, bias=False)

    def forward(s, x):
        return s.h(s.n(s.b(x))[:, -1])


def main():
    global MODE
    p = argparse.ArgumentParser()
    p.add_argument("out")
    p.add_argument("--seed", type=int, default=0)
    o = p.parse_args()
    torch.set_default_dtype(torch.float64)
    for name, make, shape in (
        ("vit", ViT, (3, 3, 32, 32)),
        ("encoder", Encoder, (3, 9, 24)),
        ("decoder", Decoder, (3, 9, 24)),
    ):
        torch.manual_seed(o.seed)
        net = make().eval()
        for q in net.parameters():
            q.data = q.data.float().double()  # what the file holds
        x = torch.randn(shape).float().double()
        d = os.path.join(o.out, name)
        os.makedirs(d, exist_ok=True)
        y = net(x).detach()
        target = y.argmax(1)
        save = lambda k, v: np.save(f"{d}/{k}.npy", v.detach().numpy() if torch.is_tensor(v) else v)
        save("input", x.float())
        save("output", y)
        save("target", target)

        def grad(mode, at=x):
            global MODE
            MODE = mode
            v = at.clone().requires_grad_()
            net(v).gather(1, target[:, None]).sum().backward()
            MODE = "plain"
            return v.grad

        g = grad("plain")
        save("gradient", g)
        save("gradient_times_input", g * x)
        save("attnlrp", grad("attnlrp") * x)
        save("cp_lrp", grad("cp") * x)
        save("integrated_gradients_zero_128", x * sum(grad("plain", x * ((k + 0.5) / 128)) for k in range(128)) / 128)
        print(
            name,
            "relevance of the input, attnlrp:",
            float((grad("attnlrp") * x).sum()),
            "of",
            float(y.gather(1, target[:, None]).sum()),
        )
        net.float()
        torch.set_default_dtype(torch.float32)
        for kind, dynamo in (("model", False), ("model_dynamo", True)):
            try:
                torch.onnx.export(
                    net,
                    (x[:1].float(),),
                    f"{d}/{kind}.onnx",
                    dynamo=dynamo,
                    input_names=["x"],
                    output_names=["y"],
                    **(
                        {"dynamic_axes": {"x": {0: "n"}, "y": {0: "n"}}, "opset_version": 17}
                        if not dynamo
                        else {"external_data": False}
                    ),
                )
            except Exception as e:
                print(name, kind, "not exported:", str(e)[:200])
        torch.set_default_dtype(torch.float64)
        json.dump(
            {"seed": o.seed, "torch": torch.__version__, "note": "targets: the largest logit of each sample"},
            open(f"{d}/meta.json", "w"),
        )


if __name__ == "__main__":
    main()
