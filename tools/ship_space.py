"""Makes a trained run one of the spaces inside the package: half the bytes, a name, a licence, a place.

python tools/ship_space.py RUN NAME --licence MIT    writes src/shapespace/spaces/NAME.safetensors
    --encoder-of SPACE     with the encoder of another space, whose G this run began with
    --to FOLDER            somewhere else than inside the package
    --features X.shapes    D's features are square roots, with mean 0 and deviation 1 over X's training split

The model card NAME.md beside it is written by hand: what it knows, what it was trained on, how well it does.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from shapespace.data.store import Store
from shapespace.evaluate.features import Recipe, calibrated
from shapespace.nets.weights import load_space, save_space
from shapespace.space import SHIPPED, load


def main() -> None:
    """Read one run's space and write it as a shipped one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--licence", required=True)
    parser.add_argument("--encoder-of")
    parser.add_argument("--to", type=Path, default=SHIPPED)
    parser.add_argument("--features", type=Path)
    wanted = parser.parse_args()
    found = load_space(wanted.run / "space.safetensors")
    encoder = load(wanted.encoder_of).encoder if wanted.encoder_of else found.encoder
    target = wanted.to / f"{wanted.name}.safetensors"
    card = replace(found.card, name=wanted.name, licence=wanted.licence)
    if wanted.features and found.discriminator:
        store = Store.open(wanted.features)
        recipe = calibrated(found.discriminator, store.read(store.indices("train")), Recipe(root=True))
        card = replace(card, trained=card.trained | {"features": recipe.entry()})
    save_space(target, found.generator, card, discriminator=found.discriminator, encoder=encoder, half=True)
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
