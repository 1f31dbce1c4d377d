"""Sums of shapes: what is parsed, what comes out, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shapespace.errors import BadInput, UsageError
from shapespace.explore.arithmetic import Term, arithmetic, evaluate, latent_of, parse
from shapespace.explore.attributes import Attributes
from shapespace.explore.snap import snap
from shapespace.explore.target import target_of
from shapespace.nets.generator import Generator
from shapespace.nets.latents import write_latents
from shapespace.nets.weights import SpaceCard
from shapespace.shapes import formats
from shapespace.shapes.grid import handed
from shapespace.space import ShapeSpace


def tiny(prior: str = "normal") -> ShapeSpace:
    torch.manual_seed(0)
    return ShapeSpace(Generator(6, 16, widths=(4, 2)).eval(), SpaceCard(prior=prior))


@pytest.fixture(scope="module")
def space() -> ShapeSpace:
    return tiny()


@pytest.fixture(scope="module")
def learned(space) -> Attributes:
    voxels = np.random.default_rng(0).random((32, 16, 16, 16)) < np.linspace(0.2, 0.8, 32)[:, None, None, None]
    labels = {"full": np.linspace(0, 1, 32), "open": np.arange(32) < 16}
    return Attributes.learn(space, voxels, labels, samples=32, epochs=1)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("0:1", [(1, "0:1")]),
        ("  0:1 - 0:2 + arms ", [(1, "0:1"), (-1, "0:2"), (1, "arms")]),
        ("- 0:1 + a-b+c.stl", [(-1, "0:1"), (1, "a-b+c.stl")]),
        ("0:3 + 0.5*arms - 2 * slats", [(1, "0:3"), (0.5, "arms"), (-2, "slats")]),
        ("my chair.stl + my z.npz:3", [(1, "my chair.stl"), (1, "my z.npz:3")]),
    ],
)
def test_an_expression_is_its_terms(text, terms):
    assert parse(text) == [Term(*term) for term in terms]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("+-"), st.from_regex(r"[a-z0-9:.*-]{1,8}", fullmatch=True)), min_size=1, max_size=9
    )
)
def test_what_was_put_together_is_taken_apart(pairs):
    terms = parse(" ".join(f"{sign} {name}" for sign, name in pairs))
    assert [np.sign(term.weight) or 1 for term in terms if term.weight] == [
        1 if sign == "+" else -1 for (sign, _), term in zip(pairs, terms, strict=True) if term.weight
    ]
    assert all(name.endswith(term.name) for (_, name), term in zip(pairs, terms, strict=True))


def test_a_minus_a_plus_c_is_c(space):
    a, c = space.latents(2, 4)
    assert arithmetic(space, [a, c], [a]) == pytest.approx(c, abs=1e-6)


def test_a_sum_by_hand_keeps_its_direction_and_is_no_longer_than_its_longest_term(space):
    a, b, c = np.eye(6, dtype=np.float32)[:3] * [[3], [4], [1]]
    found = arithmetic(space, [a, c], [b])
    assert found == pytest.approx(np.array([3, -4, 1, 0, 0, 0]) * 4 / np.sqrt(26), abs=1e-6)


def test_under_a_uniform_prior_a_sum_is_taken_about_its_centre_and_stays_inside():
    space = tiny("uniform")
    a, b = np.full(6, 0.9, np.float32), np.full(6, 0.6, np.float32)
    assert arithmetic(space, [a], [b]) == pytest.approx(np.full(6, 0.8), abs=1e-6)  # 0.5 + 0.4 - 0.1
    assert arithmetic(space, [a, a]) == pytest.approx(np.ones(6))


def test_terms_are_samples_and_rows(space, tmp_path):
    write_latents(tmp_path / "z.npz", space.latents(3, 9))
    assert np.array_equal(latent_of(space, "7:2"), space.latents(3, 7)[2])
    assert np.array_equal(latent_of(space, f"{tmp_path}/z.npz:1"), space.latents(2, 9)[1])
    found = evaluate(space, f"7:0 - 7:1 + {tmp_path}/z.npz:1")
    first, second = space.latents(2, 7)
    assert np.array_equal(found.z, arithmetic(space, [first, space.latents(2, 9)[1]], [second]))
    assert found.names == ["7:0", "7:1", f"{tmp_path}/z.npz:1"]
    assert np.array_equal(found.latents[1], second)


def test_attributes_move_the_sum_together(space, learned):
    start = space.latents(1, 7)[0]
    found = evaluate(space, "0.5*full + 7:0 - open + full", learned, corrections=0)
    assert np.array_equal(found.z, learned.move(start, {"full": 1.5, "open": -1.0}))
    assert found.names == ["7:0"]
    assert not np.array_equal(evaluate(space, "7:0 + full", learned).z, start)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1 to 64 terms"),
        (" + ".join(["0:1"] * 65), "not 65"),
        ("full", "begins with a shape"),
        ("- 0:1", "begins with a shape"),
        ("0:1 + wheels", "attributes are full, open"),
        ("0:1 +", "neither SEED:I"),
        ("0:1 + + 0:2", "neither SEED:I"),
        ("0:999999999", "100,000"),
        ("chair.docx", "neither"),
    ],
)
def test_what_cannot_be_meant_is_one_line(space, learned, text, said):
    with pytest.raises(UsageError, match=said):
        evaluate(space, text, learned)


def test_a_space_without_attributes_says_so(space):
    with pytest.raises(UsageError, match="knows no attributes"):
        evaluate(space, "0:1 + arms")


def test_signs_without_spaces_and_queries_without_attributes_are_told_apart(space, learned):
    with pytest.raises(UsageError, match="signs stand between spaces"):
        evaluate(space, "0:1+arms", learned)
    with pytest.raises(UsageError) as told:
        latent_of(space, "zzz")
    assert str(told.value) == "'zzz' is neither SEED:I, nor FILE.npz:ROW, nor a file of a shape"


def test_files_that_are_not_there_or_too_short_are_named(space, tmp_path):
    write_latents(tmp_path / "z.npz", space.latents(2))
    with pytest.raises(BadInput, match="rows 0 to 1, not 2"):
        latent_of(space, f"{tmp_path}/z.npz:2")
    for name in ("none.npz:0", "none.stl"):
        with pytest.raises(BadInput, match="none"):
            latent_of(space, name)


@pytest.mark.parametrize(
    ("vectors", "said"), [([], "nothing is added"), ([np.zeros(5)], "takes"), ([np.nan] * 2, "takes")]
)
def test_vectors_that_do_not_fit_are_refused(space, vectors, said):
    with pytest.raises(UsageError, match=said):
        arithmetic(space, vectors)
    with pytest.raises(UsageError, match="finite"):
        arithmetic(space, [np.full(6, np.nan)])


def test_a_file_is_the_nearest_shape_of_the_space(space, tmp_path):
    formats.write(tmp_path / "a.npz", handed())
    found = evaluate(space, f"{tmp_path}/a.npz - 0:1 + 0:2")
    nearest = snap(space, target_of(f"{tmp_path}/a.npz", 16)).z
    first, second = space.latents(3)[1:]
    assert np.array_equal(found.latents, np.stack([nearest, first, second]))
    assert np.array_equal(found.z, arithmetic(space, [nearest, second], [first]))
