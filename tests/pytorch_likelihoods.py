#!/usr/bin/env python3
"""Trains a VAE with PyTorch under a likelihood of the pixels, and prints its loss on the test set.

    python tests/pytorch_likelihoods.py DIRECTORY --likelihood continuous_bernoulli --seed 0

DIRECTORY holds MNIST's IDX files, or the same files compressed by gzip. The losses are a reference for the losses of
this project's own training: 784-400-20, ReLU, Adam with learning rate 1e-3, batches of 128 of all 60,000 grey images,
PyTorch's default initialisation. All losses are in nats per image.

Needs torch, numpy and safetensors.
"""

import argparse
import gzip
import sys
import time
from pathlib import Path

import numpy as np
import torch

GOLDEN = Path(__file__).resolve().parent.parent / "crates/vae-core/tests/golden"
sys.path.insert(0, str(GOLDEN))

from make_golden import Vae, likelihood  # noqa: E402


def images(directory, split):
    """The images of a split, in [0, 1], one a row."""
    path = directory / f"{split}-images-idx3-ubyte"
    data = path.read_bytes() if path.exists() else gzip.decompress(path.with_name(path.name + ".gz").read_bytes())
    count, height, width = (int.from_bytes(data[i : i + 4], "big") for i in (4, 8, 12))
    pixels = np.frombuffer(data, np.uint8, offset=16).reshape(count, height * width)
    return torch.from_numpy(pixels.astype(np.float32) / 255)


def losses(vae, x):
    """Reconstruction and KL of each image, with one draw of z each."""
    values = vae(x, torch.randn(len(x), vae.latent))
    return values["reconstruction"], values["kl"]


def train(vae, x, epochs, batch):
    optimizer = torch.optim.Adam(vae.parameters(), lr=1e-3)
    for epoch in range(1, epochs + 1):
        start, total = time.perf_counter(), 0.0
        for indices in torch.randperm(len(x)).split(batch):
            reconstruction, kl = losses(vae, x[indices])
            loss = (reconstruction + kl).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(indices)
        print(f"epoch {epoch} {time.perf_counter() - start:.1f} s loss {total / len(x):.3f}", flush=True)


def evaluate(vae, x):
    with torch.no_grad():
        parts = [torch.stack(losses(vae, chunk)).double().sum(1) for chunk in x.split(1000)]
    reconstruction, kl = (sum(parts) / len(x)).tolist()
    print(f"test neg_elbo {reconstruction + kl:.3f} reconstruction {reconstruction:.3f} kl {kl:.3f}")


def main():
    parser = argparse.ArgumentParser(description="Trains a VAE with PyTorch under a likelihood of the pixels.")
    parser.add_argument("directory", type=Path, help="directory of MNIST's IDX files, plain or .gz")
    name = "bernoulli, continuous_bernoulli, gaussian (sigma learned) or gaussian:SIGMA"
    parser.add_argument("--likelihood", default="bernoulli", help=name)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    x = images(arguments.directory, "train")
    vae = Vae(x.shape[1], [400], 20, torch.relu, likelihood(arguments.likelihood))
    train(vae, x, arguments.epochs, batch=128)
    evaluate(vae, images(arguments.directory, "t10k"))


if __name__ == "__main__":
    main()
