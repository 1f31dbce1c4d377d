"""Compare what the discriminators of runs have learned, a minute each: python tools/feature_numbers.py X.shapes RUN...

Every shape is judged by an SVM that saw none of its cluster: five folds over one shape of each cluster of all splits,
and the held-out splits by one that learned from the training split. Five times as many are judged so as there are
held-out shapes, so recipes that differ by a point can be told apart. No D has seen a label; the held-out shapes it
has not seen at all. Mean over categories, in percent, C 0.003, which cross-validation chose for all that was tried;
features as `tools/ship_space.py --features` makes them. What each gains is
over the mean of N first weights of the first run's D (`--untrained N`), shape by shape, with its interval.
"""

from __future__ import annotations

import argparse

import numpy as np

from shapespace.data.store import Store
from shapespace.evaluate import svm
from shapespace.evaluate.classify import balanced, balanced_interval, with_first_weights
from shapespace.evaluate.features import Recipe, calibrated, discriminator_of, extract
from shapespace.evaluate.held_out import held_out
from shapespace.nets.discriminator import Discriminator
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

    def gain(self, right: np.ndarray, before: np.ndarray) -> str:
        """Return in words the mean over categories, in percent, of the last shapes or of all, and what it gains."""
        labels = self.labels[-len(right) :]
        found = balanced_interval(right - before, labels, 0, ROUNDS).scaled(100)
        return f"{100 * balanced(right, labels):.1f}, gain {found.value:.1f} ({found.low:.1f} to {found.high:.1f})"


def main() -> None:
    """Print a line for each discriminator."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store")
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--untrained", type=int, default=3)
    wanted = parser.parse_args()
    judge = Judge(Store.open(wanted.store))
    networks = {name: discriminator_of(load(name)) for name in wanted.runs}
    first = next(iter(networks.values()))
    kinds = [judge.right(with_first_weights(first, seed)) for seed in range(wanted.untrained)]
    folds, held = (np.mean(each, axis=0) for each in zip(*kinds, strict=True))
    for name, network in networks.items():
        right, last = judge.right(network)
        print(f"{name}: folds {judge.gain(right, folds)}; held out {judge.gain(last, held)}", flush=True)


if __name__ == "__main__":
    main()
