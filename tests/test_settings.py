from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shapespace.errors import BadInput, UsageError
from shapespace.presets import PRESETS, preset
from shapespace.settings import Settings, read_toml, to_toml, with_changes


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_survives_its_own_toml(name):
    settings = preset(name)
    assert with_changes(Settings(), tomllib.loads(to_toml(settings)), "config.toml") == settings


@given(st.text(max_size=40).filter(lambda text: "\x00" not in text and text.isprintable()), st.floats(0, 1))
def test_any_value_survives_toml(category, balance):
    settings = with_changes(Settings(), {"run": {"category": category}, "train": {"balance": balance}}, "test")
    assert with_changes(Settings(), tomllib.loads(to_toml(settings)), "again") == settings


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match=r"no setting train\.batchsize; did you mean train\.batch-size"):
        with_changes(Settings(), {"train": {"batchsize": 3}}, "run.toml")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": {"batch_size": "many"}}, "must be a whole number"),
        ({"train": {"batch_size": True}}, "must be a whole number"),
        ({"train": {"batch_size": 1}}, "at least 2"),
        ({"train": {"loss": "mse"}}, "choose one of bce"),
        ({"train": {"one_sided_smoothing": 0.7}}, "no minimum"),
        ({"train": {"generator_rate": float("nan")}}, "between 0 and 1"),
        ({"nets": {"generator_width": 1.5}}, "whole number"),
        ({"augment": {"cutout": 0.9}}, r"\[0, 0.5\]"),
        ({"trian": {}}, "did you mean train"),
        ({"train": 3}, "must be a table"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(changes, message):
    with pytest.raises(UsageError, match=message):
        with_changes(Settings(), changes, "run.toml")


def test_a_whole_number_is_a_number():
    assert with_changes(Settings(), {"train": {"r1": 3}}, "x").train.r1 == 3.0


def test_a_file_that_is_missing_or_broken_is_named(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        read_toml(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe = [")
    with pytest.raises(BadInput, match=r"bad\.toml: not readable as TOML"):
        read_toml(tmp_path / "bad.toml")


def test_the_defaults_are_the_papers():
    train, nets = Settings().train, Settings().nets
    assert (train.generator_rate, train.discriminator_rate) == (0.0025, 1e-5)
    assert (train.batch_size, train.beta1, train.balance) == (100, 0.5, 0.8)
    assert (nets.latent_dim, nets.prior, nets.discriminator_norm) == (200, "uniform", "batch")
    assert (train.loss, train.ema_half_life, train.one_draw) == ("bce", 0.0, False)
