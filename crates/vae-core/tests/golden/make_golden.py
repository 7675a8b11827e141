#!/usr/bin/env python3
"""Makes the golden files elbo_*.safetensors and optimizers.safetensors with PyTorch, in float64.

    python make_golden.py DIRECTORY    writes the files into DIRECTORY
    python make_golden.py --check      compares the files beside this program with new ones

README.md lists what each file holds. Needs torch, safetensors and numpy.
"""

import json
import math
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from torch import nn
from torch.nn import functional as F

HERE = Path(__file__).resolve().parent

ACTIVATIONS = {
    "relu": F.relu,
    "leaky_relu": lambda a: F.leaky_relu(a, 0.01),
    "elu": F.elu,
    "tanh": torch.tanh,
    "silu": F.silu,
    "gelu": F.gelu,
    "softplus": F.softplus,
    "sigmoid": torch.sigmoid,
    "glu": F.glu,  # halves its input: values first, their gates behind them
}


# Likelihoods. Each has the number of decoder outputs a pixel and two functions of the decoder's output `g`
# (..., outputs * D): `nll(g, x)`, the -log p(x|z) of each pixel in nats, and `mean(g)`, the mean of p(x|z).


class Bernoulli:
    """p(x|z) = sigmoid(g)^x (1 - sigmoid(g))^(1 - x)"""

    outputs = 1

    def nll(self, g, x):
        return F.binary_cross_entropy_with_logits(g, x.expand_as(g), reduction="none")

    def mean(self, g):
        return torch.sigmoid(g)


class ContinuousBernoulli:
    """p(x|z) = e^(x g) g / (e^g - 1) on [0, 1] (Loaiza-Ganem & Cunningham 2019, with g = logit(lambda))"""

    outputs = 1
    # ln((e^g - 1) / g) = g / 2 + ln(sinh(g / 2) / (g / 2)), the second term in powers of g^2
    SERIES = [0, 1 / 24, -1 / 2880, 1 / 181440, -1 / 9676800, 1 / 479001600, -691 / 15692092416000]

    def nll(self, g, x):
        small = g.abs() < 0.3
        a = torch.where(small, 1.0, g.abs())
        far = F.relu(g) + torch.log(-torch.expm1(-a) / a)
        near = g / 2 + self.series(torch.where(small, g, 0.0) ** 2)
        return torch.where(small, near, far) - x * g

    def mean(self, g):
        # The derivative of ln((e^g - 1) / g): 1 / (1 - e^-g) - 1 / g.
        small = g.abs() < 0.3
        a = torch.where(small, 1.0, g)
        t = torch.where(small, g, 0.0) ** 2
        slope = sum(2 * k * c * t ** (k - 1) for k, c in enumerate(self.SERIES) if k > 0)
        return torch.where(small, 0.5 + g * slope, -1 / torch.expm1(-a) - 1 / a)

    def series(self, t):
        return sum(c * t**k for k, c in enumerate(self.SERIES))


class Gaussian:
    """p(x|z) = N(x; mean, sigma^2): with a given sigma, or with one that the decoder gives for each pixel.

    In the second case the first D outputs are means and the others are values r with
    log sigma = -6 + softplus(r + 6), which is never below -6 (Rybkin, Daniilidis & Levine 2021).
    """

    def __init__(self, sigma=None):
        self.sigma = sigma
        self.outputs = 1 if sigma else 2

    def split(self, g):
        if self.sigma:
            return g, torch.full_like(g, math.log(self.sigma))
        mean, raw = g.chunk(2, dim=-1)
        return mean, -6 + F.softplus(raw + 6)

    def nll(self, g, x):
        mean, log_sigma = self.split(g)
        return 0.5 * ((x - mean) * torch.exp(-log_sigma)) ** 2 + log_sigma + 0.5 * math.log(2 * math.pi)

    def mean(self, g):
        return self.split(g)[0]


def likelihood(name):
    """bernoulli, continuous_bernoulli, gaussian (sigma learned) or gaussian:SIGMA"""
    if name.startswith("gaussian:"):
        return Gaussian(float(name.removeprefix("gaussian:")))
    return {"bernoulli": Bernoulli, "continuous_bernoulli": ContinuousBernoulli, "gaussian": Gaussian}[name]()


# Priors. Each has `log_prob(z)` (...), in nats.


class Flow(nn.Module):
    """RealNVP from z to u, each half of the latents scaled and shifted by what a network makes of the other half."""

    LARGEST = 2.0

    def __init__(self, latent, couplings, width, components=0):
        super().__init__()
        self.first = (latent + 1) // 2
        sizes = [self.first, latent - self.first]
        for k in range(couplings):
            changed, given = sizes[1 - k % 2], sizes[k % 2]
            self.add_module(f"coupling{k + 1}", Half([given, width, width, 2 * changed], F.relu))
        self.mixture = components
        if components:
            add_gaussians(self, latent, components)

    def log_prob(self, z):
        halves = [z[..., : self.first], z[..., self.first :]]
        log_det = 0.0
        for k, net in enumerate(self.children()):
            given, changed = k % 2, 1 - k % 2
            raw, shift = net(halves[given]).chunk(2, dim=-1)
            log_scale = self.LARGEST * torch.tanh(raw / self.LARGEST)
            halves[changed] = halves[changed] * torch.exp(log_scale) + shift
            log_det = log_det + log_scale.sum(-1)
        u = torch.cat(halves, dim=-1)
        if self.mixture:
            return gaussians(self).log_prob(u) + log_det
        return torch.distributions.Normal(0.0, 1.0).log_prob(u).sum(-1) + log_det


class Mixture(nn.Module):
    """Gaussians with diagonal covariances."""

    def __init__(self, latent, components):
        super().__init__()
        add_gaussians(self, latent, components)

    def log_prob(self, z):
        return gaussians(self).log_prob(z)


def add_gaussians(module, latent, components):
    module.logits = nn.Parameter(torch.randn(components))
    module.mean = nn.Parameter(torch.randn(components, latent))
    module.log_var = nn.Parameter(0.5 * torch.randn(components, latent))


def gaussians(module):
    of_one = torch.distributions.Normal(module.mean, torch.exp(0.5 * module.log_var))
    shares = torch.distributions.Categorical(logits=module.logits)
    return torch.distributions.MixtureSameFamily(shares, torch.distributions.Independent(of_one, 1))


def prior(name, latent):
    """standard, mixture:K, flow:COUPLINGS:WIDTH or flow:COUPLINGS:WIDTH:K"""
    kind, *numbers = name.split(":")
    numbers = [int(number) for number in numbers]
    return {"standard": lambda: None, "mixture": Mixture, "flow": Flow}[kind](*([latent, *numbers] if numbers else []))


# The model


class Half(nn.Module):
    """Layers fc1, fc2, ... with an activation between them."""

    def __init__(self, widths, activation):
        super().__init__()
        self.activation = activation
        for i, (inputs, outputs) in enumerate(zip(widths, widths[1:]), start=1):
            gates = 2 if activation is F.glu and i < len(widths) - 1 else 1
            self.add_module(f"fc{i}", nn.Linear(inputs, gates * outputs))

    def forward(self, x):
        first, *rest = self.children()
        x = first(x)
        for layer in rest:
            x = layer(self.activation(x))
        return x


class Vae(nn.Module):
    def __init__(self, pixels, hidden, latent, activation, likelihood, prior):
        super().__init__()
        self.latent = latent
        self.likelihood = likelihood
        self.encoder = Half([pixels, *hidden, 2 * latent], activation)
        self.decoder = Half([latent, *reversed(hidden), likelihood.outputs * pixels], activation)
        self.prior = prior

    def forward(self, x, eps):
        """Every value on the way to the loss; `reconstruction` and `kl` are per image."""
        mean, log_var = self.encoder(x).chunk(2, dim=-1)
        z = mean + torch.exp(0.5 * log_var) * eps
        logits = self.decoder(z)
        if self.prior is None:
            kl = -0.5 * (1 + log_var - mean**2 - log_var.exp()).sum(-1)
        else:
            q = torch.distributions.Normal(mean, torch.exp(0.5 * log_var))
            kl = -q.entropy().sum(-1) - self.prior.log_prob(z)
        return {
            "mean": mean,
            "log_var": log_var,
            "z": z,
            "logits": logits,
            "reconstruction": self.likelihood.nll(logits, x).sum(-1),
            "kl": kl,
        }


# The files


def write(path, tensors, facts):
    """A safetensors file with sorted names, so that the same numbers are the same bytes."""
    header, data = {"__metadata__": {key: str(value) for key, value in facts.items()}}, b""
    for name, tensor in sorted(tensors.items()):
        values = tensor.detach().numpy().astype("<f8").tobytes()
        offsets = [len(data), len(data) + len(values)]
        header[name] = {"dtype": "F64", "shape": list(tensor.shape), "data_offsets": offsets}
        data += values
    header = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)


PIXELS, LATENT, BATCH = 12, 3, 5


def elbo(
    path, seed, activation, hidden, beta=1.0, steps=0, name="bernoulli", p="standard", adapt=lambda vae: None
):
    """Parameters, a batch, the values of the forward pass, the gradients, and `steps` steps of Adam."""
    torch.manual_seed(seed)
    vae = Vae(PIXELS, hidden, LATENT, ACTIVATIONS[activation], likelihood(name), prior(p, LATENT))
    with torch.no_grad():
        for parameter in vae.parameters():
            parameter *= 1.7  # PyTorch's initial weights are so small that every activation is almost linear
        adapt(vae)
    if name.startswith("gaussian"):
        x = 1.5 * torch.randn(BATCH, PIXELS)
    else:
        x = torch.rand(BATCH, PIXELS)
        x[0], x[1] = 0, 1
    eps = torch.randn(max(steps, 1), BATCH, LATENT)
    tensors = {"x": x, "eps": eps, **{key: value.detach().clone() for key, value in vae.named_parameters()}}

    def loss_of(values):
        return (values["reconstruction"] + beta * values["kl"]).mean()

    values = vae(x, eps[0])
    loss = loss_of(values)
    loss.backward()
    tensors |= {**values, "loss": loss}
    tensors |= {f"grad.{key}": value.grad.clone() for key, value in vae.named_parameters()}

    facts = {"activation": activation, "beta": beta, "hidden": hidden, "latent": LATENT}
    facts |= {"n_classes": 0, "optimizer": ""}
    if name != "bernoulli":
        tensors["pixel_mean"] = vae.likelihood.mean(values["logits"])
        facts["likelihood"] = name
    if p != "standard":
        facts["prior"] = p
    if steps:
        facts["optimizer"] = "adam lr=1e-2 betas=0.9,0.999 eps=1e-8"
        optimizer = torch.optim.Adam(vae.parameters(), lr=1e-2)
        losses = []
        for step in range(steps):
            loss = loss_of(vae(x, eps[step]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        tensors["losses"] = torch.stack(losses)
        tensors |= {f"after.{key}": value for key, value in vae.named_parameters()}
    write(path, tensors, facts)
    return tensors


OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {}, "lr=0.05"),
    "momentum": (torch.optim.SGD, {"momentum": 0.9}, "lr=0.05 momentum=0.9"),
    "adam": (torch.optim.Adam, {}, "lr=0.05 betas=0.9,0.999 eps=1e-8"),
    "adamw": (torch.optim.AdamW, {"weight_decay": 0.1}, "as adam, weight_decay=0.1 decoupled"),
    "adamax": (torch.optim.Adamax, {}, "lr=0.05 betas=0.9,0.999 eps=1e-8"),
    "rmsprop": (torch.optim.RMSprop, {}, "lr=0.05 alpha=0.99 eps=1e-8"),
}


def optimizers(path, seed):
    """Twelve steps of each optimizer from one start along the same gradients, the first always zero."""
    torch.manual_seed(seed)
    start, gradients = torch.randn(9), torch.randn(12, 9)
    gradients[:, 0] = 0
    tensors, facts = {"start": start, "grads": gradients}, {}
    for name, (method, settings, fact) in OPTIMIZERS.items():
        parameters = start.clone().requires_grad_()
        optimizer = method([parameters], lr=0.05, **settings)
        steps = []
        for gradient in gradients:
            parameters.grad = gradient.clone()
            optimizer.step()
            steps.append(parameters.detach().clone())
        tensors[name], facts[name] = torch.stack(steps), fact
    write(path, tensors, facts)


def wide_logits(vae):
    """Logits that are large, small, and exactly zero: outputs 0 to 3 of the decoder."""
    last = vae.decoder.fc3
    last.weight[0], last.bias[0] = last.weight[0] * 1e-4, 2e-4
    last.bias[1], last.bias[2] = 26, -26
    last.weight[3], last.bias[3] = 0, 0


def wide_sigmas(vae):
    """Values r for which softplus(r + 6) - 6 differs from r, and large ones: pixels 0 and 1."""
    vae.decoder.fc3.bias[PIXELS], vae.decoder.fc3.bias[PIXELS + 1] = -2.5, 2.5


def make(directory):
    elbo(directory / "elbo_adam.safetensors", 1, "relu", [7], steps=10)
    elbo(directory / "elbo_deep.safetensors", 2, "tanh", [9, 7], steps=10)
    elbo(directory / "elbo_beta.safetensors", 3, "relu", [8], beta=4.0)
    for i, activation in enumerate(ACTIVATIONS):
        elbo(directory / f"elbo_{activation}.safetensors", 10 + i, activation, [8, 6])
    optimizers(directory / "optimizers.safetensors", 40)

    path = directory / "elbo_continuous_bernoulli.safetensors"
    logits = elbo(path, 50, "tanh", [8, 6], name="continuous_bernoulli", adapt=wide_logits)["logits"]
    assert ((logits != 0) & (logits.abs() < 1e-3)).any() and (logits == 0).any()
    assert (logits > 20).any() and (logits < -20).any()
    path = directory / "elbo_gaussian.safetensors"
    x = elbo(path, 51, "tanh", [8, 6], name="gaussian:0.7")["x"]
    assert (x < 0).any() and (x > 1).any()
    path = directory / "elbo_gaussian_learned.safetensors"
    x = elbo(path, 52, "tanh", [8, 6], name="gaussian", adapt=wide_sigmas)["x"]
    assert (x < 0).any() and (x > 1).any()

    for seed, p in enumerate(["mixture:4", "flow:4:6", "flow:3:6:4"], start=60):
        path = directory / f"elbo_{p.replace(':', '_')}.safetensors"
        elbo(path, seed, "tanh", [8, 6], beta=0.5, steps=10, p=p)


# What the likelihoods are checked against


def assert_near(found, expected, tolerance):
    error = (found - expected).abs() / expected.abs().clamp(min=1)
    assert error.max() <= tolerance, error.max()


def check_likelihood(name, g, nodes, weights, distribution, tolerance):
    """One pixel with the parameters `g` (N, outputs): against torch.distributions, and the integral of the density.

    `nodes` and `weights` (N, K) are a quadrature over each pixel's values.
    """
    this = likelihood(name)
    nll = this.nll(g.unsqueeze(-2), nodes.unsqueeze(-1)).squeeze(-1)
    mean = this.mean(g).squeeze(-1)
    density = torch.exp(-nll)
    assert_near((weights * density).sum(-1), torch.ones(len(g)), 1e-12)
    assert_near((weights * density * nodes).sum(-1), mean, 1e-12)
    if distribution:
        assert_near(nll, -distribution.log_prob(nodes), tolerance)
        assert_near(mean, distribution.mean.squeeze(-1), tolerance)


def check_likelihoods():
    unit_nodes, unit_weights = (torch.from_numpy(values) for values in np.polynomial.legendre.leggauss(160))

    def quadrature(low, high):
        half = (high - low).unsqueeze(-1) / 2
        return low.unsqueeze(-1) + half * (1 + unit_nodes), half * unit_weights

    # torch.distributions.ContinuousBernoulli works with lambda, which rounds to 1 for large g, and near 1/2 it loses
    # digits to a difference: exact enough only in between. The integrals hold everywhere.
    tiny = torch.tensor([0.0, 1e-300, 1e-12, 1e-6, 1e-4, 1e-3, 0.29999, 0.3, 0.30001])
    for g, tolerance in [
        (torch.cat([tiny, torch.linspace(0.1, 12, 400)]), 1e-10),
        (torch.linspace(12, 100, 200), None),
    ]:
        g = torch.cat([g, -g]).unsqueeze(-1)
        nodes, weights = quadrature(torch.zeros(len(g)), torch.ones(len(g)))
        distribution = torch.distributions.ContinuousBernoulli(logits=g) if tolerance else None
        check_likelihood("continuous_bernoulli", g, nodes, weights, distribution, tolerance)
        # The gradient is what the formula of the mean states.
        g.requires_grad_()
        this = ContinuousBernoulli()
        gradient = torch.autograd.grad(this.nll(g, torch.full_like(g, 0.3)).sum(), g)[0]
        assert_near(gradient, this.mean(g.detach()) - 0.3, 1e-12)

    mean = torch.linspace(-3, 3, 61)
    for name, raw, sigma in [
        ("gaussian:0.7", None, torch.tensor(0.7)),
        ("gaussian", torch.linspace(-30, 3, 61), None),
    ]:
        g = mean.unsqueeze(-1) if raw is None else torch.stack([mean, raw], dim=-1)
        if raw is not None:
            sigma = math.exp(-6) * (1 + torch.exp(raw + 6))  # exp(-6 + softplus(r + 6)), by another way
        nodes, weights = quadrature(mean - 10 * sigma, mean + 10 * sigma)
        distribution = torch.distributions.Normal(mean.unsqueeze(-1), sigma.expand_as(mean).unsqueeze(-1))
        check_likelihood(name, g, nodes, weights, distribution, 1e-10)


def read(path):
    with safe_open(path, "pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}, file.metadata()


def compare(directory):
    """The files beside this program with those in `directory`: the largest difference of each tensor."""
    worst = 0.0
    for path in sorted(directory.iterdir()):
        (kept, kept_facts), (made, made_facts) = read(HERE / path.name), read(path)
        assert kept_facts == made_facts, (path.name, kept_facts, made_facts)
        assert kept.keys() == made.keys(), (path.name, kept.keys() ^ made.keys())
        differing = 0
        for name in sorted(kept):
            assert kept[name].shape == made[name].shape, (path.name, name)
            difference = (kept[name] - made[name]).abs().max().item()
            relative = difference / (kept[name].abs().max().item() or 1.0)
            worst = max(worst, relative)
            if difference > 0:
                differing += 1
                print(f"{path.stem} {name}: {difference:.1e}, relative to the largest entry {relative:.1e}")
        same_bytes = (HERE / path.name).read_bytes() == path.read_bytes()
        bytes_ = "equal bytes" if same_bytes else "other bytes"
        print(f"{path.stem}: {len(kept) - differing} of {len(kept)} tensors equal, {bytes_}")
    print(f"largest relative difference {worst:.1e}")
    assert worst < 1e-12


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    check_likelihoods()
    if sys.argv[1] == "--check":
        with tempfile.TemporaryDirectory() as directory:
            make(Path(directory))
            compare(Path(directory))
    else:
        make(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
