#!/usr/bin/env python3
"""Takes models from here to PyTorch and from PyTorch to here, and expects the same numbers on both sides.

    python tests/pytorch_both_ways.py             tries both ways with the built program, and the README's module
    python tests/pytorch_both_ways.py --golden    makes tests/golden/pytorch_*.safetensors of vae-core anew

Needs torch, safetensors and numpy, which nothing else in this project does.
"""

import contextlib
import copy
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "crates/vae-core/tests/golden"
sys.path.insert(0, str(GOLDEN))
from make_golden import Half  # noqa: E402, the layers of the golden files

TOLERANCE = 1e-5
ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh, "glu": F.glu}


class Module(nn.Module):
    """The nn.Module whose state dict a model file here is."""

    def __init__(self, inputs, hidden, latent, activation, low=0.0, high=1.0):
        super().__init__()
        self.scale = lambda x: low + (high - low) * x
        self.encoder = Half([inputs, *hidden, 2 * latent], activation)
        self.decoder = Half([latent, *reversed(hidden), inputs], activation)

    def encode(self, x):
        return self.encoder(self.scale(x)).chunk(2, dim=-1)

    def decode(self, z):
        return self.decoder(z)


class Example(nn.Module):
    """The layers of PyTorch's own VAE example."""

    def __init__(self, inputs, hidden, latent):
        super().__init__()
        self.fc1 = nn.Linear(inputs, hidden)
        self.fc21 = nn.Linear(hidden, latent)
        self.fc22 = nn.Linear(hidden, latent)
        self.fc3 = nn.Linear(latent, hidden)
        self.fc4 = nn.Linear(hidden, inputs)

    def encode(self, x):
        h = torch.relu(self.fc1(x))
        return self.fc21(h), self.fc22(h)

    def decode(self, z):
        return self.fc4(torch.relu(self.fc3(z)))


def train(module, x, steps=30):
    """A few steps, so that no tensor is what it was drawn as."""
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
    for _ in range(steps):
        mean, log_var = module.encode(x)
        logits = module.decode(mean + torch.exp(log_var / 2) * torch.randn_like(mean))
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = -0.5 * (1 + log_var - mean**2 - log_var.exp()).sum()
        optimizer.zero_grad()
        ((reconstruction + kl) / len(x)).backward()
        optimizer.step()
    return module


def answers(module, x):
    """What a module says of images, in float64."""
    module = copy.deepcopy(module).double()
    with torch.no_grad():
        mean, log_var = module.encode(x.double())
        logits = module.decode(mean)
    return {"mean": mean, "log_var": log_var, "logits": logits}


def make_golden():
    """Two state dicts as PyTorch saves them, each with images in [0, 1] and what the module says of them."""
    torch.manual_seed(1)
    x = torch.rand(5, 12)
    for name, module, facts in [
        ("module", Module(12, [7, 5], 3, torch.tanh, -1, 1), {"activation": "tanh", "input_range": "-1,1"}),
        ("example", Example(12, 7, 3).double(), {"activation": "relu", "input_range": "0,1"}),
    ]:
        train(module, x.to(next(module.parameters()).dtype))
        save_file(module.state_dict(), GOLDEN / f"pytorch_{name}.safetensors")
        expected = {key: value.contiguous() for key, value in answers(module, x).items()}
        save_file({"x": x, **expected}, GOLDEN / f"pytorch_{name}_answers.safetensors", metadata=facts)


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(header + array.tobytes())


def program():
    """The program, built."""
    subprocess.run(["cargo", "build", "--quiet", "--release", "--package", "xtask"], cwd=ROOT, check=True)
    metadata = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    metadata = subprocess.run(metadata, cwd=ROOT, check=True, capture_output=True).stdout
    return Path(json.loads(metadata)["target_directory"]) / "release/vae"


class Project:
    """A directory with random images, and the built program to call in it."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.program = program()
        images = self.path("images")
        images.mkdir()
        random = np.random.default_rng(1)
        for split, count in [("train", 200), ("t10k", 100)]:
            pixels = random.integers(0, 256, (count, 9, 8), dtype=np.uint8)
            pixels[random.random(pixels.shape) < 0.5] = 0
            write_idx(images / f"{split}-images-idx3-ubyte", pixels)
            write_idx(images / f"{split}-labels-idx1-ubyte", random.integers(0, 10, count, dtype=np.uint8))
        self.x = torch.from_numpy(pixels.reshape(count, -1) / np.float32(255))

    def path(self, name):
        return self.directory / name

    def call(self, *arguments):
        environment = {**os.environ, "CARGO_MANIFEST_DIR": str(self.path("xtask"))}
        command = [self.program, *map(str, arguments)]
        subprocess.run(command, cwd=self.directory, env=environment, check=True, capture_output=True)

    def expect(self, what, module, *model):
        """That the program says of the images, with the model that the flags name, what `module` does."""
        flags = ["--data", "images", "--split", "test", "--reconstructions", "--out", "out"]
        self.call("encode", *model, *flags)
        expected = answers(module, self.x)
        expected["reconstruction"] = torch.sigmoid(expected.pop("logits"))
        for name, values in expected.items():
            found = np.load(self.path(f"out/test_{name}.npy"))
            assert found.dtype == np.float32 and found.shape == tuple(values.shape), (found.dtype, found.shape)
            error = np.abs(found - values.numpy()).max()
            assert error <= TOLERANCE, f"{what}: {name} differs by {error}"
            print(f"{what}: {name} to {error:.1e}")


def to_pytorch(project):
    """A model trained here is a state dict of the module, strictly, but for its prior."""
    for activation in ["tanh", "glu"]:
        settings = "--data images --validation 0 --hidden 20,12 --latent 4 --epochs 3"
        project.call("train", *settings.split(), "--activation", activation, "--run", activation)
        path = project.path(f"{activation}/model.safetensors")
        with safe_open(path, "pt") as file:
            assert file.metadata()["activation"] == activation
        module = Module(72, [20, 12], 4, ACTIVATIONS[activation])
        weights = {name: weight for name, weight in load_file(path).items() if not name.startswith("prior.")}
        module.load_state_dict(weights, strict=True)
        project.expect(f"to PyTorch, {activation}", module, "--run", activation)


def readme(program):
    """The module that the README shows takes a model of the preset that it names."""
    python = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    (code,) = [block for block in python if "load_state_dict" in block]
    x = torch.rand(3, 784)
    with tempfile.TemporaryDirectory() as directory:
        settings = "--preset example --data digits:300 --validation 20 --epochs 1 --run runs/example-1"
        environment = {**os.environ, "CARGO_MANIFEST_DIR": str(Path(directory) / "xtask")}
        command = [program, "train", *settings.split()]
        subprocess.run(command, cwd=directory, env=environment, check=True, capture_output=True)
        with contextlib.chdir(directory):
            names = {"x": x}
            exec(code, names)
        module = Module(784, [400], 20, torch.relu)
        weights = load_file(Path(directory) / "runs/example-1/model.safetensors")
        module.load_state_dict({name: w for name, w in weights.items() if not name.startswith("prior.")})
    expected = answers(module, x)
    for name, found in [("mean", names["mean"]), ("log_var", names["log_var"])]:
        error = (found - expected[name]).abs().max()
        assert error <= TOLERANCE, f"README: {name} differs by {error}"
        print(f"README: {name} to {error:.1e}")
    assert names["pixels"].shape == (3, 784) and 0 <= names["pixels"].min() <= names["pixels"].max() <= 1


def from_pytorch(project):
    """A module's state dict is a model here, with flags for what it does not say, or once imported."""
    module = train(Module(72, [20, 12], 4, torch.tanh, -1, 1), project.x)
    example = train(Example(72, 20, 4).double(), project.x.double())
    for what, module, flags in [
        ("from PyTorch", module, ["--activation", "tanh", "--input-range=-1,1"]),
        ("from PyTorch's example", example, ["--activation", "relu"]),
    ]:
        save_file(module.state_dict(), project.path("module.safetensors"))
        project.expect(f"{what}, by flags", module, "--model", "module.safetensors", *flags)
        flags += ["--image", "9x8", "--out", "imported.safetensors"]
        project.call("import", "module.safetensors", *flags)
        project.expect(f"{what}, imported", module, "--model", "imported.safetensors")


if sys.argv[1:] == ["--golden"]:
    make_golden()
elif sys.argv[1:]:
    sys.exit(__doc__)
else:
    torch.manual_seed(1)
    with tempfile.TemporaryDirectory() as directory:
        project = Project(directory)
        to_pytorch(project)
        from_pytorch(project)
        readme(project.program)
