"""The reconstruction table: true shapes win, blind guesses do not, and what is written is what was found."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from lxml import html as parser
from sklearn.metrics import average_precision_score

from shapespace.evaluate import ikea, reconstruct, reconstruct_page
from shapespace.evaluate.pictures import Pictured
from shapespace.evaluate.reconstruct import (
    CLASS_MEAN,
    MEAN,
    METRICS,
    PREDICTED,
    RETRIEVED,
    SHUFFLED,
    SHUFFLED_WITHIN,
    Plan,
)
from shapespace.evaluate.report import read_json, rows_of
from shapespace.shapes.furniture import make

SIDE = 16


@pytest.fixture(scope="module")
def shapes() -> tuple[np.ndarray, list[str]]:
    """Eighteen pieces of furniture of three categories, the last three of each unseen."""
    names = [name for name in ("chair", "table", "bed") for _ in range(6)]
    voxels = np.stack([make(name, seed, SIDE).voxels for seed, name in enumerate(names)])
    return voxels, names


@pytest.fixture(scope="module")
def known(shapes):
    voxels, names = shapes
    seen = np.arange(18) % 6 < 3
    true = voxels[~seen].repeat(2, axis=0)  # two pictures of each object
    categories = [names[i] for i in np.flatnonzero(~seen) for _ in range(2)]
    return true, categories, voxels[seen], [names[i] for i in np.flatnonzero(seen)]


def measured(known, predicted: np.ndarray, **changed: object) -> dict[str, reconstruct.Row]:
    true, categories, train, of_train = known
    plan = {"retrieved": np.arange(len(true)) % len(train), "rounds": 200} | changed
    return reconstruct.rows(predicted, true, categories, train, of_train, Plan(**plan))


def shown(known) -> Pictured:
    true, categories, *_ = known
    shapes, objects = np.unique(true, axis=0, return_inverse=True)
    return Pictured(np.full((len(true), 3, 256, 256), 90, np.uint8), shapes, objects.reshape(-1), tuple(categories))


def test_the_true_shapes_get_all_and_blind_guesses_less(known):
    found = measured(known, known[0].astype(np.float32))
    assert list(found) == [PREDICTED, CLASS_MEAN, RETRIEVED, SHUFFLED, SHUFFLED_WITHIN]
    assert (found[PREDICTED].values == 1).all()
    for name in (CLASS_MEAN, RETRIEVED, SHUFFLED, SHUFFLED_WITHIN):
        for metric in METRICS:
            assert found[name].numbers[MEAN][metric].high < 1
            assert found[name].gap[MEAN][metric].low > 0


def test_a_blind_prediction_is_worth_no_more_shuffled_within_its_category(known):
    _, categories, train, of_train = known
    mean = {name: train[np.array(of_train) == name].mean(0) for name in set(of_train)}
    found = measured(known, np.stack([mean[name] for name in categories]))
    for metric in METRICS:
        gap = found[SHUFFLED_WITHIN].gap[MEAN][metric]
        assert (gap.value, gap.low, gap.high) == (0, 0, 0)
    assert found[PREDICTED].numbers[MEAN]["ap"] == found[CLASS_MEAN].numbers[MEAN]["ap"]


def test_every_value_is_that_of_its_own_picture(known):
    """Average precision is scikit-learn's, of one shape; means are over pictures, then over categories."""
    true, categories = known[:2]
    predicted = np.clip(0.5 * true + np.random.default_rng(3).normal(0.25, 0.3, true.shape), 0, 1).round(1)
    found = measured(known, predicted, threshold=0.4)[PREDICTED]
    predicted = predicted.astype(np.float32)
    ap = [average_precision_score(t.reshape(-1), p.reshape(-1)) for t, p in zip(true, predicted, strict=True)]
    cut = predicted > np.float32(0.4)
    iou = (cut & true).sum((1, 2, 3)) / (cut | true).sum((1, 2, 3))
    assert found.values[:, METRICS.index("ap")] == pytest.approx(ap)
    assert found.values[:, METRICS.index("iou")] == pytest.approx(iou)
    names = sorted(set(categories))
    means = [np.mean([a for a, name in zip(ap, categories, strict=True) if name == each]) for each in names]
    assert [found.numbers[name]["ap"].value for name in names] == pytest.approx(means)
    assert found.numbers[MEAN]["ap"].value == pytest.approx(np.mean(means))


def test_alignment_never_lowers_and_undoes_a_turn(known):
    turned = known[0].transpose(0, 2, 1, 3)[:, ::-1].astype(np.float32)
    found = measured(known, turned)[PREDICTED].values
    assert (found[:, 1] == 1).all()
    assert (found[:, 3] == 1).all()
    assert found[:, 0].mean() < 0.9


def test_pictures_of_one_object_are_drawn_together():
    """Ten pictures of each object say no more than one: the interval is the same, and not a third of it."""
    rng = np.random.default_rng(4)
    true = rng.random((8, 6, 6, 6)) > 0.5
    predicted = (0.6 * true + rng.normal(0.2, 0.3, true.shape)).astype(np.float32)

    def interval(times: int, objects: np.ndarray | None) -> tuple[float, float]:
        many, guess = true.repeat(times, axis=0), predicted.repeat(times, axis=0)
        plan = Plan(np.zeros(len(many), int), objects)
        found = reconstruct.rows(guess, many, ["a"] * len(many), true[:1], ["a"], plan)
        number = found[PREDICTED].numbers["a"]["ap"]
        return number.low, number.high

    once, tenfold = interval(1, None), interval(10, None)
    assert tenfold == pytest.approx(once)
    apart = interval(10, np.arange(80))
    assert apart[1] - apart[0] < 0.5 * (once[1] - once[0])


def test_one_object_has_no_interval_but_a_value(known):
    true, categories, train, of_train = (each[:2] for each in known)
    found = reconstruct.rows(true, true, categories, train, of_train, Plan(np.zeros(2, int)))
    number = found[PREDICTED].numbers[categories[0]]["iou"]
    assert number.value == 1
    assert math.isnan(number.low)


def test_other_resolutions_are_brought_to_the_true_one(known):
    doubled = known[0].repeat(2, 1).repeat(2, 2).repeat(2, 3)
    found = measured(known, doubled)[PREDICTED]
    assert (found.values == 1).all()
    assert found.guesses.note.startswith("truths are 16^3, the space makes 32^3: its shapes are brought to 16^3")
    assert measured(known, known[0])[PREDICTED].guesses.note == "as predicted"


def test_the_same_seed_finds_the_same(known):
    predicted = np.random.default_rng(5).random(known[0].shape).astype(np.float32)
    first, again = measured(known, predicted), measured(known, predicted)
    other = measured(known, predicted, seed=1)
    assert all(np.array_equal(first[name].values, again[name].values) for name in first)
    assert first[SHUFFLED].numbers == again[SHUFFLED].numbers
    assert not np.array_equal(first[SHUFFLED].guesses.index, other[SHUFFLED].guesses.index)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"retrieved": np.zeros(3, int)}, "retrieved 3"),
        ({"retrieved": np.full(18, 9)}, "not among 9"),
        ({"retrieved": np.full(18, -1)}, "not among 9"),
        ({"objects": np.zeros(2, int)}, "objects 2"),
    ],
)
def test_what_does_not_belong_together_is_refused(known, changed, says):
    with pytest.raises(ValueError, match=says):
        measured(known, known[0], **changed)


def test_predictions_that_are_no_numbers_or_too_few_are_refused(known):
    with pytest.raises(ValueError, match="predicted 4"):
        measured(known, known[0][:4])
    with pytest.raises(ValueError, match="NaN"):
        measured(known, np.full(known[0].shape, np.nan, np.float32))


def test_the_folder_holds_what_was_found(tmp_path, known):
    true, categories, train, of_train = known
    plan = Plan(np.arange(18) % 9, rounds=50)
    noisy = np.clip(true + np.random.default_rng(6).normal(0, 0.4, true.shape), 0, 1)
    said = reconstruct.reconstruct(
        tmp_path / "out", noisy, shown(known), train, of_train, plan, facts={"command": "evaluate <reconstruct>"}
    )
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"report.json", "report.html", "panel.png"}
    read = read_json(tmp_path / "out", "reconstruct")
    found = reconstruct.rows(noisy, true, categories, train, of_train, plan)
    assert rows_of(read)[PREDICTED] == {m: found[PREDICTED].numbers[MEAN][m] for m in METRICS}
    assert (read["pictures"], read["objects"]) == (18, 9)
    assert read["categories"]["bed"] == {"pictures": 6, "objects": 3}
    assert set(read["above"]) == {CLASS_MEAN, RETRIEVED, SHUFFLED, SHUFFLED_WITHIN}
    assert json.loads(json.dumps(said["rows"])) == read["rows"]
    tree = parser.fromstring((tmp_path / "out" / "report.html").read_bytes())
    tables = tree.findall(".//table")
    assert [cell.text for cell in tables[0].iter("th")] == [None, "bed", "chair", "table", MEAN]
    assert all(len(table.findall("tr")) == 6 for table in tables[:4])
    assert "evaluate <reconstruct>" in tree.findall(".//pre")[-1].text_content()


def test_the_picture_shows_each_object_once_before_any_twice(known):
    true, categories = known[:2]
    picks = reconstruct_page._picks(true, categories, 0)
    assert len({true[i].tobytes() for i in picks}) == len(picks) == 8
    assert len({categories[i] for i in picks}) == 3


def test_the_class_mean_beats_the_papers_numbers_on_the_real_set(real_data):
    """Trap 4 of our notes: image-blind, and yet above what the paper prints for beds, chairs and sofas."""
    found = ikea.read(real_data / "ikea")
    with np.load(real_data / "modelnet10" / "train_24.npz") as stored:
        voxels = np.unpackbits(stored["voxels"], axis=1).view(bool).reshape(-1, 24, 24, 24)
        of_train = stored["classes"][stored["label"]].astype(str).tolist()
    _, first = np.unique(found.objects, return_index=True)
    picks = np.sort(first[[found.categories[i] in ("bed", "chair", "sofa") for i in first]])
    plan = Plan(np.zeros(len(picks), int), rounds=50)
    blind = np.zeros((len(picks), 20, 20, 20), np.float32)
    names = [found.categories[i] for i in picks]
    rows = reconstruct.rows(blind, found.voxels[picks], names, voxels, of_train, plan)
    numbers = rows[CLASS_MEAN].numbers
    for name, reported in (("bed", 0.632), ("chair", 0.472), ("sofa", 0.798)):
        assert numbers[name]["ap_aligned"].value > reported
    assert numbers[MEAN]["ap_aligned"].value > numbers[MEAN]["ap"].value + 0.1
