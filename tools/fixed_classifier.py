"""Makes the fixed classifier of `shapespace evaluate`, and prints how well it does on clusters it never saw.

shapespace data prepare modelnet10/train_24.npz --resolution 32 --out modelnet10.shapes
python tools/fixed_classifier.py modelnet10.shapes [--epochs 30] [--seed 0] [--out FILE]

About ten minutes of one core. Reports name the file by its hash: making it again changes every number on features.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from shapespace.data.store import Store
from shapespace.evaluate import classifier
from shapespace.evaluate.intervals import of_mean

BATCH, RATE, DECAY, SMOOTHING = 32, 2e-3, 1e-4, 0.1
SHIFT = 2
TERMS = "weights learned from ModelNet10, which is for research use"


def main() -> None:
    """Train, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=classifier.FILE)
    wanted = parser.parse_args()
    store = Store.open(wanted.store)
    network = _trained(store, wanted.epochs, wanted.seed)
    right, labels = _judged(network, store)
    accuracy = of_mean(right)
    facts = {
        "name": "shapespace-modelnet10-32", "categories": store.category_names, "accuracy": accuracy.value,
        "low": accuracy.low, "high": accuracy.high, "held_out": len(right), "seed": wanted.seed,
        "epochs": wanted.epochs, "store": store.digest, "terms": TERMS,
    }  # fmt: skip
    classifier.write(wanted.out, network, facts)
    print(f"{len(right)} held-out shapes, one of each cluster: {100 * accuracy.value:.1f} % right", end=" ")
    print(f"({100 * accuracy.low:.1f} to {100 * accuracy.high:.1f})")
    for code, name in enumerate(store.category_names):
        print(f"  {name:12} {100 * right[labels == code].mean():5.1f} % of {np.sum(labels == code)}")
    print(f"{wanted.out}: {wanted.out.stat().st_size / 1e6:.1f} MB, sha256 {classifier.read(wanted.out).sha256}")


def _trained(store: Store, epochs: int, seed: int) -> classifier.Network:
    indices = store.indices("train")
    voxels, labels = store.read(indices), torch.from_numpy(np.asarray(store.category_codes[indices], np.int64))
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = classifier.Network(len(store.category_names))
    adam = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    steps = epochs * (len(indices) // BATCH)
    pace = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps)
    loss_of = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    start = time.process_time()
    for epoch in range(epochs):
        order, total = rng.permutation(len(indices)), 0.0
        for first in range(0, len(order) - BATCH + 1, BATCH):
            picks = order[first : first + BATCH]
            loss = loss_of(network(_seen(voxels[picks], rng)), labels[picks])
            adam.zero_grad()
            loss.backward()
            adam.step()
            pace.step()
            total += loss.item()
        print(
            f"epoch {epoch + 1}: loss {total * BATCH / len(order):.3f}, {time.process_time() - start:.0f} CPU s",
            flush=True,
        )
    return network.eval()


def _seen(voxels: np.ndarray, rng: np.random.Generator) -> torch.Tensor:
    """Return a batch as it is learned from: mirrored or not, shifted; never turned, for the orientation tells."""
    made = [
        np.roll(v[::-1] if rng.random() < 0.5 else v, rng.integers(-SHIFT, SHIFT + 1, 3), (0, 1, 2)) for v in voxels
    ]
    return classifier.grids(np.stack(made))


def _judged(network: classifier.Network, store: Store) -> tuple[np.ndarray, np.ndarray]:
    """Return which held-out shapes are told right, and their labels; of a cluster of near copies the first counts."""
    held = np.concatenate([store.indices("validation"), store.indices("test")])
    held = held[np.unique(np.asarray(store.clusters[held]), return_index=True)[1]]
    labels = np.asarray(store.category_codes[held], np.int64)
    found = classifier.Classifier(network, {}, "").logits(store.read(held)).argmax(axis=1)
    return found == labels, labels


if __name__ == "__main__":
    main()
