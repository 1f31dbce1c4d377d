"""The classification table on shapes that are easy to tell apart, and on labels that mean nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from shapespace.cli.main import main
from shapespace.data.store import Store
from shapespace.data.writer import write_store
from shapespace.errors import UsageError
from shapespace.evaluate import classify
from shapespace.evaluate.classify import RAW, TRAINED, UNTRAINED
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.generator import Generator
from shapespace.nets.weights import SpaceCard, load_space, save_space
from shapespace.shapes.furniture import make
from shapespace.space import load

EACH = 24
KINDS = ("bookcase", "chair")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("classify")


@pytest.fixture(scope="module")
def store(folder) -> Store:
    splits = ["test" if i % 3 == 0 else "train" for i in range(EACH)] * 2
    shapes = [make(kind, i, 16).voxels for kind in KINDS for i in range(EACH)]
    return write_store(folder / "a.shapes", shapes, categories=[k for k in KINDS for _ in range(EACH)], splits=splits)


@pytest.fixture(scope="module")
def space(folder):
    torch.manual_seed(0)
    generator, discriminator = Generator(4, 16, widths=(8, 4)), Discriminator(16, widths=(4, 8), norm="none")
    save_space(folder / "s.safetensors", generator, SpaceCard(prior="normal"), discriminator=discriminator)
    return load(folder / "s.safetensors")


@pytest.fixture(scope="module")
def found(space, store):
    return classify.classify(space, store, untrained=2)


def test_chairs_and_bookcases_are_told_apart(found):
    assert list(found.rows) == [RAW, UNTRAINED, TRAINED]
    assert all(row.balanced.value > 0.8 for row in found.rows.values())
    assert all(row.accuracy.low <= row.accuracy.value <= row.accuracy.high for row in found.rows.values())
    assert found.rows[UNTRAINED].answers.shape == (2, len(found.held.labels))


def test_the_gain_is_over_the_mean_of_the_untrained(found):
    both = [found.rows[name].balanced.value for name in (TRAINED, UNTRAINED)]
    assert found.gain.value == pytest.approx(both[0] - both[1])


def test_few_shapes_end_in_all(found):
    shots = [size for size, _ in found.rows[TRAINED].few]
    assert shots == [1, 2, 5, 10, 0]
    assert found.rows[TRAINED].few[-1][1] == pytest.approx(found.rows[TRAINED].balanced.value)


def test_few_shapes_are_the_mean_over_all_untrained(found, space, store):
    """With all training shapes the curve ends at the row's own number, of one untrained D and of two."""
    ends = []
    for untrained in (1, 2):
        row = found.rows[UNTRAINED] if untrained == 2 else classify.classify(space, store, untrained=1).rows[UNTRAINED]
        assert row.few[-1] == (0, pytest.approx(row.balanced.value))
        ends.append(row.few)
    assert ends[0] != ends[1]


def test_a_mean_of_curves_is_one_at_each_size():
    curves = [iter([(1, 0.5), (0, 1.0)]), iter([(1, 0.7), (0, 0.8)])]
    assert classify._mean_curve(curves) == ((1, pytest.approx(0.6)), (0, pytest.approx(0.9)))


def test_confusion_counts_every_held_out_shape_once_a_run(found):
    for row in found.rows.values():
        counts = classify.confusion(row, found.held.labels, 2)
        assert counts.sum() == row.answers.size
        np.testing.assert_allclose(
            classify.per_category(row, found.held.labels, 2),
            [(row.answers[:, found.held.labels == k] == k).mean() for k in range(2)],
        )


def test_near_copies_are_held_out_once(folder, space):
    shapes = [make(kind, i, 16).voxels for kind in KINDS for i in range(9)]
    twice = write_store(
        folder / "twice.shapes", [*shapes, shapes[0]], categories=[*(k for k in KINDS for _ in range(9)), KINDS[0]],
        splits=[*(["test"] * 3 + ["train"] * 6) * 2, "test"], clusters=[*range(18), 0],
    )  # fmt: skip
    assert len(classify.classify(space, twice, untrained=1).held.labels) == 6


def test_what_cannot_be_classified_is_named(folder, space, store):
    one = write_store(folder / "one.shapes", [make("chair", i, 16).voxels for i in range(6)], categories="chair",
                      splits=["train"] * 4 + ["test"] * 2)  # fmt: skip
    with pytest.raises(UsageError, match="one category"):
        classify.classify(space, one)
    with pytest.raises(UsageError, match="validation holds 0"):
        classify.classify(space, store, split="validation")
    generator, _, card = load_space(folder / "s.safetensors")[:3]
    save_space(folder / "bare.safetensors", generator, card)
    with pytest.raises(UsageError, match="discriminator"):
        classify.classify(load(folder / "bare.safetensors"), store)


def test_the_command_leaves_a_report_and_pictures(folder, store, space, capsys):
    words = ["evaluate", "classify", str(folder / "s.safetensors"), "--data", str(store.path)]
    assert main([*words, "--out", str(folder / "out"), "--untrained", "1"]) == 0
    assert {path.name for path in (folder / "out").iterdir()} == {
        "report.json", "report.html", "confusion.png", "fewshot.png",
    }  # fmt: skip
    report = json.loads((folder / "out" / "report.json").read_text())
    assert set(report["rows"]) == {RAW, UNTRAINED, TRAINED}
    assert sum(map(sum, report["confusion"])) == report["held_out"]
    assert "gain of D" in capsys.readouterr().out
    assert main([*words, "--out", str(folder / "out"), "--untrained", "1", "--force", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == json.loads((folder / "out" / "report.json").read_text())
    for split in ("elsewhere", "train", "test+train"):
        assert main([*words, "--out", str(folder / "no"), "--split", split]) == 2
    assert not (folder / "no").exists()
