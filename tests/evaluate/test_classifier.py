"""The fixed classifier is the file it was, and what it says of a shape is what it said."""

from __future__ import annotations

import numpy as np
import pytest

from shapespace.errors import DamagedFile
from shapespace.evaluate import classifier
from shapespace.shapes.furniture import make
from shapespace.shapes.grid import handed, pad

HANDED = [1.237, 0.495, 1.338, -1.038, -0.068, -1.329, -0.998, -1.532, -1.744, 1.301]
SHA256 = "37b08898e957aef027139695efe9f6aa8307665e9d070142d59c646176127e25"


def test_it_never_changes_silently():
    """A new file makes every number on features in every report another: say so in the changelog, and change this."""
    fixed = classifier.fixed()
    assert fixed.sha256 == SHA256
    assert fixed.entry["name"] == "shapespace-modelnet10-32"
    assert 0.94 < fixed.entry["low"] < fixed.entry["accuracy"] < fixed.entry["high"] < 0.98


def test_it_says_of_the_handed_shape_what_it_said():
    logits = classifier.fixed().logits(pad(handed(), 32)[None])
    assert logits.shape == (1, 10)
    np.testing.assert_allclose(logits[0], HANDED, atol=2e-3)


def test_it_knows_furniture_it_never_saw():
    """Procedural chairs face the way PartNet's do, not ModelNet's; most are chairs to it all the same."""
    fixed = classifier.fixed()
    chairs = np.stack([make("chair", seed, 32).voxels for seed in range(40)])
    told = fixed.logits(chairs).argmax(axis=1)
    assert np.mean(told == fixed.facts["categories"].index("chair")) > 0.5


def test_features_do_not_depend_on_the_batch_and_other_resolutions_are_fitted():
    fixed = classifier.fixed()
    chairs = np.stack([make("chair", seed, 32).voxels for seed in range(5)])
    whole = fixed.features(chairs)
    assert whole.shape == (5, classifier.FEATURES)
    np.testing.assert_allclose(fixed.features(chairs[2:3])[0], whole[2], atol=1e-4)
    twice = chairs.repeat(2, 1).repeat(2, 2).repeat(2, 3)
    np.testing.assert_allclose(fixed.features(twice), whole, atol=1e-6)


@pytest.mark.parametrize("cut", [0, 7, 100, 5_000, -1])
def test_a_damaged_file_is_named(tmp_path, cut):
    path = tmp_path / "c.safetensors"
    path.write_bytes(classifier.FILE.read_bytes()[:cut])
    with pytest.raises(DamagedFile, match="no classifier"):
        classifier.read(path)
