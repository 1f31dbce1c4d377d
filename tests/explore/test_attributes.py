"""Attributes: lines with known answers, learning on a small space with a known rule, files that hold or are refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors.torch
import torch

from shapespace.errors import BadInput, UsageError
from shapespace.explore import attributes as module
from shapespace.explore.attributes import Attributes, beside, fingerprint, lines, of
from shapespace.explore.reader import Reader, fit, hardened, roughened
from shapespace.explore.steer import steer
from shapespace.nets.generator import Generator
from shapespace.nets.weights import SpaceCard, save_space
from shapespace.space import ShapeSpace, load, shipped


def tiny(seed: int = 0, prior: str = "normal") -> ShapeSpace:
    """Return a space in which z says how full each of the quarters, up or down and front or back, is."""
    torch.manual_seed(seed)
    generator = Generator(6, 16, widths=(16, 8), bias=True)
    quarters = torch.randn(6, 16, 1, 2, 2).repeat_interleave(2, 3).repeat_interleave(2, 4)
    quarters *= 3 if prior == "uniform" else 1
    generator.project[1].weight.data = quarters.expand(6, 16, 4, 4, 4).contiguous()
    for layer in (generator.layers[0][0], generator.output):
        layer.weight.data.abs_()
    generator.output.weight.data.mul_(2)
    generator.output.bias.data.fill_(-4.0)
    return ShapeSpace(generator.eval(), SpaceCard(prior=prior))


def rule(voxels: np.ndarray) -> dict[str, np.ndarray]:
    """Return what is true of grids, by counting: more above than below, and how much lies in front."""
    flat = voxels.astype(np.float32)
    upper, lower = flat[..., 8:].sum((1, 2, 3)), flat[..., :8].sum((1, 2, 3))
    return {"top_heavy": upper > lower, "front": flat[:, :, :8].mean((1, 2, 3))}


@pytest.fixture(scope="module")
def space() -> ShapeSpace:
    return tiny()


@pytest.fixture(scope="module")
def learned(space) -> Attributes:
    voxels = space.decode(space.latents(400, 5)) > space.threshold
    return Attributes.learn(space, voxels, rule(voxels), samples=300, epochs=4)


def test_lines_change_their_own_score_by_one_typical_change_and_no_other():
    source = np.random.default_rng(0)
    z, slopes = source.standard_normal((500, 8)), source.standard_normal((8, 3))
    scores = z @ slopes + [1.0, -2.0, 0.5]
    directions, scales, steps = lines(z, scores, np.zeros(3, bool))
    assert np.linalg.norm(directions, axis=1) == pytest.approx(1, abs=1e-5)
    assert steps == pytest.approx(scores.std(axis=0), rel=1e-5)
    effect = (directions * scales[:, None]) @ slopes
    assert effect == pytest.approx(np.diag(scores.std(axis=0)), abs=1e-4)


def test_one_typical_change_of_what_is_there_or_not_is_from_without_to_with():
    z = np.random.default_rng(1).standard_normal((2000, 4))
    scores = np.where(z[:, :1] > 0, 3.0, -4.0)
    assert lines(z, scores, np.ones(1, bool))[2] == pytest.approx([7.0])


def test_what_is_read_is_what_the_rule_says(space, learned):
    voxels = space.decode(space.latents(300, 77)) > space.threshold
    true, read = rule(voxels), learned.read(voxels)
    assert ((read[:, 0] > 0.5) == true["top_heavy"]).mean() > 0.85
    assert np.corrcoef(read[:, 1], true["front"])[0, 1] > 0.9
    assert np.abs(read[:, 1] - true["front"]).mean() < 0.5 * true["front"].std()


def test_adding_makes_more_and_taking_away_less_by_the_rule_itself(space, learned):
    z = space.latents(200, 9)
    share = [
        rule(space.decode(learned.move(z, {"top_heavy": amount})) > space.threshold)["top_heavy"].mean()
        for amount in (-1, 0, 1)
    ]
    assert share[0] < 0.2 < share[1] < 0.8 < share[2]


def test_steering_spoils_less_than_the_straight_step_and_reaches_what_was_asked(space, learned):
    z = space.latents(150, 21)
    voxels = space.decode(z) > space.threshold
    z = z[~rule(voxels)["top_heavy"]]
    before = learned.read(space.decode(z) > space.threshold)[:, 1]
    changed, reached = [], []
    for moved in (learned.move(z, {"top_heavy": 1}), steer(space, learned, z, {"top_heavy": 1})):
        after = space.decode(moved) > space.threshold
        reached.append(rule(after)["top_heavy"].mean())
        changed.append(np.abs(learned.read(after)[:, 1] - before).mean())
    assert reached[1] >= 0.9
    assert changed[1] < 0.7 * changed[0]


def test_no_amount_moves_nothing_and_amounts_add_up(space, learned):
    z = space.latents(2, 3)
    assert np.array_equal(learned.move(z, {}), z)
    twice = learned.move(learned.move(z[0], {"front": 0.5}), {"front": 0.5})
    assert twice == pytest.approx(learned.move(z[0], {"front": 1.0}), abs=1e-5)
    assert np.array_equal(steer(space, learned, z, {"front": 1.0}, corrections=0), learned.move(z, {"front": 1.0}))
    assert steer(space, learned, z[0], {"front": 1.0}, corrections=2).shape == z[0].shape


def test_a_uniform_prior_is_not_left():
    space = tiny(prior="uniform")
    voxels = space.decode(space.latents(64, 5)) > space.threshold
    learned = Attributes.learn(space, voxels, {"front": rule(voxels)["front"]}, samples=64, epochs=1)
    for moved in (
        learned.move(space.latents(4), {"front": 9}),
        steer(space, learned, space.latents(4), {"front": 9}, corrections=2),
    ):
        assert moved.min() >= 0
        assert moved.max() <= 1


def test_learning_is_repeatable_and_leaves_chance_alone(space):
    voxels = space.decode(space.latents(64, 5)) > space.threshold
    state = torch.get_rng_state()
    told: list[float] = []
    first, again = (
        Attributes.learn(space, voxels, rule(voxels), samples=64, epochs=1, progress=told.append) for _ in range(2)
    )
    assert np.array_equal(first.directions, again.directions)
    assert torch.equal(torch.get_rng_state(), state)
    assert told[-1] == 1
    assert told[: len(told) // 2] == sorted(told[: len(told) // 2])


@pytest.mark.parametrize(("amounts", "said"), [({"wheels": 1}, "front"), ({"front": float("nan")}, "finite")])
def test_what_is_not_known_cannot_be_moved(learned, amounts, said):
    with pytest.raises(UsageError, match=said):
        learned.move(np.zeros(6), amounts)


@pytest.mark.parametrize(
    ("voxels", "labels", "said"),
    [
        (np.zeros((4, 8, 8, 8), bool), {"a": np.arange(4)}, "16"),
        (np.zeros((4, 16, 16, 16)), {"a": np.arange(4)}, "bool"),
        (np.zeros((4, 16, 16, 16), bool), {"a": np.arange(3)}, "'a'"),
        (np.zeros((4, 16, 16, 16), bool), {"a": np.array([0, 1, 2, np.inf])}, "finite"),
        (np.zeros((4, 16, 16, 16), bool), {"a": np.ones(4, bool)}, "the same"),
        (np.zeros((4, 16, 16, 16), bool), {}, "no label"),
    ],
)
def test_labels_that_do_not_fit_are_refused(space, voxels, labels, said):
    with pytest.raises(UsageError, match=said):
        Attributes.learn(space, voxels, labels)


def test_a_file_holds_all_of_it(space, learned, tmp_path):
    learned.save(tmp_path / "a.attributes.safetensors")
    found = Attributes.load(tmp_path / "a.attributes.safetensors").check(space)
    assert found.names == ("top_heavy", "front")
    z = space.latents(5)
    assert np.array_equal(found.move(z, {"front": 0.3}), learned.move(z, {"front": 0.3}))
    voxels = space.decode(z) > space.threshold
    assert found.read(voxels) == pytest.approx(learned.read(voxels), abs=0.02)  # half the digits of the weights
    found.save(tmp_path / "b.safetensors")
    assert (tmp_path / "b.safetensors").read_bytes() == (tmp_path / "a.attributes.safetensors").read_bytes()


def test_attributes_lie_beside_their_space(space, learned, tmp_path):
    save_space(tmp_path / "a.safetensors", space.generator, space.card)
    assert of(tmp_path / "a.safetensors") is None
    path = beside(tmp_path / "a.safetensors")
    assert path.name == "a.attributes.safetensors"
    learned.save(path)
    assert of(tmp_path / "a.safetensors", space).names == learned.names
    with pytest.raises(UsageError, match="another space"):
        of(tmp_path / "a.safetensors", tiny(seed=1))
    save_space(tmp_path / "run" / "space.safetensors", space.generator, space.card)
    assert beside(tmp_path / "run") == tmp_path / "run" / "attributes.safetensors"


def test_a_fingerprint_is_of_the_weights(space):
    assert fingerprint(space) == fingerprint(tiny())
    assert fingerprint(space) != fingerprint(tiny(seed=1))


def test_attributes_are_no_space_of_their_own():
    assert not any(name.endswith("attributes") for name in shipped())


def spoilt(content: bytes, change) -> bytes:
    """Return a file with its header's facts, or its tensors, changed."""
    size = int.from_bytes(content[:8], "little")
    facts = json.loads(json.loads(content[8 : 8 + size])["__metadata__"][module.KEY])
    tensors = safetensors.torch.load(content)
    change(facts, tensors)
    return safetensors.torch.save(tensors, {module.KEY: json.dumps(facts)})


@pytest.mark.parametrize(
    "change",
    [
        lambda facts, tensors: facts.update(version=99),
        lambda facts, tensors: facts.update(names=["one"]),
        lambda facts, tensors: facts.update(names=["same", "same"]),
        lambda facts, tensors: facts.update(names=[1, 2]),
        lambda facts, tensors: facts.update(prior="flat"),
        lambda facts, tensors: facts.update(reader={"outputs": 2, "resolution": 10**9}),
        lambda facts, tensors: facts.update(reader={"outputs": 3, "resolution": 16}),
        lambda facts, tensors: facts.pop("space"),
        lambda facts, tensors: tensors.pop("scales"),
        lambda facts, tensors: tensors.update(means=torch.zeros(3)),
        lambda facts, tensors: tensors.update(kinds=torch.zeros(2)),
        lambda facts, tensors: tensors["steps"].fill_(float("nan")),
        lambda facts, tensors: tensors["reader.last.bias"].fill_(float("inf")),
    ],
)
def test_a_file_that_does_not_fit_together_is_refused(learned, tmp_path, change):
    learned.save(tmp_path / "a.safetensors")
    (tmp_path / "b.safetensors").write_bytes(spoilt((tmp_path / "a.safetensors").read_bytes(), change))
    with pytest.raises(BadInput, match=r"b\.safetensors"):
        Attributes.load(tmp_path / "b.safetensors")


def test_other_files_are_refused(space, tmp_path):
    save_space(tmp_path / "space.safetensors", space.generator, space.card)
    (tmp_path / "text.safetensors").write_text("hello, this is text")
    (tmp_path / "plain.safetensors").write_bytes(safetensors.torch.save({"a": torch.zeros(2)}))
    for name in ("space", "text", "plain", "missing"):
        with pytest.raises(BadInput, match=name):
            Attributes.load(tmp_path / f"{name}.safetensors")


def test_larger_grids_are_read_at_32(space):
    reader = Reader(2, 64, width=2).eval()
    voxels = np.random.default_rng(0).random((3, 32, 32, 32)) > 0.5
    assert reader.scores(voxels.repeat(2, 1).repeat(2, 2).repeat(2, 3)) == pytest.approx(reader.scores(voxels))


def test_roughening_takes_and_adds_a_little_near_the_shape():
    grid = torch.zeros(40, 1, 16, 16, 16)
    grid[:, :, 4:12, 4:12, 4:12] = 1
    rough = roughened(grid, torch.Generator().manual_seed(0))
    assert set(rough.unique().tolist()) == {0.0, 1.0}
    assert 0.01 < float((grid - rough).clamp_min(0).sum() / grid.sum()) < 0.12
    assert float(rough[:, :, :3].sum()) == 0
    assert float((rough - grid).clamp_min(0).sum()) > 0


def test_hardened_occupancy_crosses_a_half_at_the_threshold_and_has_a_gradient():
    occupancy = torch.tensor([0.0, 0.1, 0.2, 0.3, 1.0], requires_grad=True)
    hard = hardened(occupancy, 0.2)
    assert hard.tolist() == pytest.approx([0, 0.08, 0.5, 0.83, 1], abs=0.03)
    (slope,) = torch.autograd.grad(hard.sum(), occupancy)
    assert (slope[1:4] > 0).all()


def test_fitting_says_how_far_it_is(space):
    told: list[float] = []
    voxels = space.decode(space.latents(40)) > space.threshold
    fit(Reader(1, 16), voxels, np.zeros((40, 1), np.float32), np.zeros(1, bool), epochs=2, progress=told.append)
    assert told == pytest.approx([0.25, 0.5, 0.75, 1.0])


def test_the_shipped_chairs_know_their_attributes_and_arms_can_be_added():
    space = load("chair")
    found = of("chair", space)
    assert found.names[:3] == ("arms", "slats", "four_legs")
    z = space.latents(12, 3)
    before, after = (found.read(space.decode(row) > space.threshold)[:, 0] for row in (z, found.move(z, {"arms": 1.5})))
    assert (before < 0.5).sum() >= 3
    assert (after[before < 0.5] > 0.5).mean() >= 0.7


@pytest.mark.slow
def test_nine_of_ten_shipped_chairs_without_arms_are_given_arms_and_keep_their_legs():
    space = load("chair")
    found = of("chair", space)
    z = space.latents(80, 4_711)
    before = found.read(space.decode(z) > space.threshold)
    bare = before[:, 0] < 0.5
    moved = steer(space, found, z[bare], {"arms": 1.0})
    after = found.read(space.decode(moved) > space.threshold)
    assert bare.sum() >= 20
    assert (after[:, 0] > 0.5).mean() >= 0.9
    assert ((after[:, 2] > 0.5) != (before[bare, 2] > 0.5)).mean() <= 0.15
