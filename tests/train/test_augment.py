from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from shapespace.shapes.grid import handed, mirror, pad
from shapespace.train.augment import augment, blur, cut, haloed, mirrored, shifted

ALL = {"mirror": True, "shift": 2, "cutout": 0.25, "soften": 0.5, "halo": 0.7}


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch(count: int = 32) -> Tensor:
    one = torch.from_numpy(pad(handed(), 16)).float()
    return one.expand(count, 1, 16, 16, 16).contiguous()


def test_nothing_asked_nothing_changed_nothing_drawn() -> None:
    generator = rng()
    before = generator.get_state()
    assert torch.equal(augment(batch(), generator=generator), batch())
    assert torch.equal(generator.get_state(), before)


def test_same_generator_state_same_result_and_input_untouched() -> None:
    shapes = batch()
    first, again = augment(shapes, generator=rng(4), **ALL), augment(shapes, generator=rng(4), **ALL)
    assert torch.equal(first, again)
    assert torch.equal(shapes, batch())
    assert not torch.equal(first, augment(shapes, generator=rng(5), **ALL))
    assert first.shape == shapes.shape


def test_mirror_is_left_right_and_takes_about_half() -> None:
    other = torch.from_numpy(mirror(pad(handed(), 16), 0).copy()).float()
    result = mirrored(batch(200), rng())[:, 0]
    is_plain, is_mirrored = (result == batch(1)[0]).all((1, 2, 3)) , (result == other).all((1, 2, 3))  # fmt: skip
    assert (is_plain ^ is_mirrored).all()
    assert 70 < int(is_mirrored.sum()) < 130


def test_shift_moves_each_shape_by_its_own_whole_voxels_in_reach() -> None:
    result = shifted(batch(200), 2, rng())
    moves = set()
    for shape in result[:, 0].numpy():
        corner = np.argwhere(shape).min(0) - 4
        assert np.array_equal(np.roll(batch(1)[0, 0].numpy(), corner, (0, 1, 2)), shape)
        moves.add(tuple(corner.tolist()))
    assert {value for move in moves for value in move} == {-2, -1, 0, 1, 2}
    assert len(moves) > 60


@pytest.mark.parametrize("empty", [0.0, -1.0])
def test_shift_fills_with_empty_and_loses_what_leaves(empty: float) -> None:
    full = torch.ones(8, 1, 4, 4, 4)
    result = shifted(full, 1, rng(), empty=empty)
    assert set(result.unique().tolist()) <= {empty, 1.0}
    for shape in result:
        assert int((shape == 1).sum()) in {27, 36, 48, 64}


@pytest.mark.parametrize("empty", [0.0, -1.0])
def test_cut_empties_one_block_a_shape(empty: float) -> None:
    full = torch.ones(64, 1, 16, 16, 16)
    result = cut(full, 0.25, rng(), empty=empty)
    for shape in result[:, 0]:
        hole = np.argwhere(shape.numpy() == empty)
        size = hole.max(0) - hole.min(0) + 1
        assert (size <= 4).all()
        assert len(hole) == size.prod()
    assert len({shape.numpy().tobytes() for shape in result}) > 50


def test_blur_keeps_the_mass_the_place_and_the_bounds() -> None:
    shapes = batch(2)
    soft = blur(shapes, 0.5)
    torch.testing.assert_close(soft.sum(), shapes.sum())
    assert torch.equal(soft > 0.5, blur(shapes, 0.5).flip(2).flip(2) > 0.5)
    assert soft.min() >= 0
    assert soft.max() <= 1 + 1e-6
    assert soft[shapes == 1].min() > soft[shapes == 0].max()


def test_blur_of_one_voxel_is_the_gaussian() -> None:
    point = torch.zeros(1, 1, 9, 9, 9)
    point[..., 4, 4, 4] = 1
    line = torch.exp(-0.5 * (torch.arange(-2, 3) / 1.0) ** 2)
    line = line / line.sum()
    expected = torch.einsum("i,j,k->ijk", line, line, line)
    torch.testing.assert_close(blur(point, 1.0)[0, 0, 2:7, 2:7, 2:7], expected)


@pytest.mark.parametrize(("sigma", "reach"), [(0.4, 1), (0.7, 2), (1.0, 2)])
def test_a_halo_is_the_highest_gaussian_of_all_full_voxels(sigma: float, reach: int) -> None:
    shapes = (torch.rand(2, 1, 9, 9, 9, generator=torch.Generator().manual_seed(1)) < 0.02).float()
    places = torch.cartesian_prod(*[torch.arange(9)] * 3)
    for shape, field in zip(shapes[:, 0], haloed(shapes, sigma)[:, 0], strict=True):
        away = (places[:, None] - shape.nonzero()[None]).abs()
        near = (away <= reach).all(-1)
        wanted = torch.where(near, (away.square().sum(-1) / (-2 * sigma**2)).exp(), 0.0).amax(1)
        torch.testing.assert_close(field.flatten(), wanted, check_dtype=False)
        assert (field[shape > 0] == 1).all()


def test_a_halo_in_grids_from_minus_one_is_the_same() -> None:
    shapes = (torch.rand(1, 1, 6, 6, 6, generator=torch.Generator().manual_seed(2)) < 0.1).float()
    torch.testing.assert_close(haloed(2 * shapes - 1, 0.7, empty=-1.0), 2 * haloed(shapes, 0.7) - 1)


def test_blur_leaves_an_empty_grid_empty() -> None:
    torch.testing.assert_close(
        blur(torch.full((1, 1, 6, 6, 6), -1.0), 0.7, empty=-1.0), torch.full((1, 1, 6, 6, 6), -1.0)
    )


def test_gradient_reaches_every_voxel_that_is_shown() -> None:
    shapes = batch(3).requires_grad_()
    torch.autograd.gradcheck(
        lambda x: augment(x, generator=rng(1), **ALL),
        torch.rand(2, 1, 4, 4, 4, dtype=torch.float64, requires_grad=True),
    )
    augment(shapes, generator=rng(), mirror=True, shift=2).sum().backward()
    assert set(shapes.grad.unique().tolist()) == {0.0, 1.0}
