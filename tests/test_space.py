"""A trained space: seeds, decoding, finding, saving; its shapes: meshes, files, pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import shapespace
from shapespace import limits
from shapespace import space as module
from shapespace.data.prepare import prepare
from shapespace.data.recipe import Job, Recipe
from shapespace.data.store import Store
from shapespace.data.views import Views
from shapespace.errors import BadInput, UsageError
from shapespace.nets.generator import Generator
from shapespace.nets.norm import BatchNorm3d
from shapespace.nets.weights import SpaceCard
from shapespace.shapes.mesh import Mesh
from shapespace.shapes.shape import Shape, Shapes
from shapespace.space import ShapeSpace, load
from shapespace.train.collapse import own_and_shuffled


def make_space(activation: str = "sigmoid", prior: str = "uniform") -> ShapeSpace:
    """An untrained space whose shapes differ and are neither empty nor full."""
    torch.manual_seed(1)
    generator = Generator(6, 16, widths=(16, 8), activation=activation).eval()
    for part in generator.modules():
        if isinstance(part, BatchNorm3d):
            part.running_var.fill_(0.01)
    generator.output.weight.data.mul_(20)
    return ShapeSpace(generator, SpaceCard(prior=prior, categories=("chair",)))


@pytest.fixture(scope="module")
def space() -> ShapeSpace:
    return make_space()


@pytest.fixture
def ball() -> Shape:
    """A ball of radius 5 with a soft edge, and a loose speck."""
    axes = np.indices((16, 16, 16)) - 7.5
    occupancy = (1 / (1 + np.exp(3 * (np.sqrt((axes**2).sum(axis=0)) - 5)))).astype(np.float32)
    occupancy[0, 0, 0] = 0.9
    return Shape(occupancy, np.zeros(6, np.float32))


def test_the_i_th_sample_depends_on_the_seed_and_on_i_alone(space):
    many, few = space.sample(19, seed=3), space.sample(5, seed=3)
    for a, b in zip(many, few, strict=False):
        assert np.array_equal(a.z, b.z)
        assert np.array_equal(a.occupancy, b.occupancy)


def test_batch_is_one_by_one_bit_for_bit(space):
    z = space.latents(11, seed=5)
    assert np.array_equal(space.decode(z), np.concatenate([space.decode(row[None]) for row in z]))


def test_another_seed_and_another_index_are_other_shapes(space):
    z = np.concatenate([space.latents(10, seed=seed) for seed in range(3)])
    assert len(np.unique(z, axis=0)) == 30
    grids = space.sample(4).latents
    assert len(np.unique(grids, axis=0)) == 4


def test_a_latent_vector_makes_its_shape_again(space):
    shape = space.sample(3, seed=8)[2]
    assert np.array_equal(space.decode(shape.z[None])[0], shape.occupancy)
    assert np.array_equal(next(space.stream(torch.from_numpy(shape.z[None]))).occupancy, shape.occupancy)


def test_sampling_leaves_the_global_random_state_alone(space):
    state = torch.get_rng_state()
    space.sample(2)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_occupancy_is_a_probability_whatever_the_activation(activation):
    grids = make_space(activation).decode(np.random.default_rng(0).random((3, 6), dtype=np.float32))
    assert grids.shape == (3, 16, 16, 16)
    assert grids.dtype == np.float32
    assert grids.min() >= 0
    assert grids.max() <= 1
    assert grids.min() < 0.45 < 0.55 < grids.max()


@pytest.mark.parametrize(("n", "seed"), [(-1, 0), (limits.MAX_SAMPLES + 1, 0), (1, -1), (1, 2**63)])
def test_n_and_seed_are_bounded(space, n, seed):
    with pytest.raises(UsageError):
        space.latents(n, seed)


def test_no_shapes_are_no_shapes(space):
    assert len(space.sample(0)) == 0
    assert space.decode(np.zeros((0, 6))).shape == (0, 16, 16, 16)


@pytest.mark.parametrize("z", [np.zeros(6), np.zeros((2, 5)), np.full((1, 6), np.nan), np.full((1, 6), np.inf)])
def test_latents_that_do_not_fit_are_refused(space, z):
    with pytest.raises(UsageError, match="z "):
        space.decode(z)


def test_a_saved_space_is_found_as_file_run_folder_and_shipped_name(space, tmp_path, monkeypatch):
    space.save(tmp_path / "space.safetensors")
    monkeypatch.setattr(module, "SHIPPED", tmp_path)
    expected = space.decode(space.latents(2))
    for name in (tmp_path / "space.safetensors", tmp_path, str(tmp_path), "space"):
        again = shapespace.load(name)
        assert np.array_equal(again.decode(again.latents(2)), expected)
        assert again.card == space.card
    assert "chair at 16^3" in repr(space)


def test_a_discriminator_is_kept(space, tmp_path):
    discriminator = shapespace.Discriminator(16, widths=(2, 4))
    ShapeSpace(space.generator, space.card, discriminator=discriminator).save(tmp_path / "a")
    assert load(tmp_path / "a").discriminator.arguments == discriminator.arguments


def test_a_name_that_is_not_there_is_answered_with_what_is(space, tmp_path, monkeypatch):
    space.save(tmp_path / "chair.safetensors")
    monkeypatch.setattr(module, "SHIPPED", tmp_path)
    with pytest.raises(BadInput, match="did you mean chair"):
        load("chiar")
    with pytest.raises(BadInput, match="shipped spaces: chair"):
        load("xyz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=r"no space\.safetensors"):
        load(tmp_path / "empty")


def test_the_threshold_is_the_card_s(space):
    from dataclasses import replace

    lower = ShapeSpace(space.generator, replace(space.card, threshold=0.3)).sample(1)[0]
    assert lower.threshold == 0.3
    assert lower.voxels.sum() > space.sample(1)[0].voxels.sum()


def test_the_largest_component_keeps_the_slope_around_it(ball):
    kept = ball.largest_component()
    assert kept.voxels.sum() == ball.voxels.sum() - 1
    assert kept.occupancy[0, 0, 0] == 0
    assert np.array_equal(kept.occupancy.ravel()[1:], ball.occupancy.ravel()[1:])


def test_a_smooth_mesh_lies_where_occupancy_is_the_threshold(ball):
    mesh = ball.largest_component().to_mesh()
    assert mesh.is_closed
    radii = np.linalg.norm(mesh.vertices - 7.5, axis=1)
    assert radii.min() > 4.9
    assert radii.max() < 5.1
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 5**3, rel=0.03)  # positive: the faces look outwards


def test_a_block_mesh_has_the_voxels_volume(ball):
    mesh = ball.to_mesh(style="blocks")
    assert mesh.is_closed
    assert mesh.volume == pytest.approx(ball.voxels.sum())


@pytest.mark.parametrize("millimetres", [1.0, 200.0])
def test_millimetres_are_the_longest_side(ball, millimetres):
    low, high = ball.to_mesh(millimetres=millimetres).bounds
    assert (high - low).max() == pytest.approx(millimetres)


@pytest.mark.parametrize("millimetres", [0, -1, float("nan"), float("inf")])
def test_millimetres_that_mean_nothing_are_refused(ball, millimetres):
    with pytest.raises(UsageError, match="millimetres"):
        ball.to_mesh(millimetres=millimetres)


def test_an_empty_shape_has_no_mesh():
    with pytest.raises(BadInput, match="no voxel is inside"):
        Shape(np.zeros((8, 8, 8), np.float32)).to_mesh()


@pytest.mark.parametrize("extension", ["stl", "glb", "gltf", "obj", "ply", "off"])
def test_a_saved_mesh_is_read_back(ball, tmp_path, extension):
    from shapespace.shapes import formats

    path = tmp_path / f"ball.{extension}"
    ball.largest_component().save(path, millimetres=100)
    mesh = formats.read(path).mesh
    assert isinstance(mesh, Mesh)
    assert (mesh.bounds[1] - mesh.bounds[0]).max() == pytest.approx(100, rel=1e-5)


@pytest.mark.parametrize("extension", ["binvox", "vox", "npz", "npy"])
def test_saved_voxels_are_read_back(tmp_path, extension):
    from shapespace.shapes import formats
    from shapespace.shapes.grid import handed

    shape = Shape(handed().astype(np.float32))
    shape.save(tmp_path / f"a.{extension}")
    assert np.array_equal(formats.read(tmp_path / f"a.{extension}").voxels > 0.5, handed())


def test_millimetres_of_voxels_and_unknown_formats_are_refused(ball, tmp_path):
    with pytest.raises(UsageError, match="millimetres"):
        ball.save(tmp_path / "a.binvox", millimetres=10)
    with pytest.raises((BadInput, UsageError), match="blend"):
        ball.save(tmp_path / "a.blend")


def test_shapes_are_a_list_with_a_sheet(space, tmp_path):
    shapes = space.sample(5)
    assert isinstance(shapes[1:3], Shapes)
    assert [len(shapes), len(shapes[1:3])] == [5, 2]
    assert shapes[-1] is list(shapes)[4]
    assert np.array_equal(shapes.latents, space.latents(5))
    paths = shapes.save(tmp_path / "out", formats=("stl", "binvox"))
    assert len(paths) == 10
    assert all(path.stat().st_size > 0 for path in paths)
    assert (tmp_path / "out" / "sheet.png").read_bytes().startswith(b"\x89PNG")


def test_shapes_are_printed_in_a_line_each(ball):
    side, filled = ball.occupancy.shape[0], np.count_nonzero(ball.voxels)
    one = f"Shape({side} x {side} x {side}, {filled:,} voxels above {ball.threshold:g})"
    assert repr(ball) == one
    assert repr(Shapes([ball] * 2)) == f"Shapes(2):\n {one}\n {one}"
    assert repr(Shapes([ball] * 100)).splitlines()[-1] == " ... 92 more"


def test_pictures_show_something(ball, monkeypatch):
    from PIL import Image

    shown = []
    monkeypatch.setattr(Image.Image, "show", lambda picture: shown.append(picture.size))
    ball.show()
    Shapes([ball, ball]).show()
    assert len(shown) == 2
    assert ball._repr_png_().startswith(b"\x89PNG")
    assert Shapes([ball])._repr_png_().startswith(b"\x89PNG")
    assert len(np.unique(np.asarray(ball.picture()).reshape(-1, 4), axis=0)) > 20


def test_every_shipped_space_loads_and_has_a_card():
    for name in module.shipped():
        space = load(name)
        assert space.card.licence
        assert (Path(module.SHIPPED) / f"{name}.md").is_file()
        assert 0 < space.sample(1)[0].voxels.mean() < 0.5


def test_the_shipped_chairs_are_read_off_pictures(tmp_path):
    prepare(Job("furniture:chair", Recipe(32), count=16, first=900_000), tmp_path / "unseen.shapes", workers=0)
    store, chair = Store.open(tmp_path / "unseen.shapes"), load("chair")
    pictures, _ = Views.open(store, seed=0).batch(range(16), draw=0)
    found = torch.from_numpy(chair.decode(chair.encode(pictures)) > chair.threshold)
    own, others = own_and_shuffled(found, torch.from_numpy(store.read(range(16))))
    assert own > others + 0.1


def test_pictures_that_cannot_be_written_to_are_read():
    picture = np.zeros((3, 256, 256), np.uint8)
    picture.flags.writeable = False  # warnings are errors here, and torch would warn
    assert load("chair").reconstruct(picture).z is not None
