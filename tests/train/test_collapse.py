"""The collapse check: what it counts, what it says of an encoder that looks and of one that does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from solid_views import SolidViews, small_vaegan
from torch import nn

from shapespace.shapes.grid import iou
from shapespace.train.collapse import CollapseCheck, iou_table, own_and_shuffled
from shapespace.train.watchdog import GRACE_SHAPES_OF_PICTURES, PATIENCE_SHAPES, Watchdog, ignored_picture


class Names(nn.Module):
    """Reads a solid picture's colour back into the number of its shape: an encoder that sees all."""

    def forward(self, images):
        number = ((images[:, 0, 0, 0] + 1) * 127.5 / 9).round()
        mean = number[:, None].expand(-1, 6).clone()
        mean[:, 3:] = 0.5
        return mean, torch.zeros(len(images), 6)


class Blind(Names):
    """Says the same of every picture."""

    def forward(self, images):
        return torch.zeros(len(images), 6), torch.zeros(len(images), 6)


class Memory(nn.Module):
    """Makes the shape of a number."""

    def __init__(self, grids: np.ndarray) -> None:
        super().__init__()
        self.grids = torch.from_numpy(grids).float()

    def forward(self, z):
        return self.grids[z[:, 0].long()][:, None]


def check(store) -> CollapseCheck:
    return CollapseCheck(SolidViews(), store, small_vaegan(), torch.device("cpu"))


def test_own_and_shuffled_by_hand():
    """Truths {0}, {1}, {0, 1}; shapes {0}, {0}, {0}: 1, 0 and 1/2 of their own, and the other six pairs."""
    truths = torch.tensor([[1, 0, 0], [0, 1, 0], [1, 1, 0]])
    made = torch.tensor([[1, 0, 0], [1, 0, 0], [1, 0, 0]])
    own, shuffled = own_and_shuffled(made, truths)
    assert own == pytest.approx(0.5)
    assert shuffled == pytest.approx((0 + 0.5 + 1 + 0.5 + 1 + 0) / 6)


def test_the_table_agrees_with_the_iou_of_two_grids_empty_ones_too():
    rng = np.random.default_rng(0)
    a, b = rng.random((3, 4, 4, 4)) > 0.6, rng.random((2, 4, 4, 4)) > 0.6
    a[2] = b[1] = False
    by_pairs = [[iou(x, y) for y in b] for x in a]
    assert np.allclose(iou_table(torch.from_numpy(a), torch.from_numpy(b)).numpy(), by_pairs)


def test_an_encoder_that_sees_all_has_iou_1_with_its_own_and_three_active_dimensions(store):
    found = check(store).measure(Names(), Memory(store.read(range(len(store)))))
    assert found["iou_own"] == 1.0
    assert found["iou_gap"] == pytest.approx(1.0 - found["iou_shuffled"])
    assert found["iou_shuffled"] < 0.7
    assert found["active_dimensions"] == 3
    assert ignored_picture(found) is None


def test_a_vague_memory_is_cut_where_it_overlaps_most(store):
    """One that is a third sure of what is there, and a hundredth as sure of everything else."""
    vague = Memory(store.read(range(len(store))) * 0.33 + 0.003)
    assert check(store).measure(Names(), vague)["iou_own"] == 1.0


def test_a_blind_encoder_has_no_gap_no_nats_and_the_run_says_so_in_words(store):
    found = check(store).measure(Blind(), Memory(store.read(range(len(store)))))
    assert abs(found["iou_gap"]) < 0.02 or found["iou_gap"] < 0
    assert found["active_dimensions"] == 0
    assert found["kl_dimensions"] == [0.0] * 6
    said = str(ignored_picture(found | {"iou_gap": 0.0}))
    assert said.startswith("picture ignored: shapes of held-out pictures have IoU")
    assert "0 of 6 dimensions vary" in said
    assert "vae.kl-weight" in said


def test_only_held_out_shapes_are_shown(store):
    shown: list[int] = []

    class Spy(SolidViews):
        def batch(self, shape_indices, *, draw):
            shown.extend(int(i) for i in shape_indices)
            return super().batch(shape_indices, draw=draw)

    CollapseCheck(Spy(), store, small_vaegan(), torch.device("cpu"))
    assert sorted(shown) == store.indices("validation").tolist()


def test_looking_changes_nothing(store):
    encoder = nn.Sequential(nn.Flatten(), nn.LazyLinear(6), nn.BatchNorm1d(6)).train()
    generator = nn.Sequential(nn.Linear(6, 16**3), nn.BatchNorm1d(16**3), nn.Unflatten(1, (1, 16, 16, 16))).train()
    encoder(torch.zeros(2, 3, 256, 256))

    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = encoder

        def forward(self, images):
            return self.net(images), torch.zeros(len(images), 6)

    both = Both().train()
    before = [t.clone() for net in (both, generator) for t in net.state_dict().values()]
    check(store).measure(both, generator)
    after = [t for net in (both, generator) for t in net.state_dict().values()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert both.training
    assert both.net[2].training
    assert generator.training


HEALTHY = {
    "occupancy_real": 0.1, "occupancy_fake": 0.1, "diversity_real": 0.5, "diversity_fake": 0.5, "accuracy": 0.7,
    "loss_discriminator": 1.0, "loss_generator": 1.0,
}  # fmt: skip
IGNORED = HEALTHY | {
    "iou_own": 0.2, "iou_shuffled": 0.2, "iou_gap": 0.0, "active_dimensions": 0, "kl_dimensions": [0.0],
}  # fmt: skip


def test_a_young_encoder_is_given_time_and_an_old_one_is_named_once_and_then_stopped():
    dog = Watchdog("stop")
    assert dog.look(IGNORED | {"shapes": GRACE_SHAPES_OF_PICTURES - 1}) is None
    verdict = dog.look(IGNORED | {"shapes": GRACE_SHAPES_OF_PICTURES})
    assert verdict is not None
    assert verdict.name == "picture ignored"
    assert dog.look(IGNORED | {"shapes": GRACE_SHAPES_OF_PICTURES + 1}) is None
    assert not dog.must_stop(GRACE_SHAPES_OF_PICTURES + PATIENCE_SHAPES - 1)
    assert dog.must_stop(GRACE_SHAPES_OF_PICTURES + PATIENCE_SHAPES)


def test_a_run_without_an_encoder_is_never_told_of_pictures():
    assert Watchdog("stop").look(HEALTHY | {"shapes": 10**6}) is None
