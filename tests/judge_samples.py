#!/usr/bin/env python3
"""Judges samples of digits with a convolutional classifier that shares nothing with this project.

    python tests/judge_samples.py DIRECTORY_OF_MNIST SAMPLES.npy ... [--weights FILE] [--threads N]

It trains a small CNN on MNIST's 60,000 training images (3 epochs, a fixed seed; `--weights` keeps the result), takes the
64 outputs of its last hidden layer as features, and prints for every file, (N, H, W) or (N, 784) f32 in [0, 1]:

- distance: the Fréchet distance (Heusel et al. 2017) between two Gaussians, fitted to the features of the file and to
  those of MNIST's 10,000 test images. It depends on the number of images, so compare equal numbers.
- confident: the share of images of which one class gets more than 90 % of the probability.

The first line is the same for the first 10,000 training images: what perfect samples would get. Needs PyTorch and NumPy.
`cargo xtask generate --count 10000 --out samples.npy` writes such a file.
"""

import argparse
import gzip
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

SEED, EPOCHS, BATCH, LEARNING_RATE, FEATURES = 0, 3, 64, 1e-3, 64


class Judge(nn.Module):
    """Two convolutions with pooling, one hidden layer, ten logits."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5, padding=2)
        self.conv2 = nn.Conv2d(16, 32, 5, padding=2)
        self.hidden = nn.Linear(32 * 7 * 7, FEATURES)
        self.logits = nn.Linear(FEATURES, 10)

    def features(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return F.relu(self.hidden(x.flatten(1)))

    def forward(self, x):
        return self.logits(self.features(x))


def idx(directory, name):
    """The array in an IDX file, packed or not."""
    for path, opener in ((directory / f"{name}.gz", gzip.open), (directory / name, open)):
        if path.exists():
            with opener(path, "rb") as file:
                raw = file.read()
            dimensions = np.frombuffer(raw, ">u4", count=raw[3], offset=4)
            return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(dimensions)
    raise SystemExit(f"{directory} does not hold {name} or {name}.gz")


def pixels(images):
    return torch.from_numpy(images.astype(np.float32) / 255).reshape(-1, 1, 28, 28)


def trained(directory, weights):
    torch.manual_seed(SEED)
    judge = Judge()
    if weights and weights.exists():
        judge.load_state_dict(torch.load(weights, weights_only=True))
        return judge.eval()
    x = pixels(idx(directory, "train-images-idx3-ubyte"))
    y = torch.from_numpy(idx(directory, "train-labels-idx1-ubyte").astype(np.int64))
    optimizer = torch.optim.Adam(judge.parameters(), LEARNING_RATE)
    for epoch in range(EPOCHS):
        total = 0.0
        for batch in torch.randperm(len(x)).split(BATCH):
            loss = F.cross_entropy(judge(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        print(f"# epoch {epoch + 1}: training loss {total / len(x):.4f}", flush=True)
    if weights:
        torch.save(judge.state_dict(), weights)
    return judge.eval()


@torch.no_grad()
def read(judge, x):
    """Features (N, 64) in f64, and the probability of the most probable class (N)."""
    features = torch.cat([judge.features(part) for part in x.split(1000)])
    probabilities = judge.logits(features).softmax(1)
    return features.double().numpy(), probabilities.max(1)


def root(matrix):
    """The symmetric square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values.clip(0))) @ vectors.T


def frechet(a, b):
    """|mean a - mean b|² + tr(A + B - 2 (A^½ B A^½)^½)"""
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root_a = root(cov_a)
    cross = np.linalg.eigvalsh(root_a @ cov_b @ root_a).clip(0)
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * np.sqrt(cross).sum()


def samples(path):
    array = np.load(path)
    if array.ndim not in (2, 3) or array[0].size != 784:
        raise SystemExit(f"{path}: expected (N, 28, 28) or (N, 784), found {array.shape}")
    array = np.ascontiguousarray(array, np.float32)
    if not (array.min() >= 0 and array.max() <= 1):
        raise SystemExit(f"{path}: values outside [0, 1]")
    return torch.from_numpy(array).reshape(-1, 1, 28, 28)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mnist", type=pathlib.Path, help="directory with MNIST's four IDX files")
    parser.add_argument("samples", type=pathlib.Path, nargs="*", help=".npy files, f32 in [0, 1]")
    parser.add_argument("--weights", type=pathlib.Path, help="file that keeps the trained classifier")
    parser.add_argument("--threads", type=int, help="threads of PyTorch [default: all]")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)

    judge = trained(arguments.mnist, arguments.weights)
    test, best = read(judge, pixels(idx(arguments.mnist, "t10k-images-idx3-ubyte")))
    labels = torch.from_numpy(idx(arguments.mnist, "t10k-labels-idx1-ubyte").astype(np.int64))
    print(f"# accuracy on MNIST's test images: {(best.indices == labels).double().mean():.2%}")
    print(f"{'images':>7} {'distance':>9} {'confident':>10}")

    def judged(x, name):
        features, best = read(judge, x)
        confident = (best.values > 0.9).double().mean()
        print(f"{len(x):>7} {frechet(features, test):>9.2f} {confident:>10.1%}  {name}", flush=True)

    judged(pixels(idx(arguments.mnist, "train-images-idx3-ubyte")[:10_000]), "MNIST's training images")
    for path in arguments.samples:
        judged(samples(path), path)


if __name__ == "__main__":
    main()
