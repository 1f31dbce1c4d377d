"""Compare what the discriminators of runs have learned, a minute each: python tools/feature_numbers.py X.shapes RUN...

Every shape is judged by an SVM that saw none of its cluster: five folds over one shape of each cluster of all splits,
and the held-out splits by one that learned from the training split. Five times as many are judged so as there are
held-out shapes, so recipes that differ by a point can be told apart. No D has seen a label; the held-out shapes it
has not seen at all. Mean over categories, in percent, C 0.003, which cross-validation chose for all that was tried;
features as `tools/ship_space.py --features` makes them. `--untrained N` adds N first weights of the first run's D,
and to each other row what it gains on them, fold by fold, with its interval.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import torch

from shapespace.data.store import Store
from shapespace.evaluate import svm
from shapespace.evaluate.features import Recipe, calibrated, discriminator_of, extract
from shapespace.evaluate.held_out import held_out
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.init import init_he
from shapespace.space import load

C = 3e-3
FOLDS = 5
ROUNDS = 2_000


class Judge:
    """Shapes with their labels, and what is said of them by the features of a discriminator."""

    def __init__(self, store: Store) -> None:
        """Read one shape of each cluster of all splits, and every shape of the training split."""
        train, held = store.indices("train"), held_out(store, "test+validation")
        labels, clusters = np.asarray(store.category_codes, np.int64), np.asarray(store.clusters)
        firsts = [part[np.sort(np.unique(clusters[part], return_index=True)[1])] for part in (train, held)]
        self.train, self.train_labels = store.read(train), labels[train]
        self.all, self.labels = store.read(np.concatenate(firsts)), labels[np.concatenate(firsts)]
        self.held = len(firsts[0])
        order = np.random.default_rng(0).permutation(len(self.labels))
        self.fold = np.empty(len(order), np.int64)
        self.fold[order[np.argsort(self.labels[order], kind="stable")]] = np.arange(len(order)) % FOLDS

    def right(self, network: Discriminator) -> tuple[np.ndarray, np.ndarray]:
        """Return which are told right: all, fold by fold, and the held-out ones after the training split."""
        recipe = calibrated(network, self.train, Recipe(root=True))
        turned = svm.turned(extract(network, self.train, recipe), extract(network, self.all, recipe))
        answers = np.empty_like(self.labels)
        for fold in range(FOLDS):
            inside, outside = self.fold != fold, self.fold == fold
            answers[outside] = svm.fit(turned.others[inside], self.labels[inside], turned.others[outside], C).answers
        last = svm.fit(turned.learned, self.train_labels, turned.others[self.held :], C).answers
        return answers == self.labels, last == self.labels[self.held :]

    def mean(self, right: np.ndarray) -> float:
        """Return the mean over categories, in percent, of the last shapes or of all."""
        labels = self.labels[-len(right) :]
        return 100 * float(np.mean([right[labels == label].mean() for label in np.unique(labels)]))

    def interval(self, gains: np.ndarray) -> tuple[float, float]:
        """Return the 95 % interval of such a mean: shapes are drawn again within their category."""
        rng, labels = np.random.default_rng(0), self.labels[-len(gains) :]
        parts = [gains[labels == label] for label in np.unique(labels)]
        drawn = [np.mean([part[rng.integers(0, len(part), len(part))].mean() for part in parts]) for _ in range(ROUNDS)]
        low, high = 100 * np.percentile(drawn, [2.5, 97.5])
        return float(low), float(high)


def untrained(like: Discriminator, count: int) -> Iterator[Discriminator]:
    """Yield discriminators of the same kind with first weights."""
    for seed in range(count):
        torch.manual_seed(seed)
        fresh = Discriminator(**cast("dict[str, Any]", like.arguments))
        if like.norm == "none":
            init_he(fresh)
        yield fresh


def main() -> None:
    """Print a line for each discriminator."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store")
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--untrained", type=int, default=3)
    wanted = parser.parse_args()
    judge = Judge(Store.open(wanted.store))
    networks = {name: discriminator_of(load(name)) for name in wanted.runs}
    kinds = []
    for seed, fresh in enumerate(untrained(next(iter(networks.values())), wanted.untrained)):
        kinds.append(judge.right(fresh))
        print(
            f"untrained, seed {seed}: folds {judge.mean(kinds[-1][0]):.1f}, held out {judge.mean(kinds[-1][1]):.1f}",
            flush=True,
        )
    for name, network in networks.items():
        line = []
        for what, right, before in zip(
            ("folds", "held out"), judge.right(network), zip(*kinds, strict=True), strict=True
        ):
            gains = right - np.mean(before, axis=0)
            low, high = judge.interval(gains)
            line.append(f"{what} {judge.mean(right):.1f}, gain {judge.mean(gains):.1f} ({low:.1f} to {high:.1f})")
        print(f"{name}: {'; '.join(line)}", flush=True)


if __name__ == "__main__":
    main()
