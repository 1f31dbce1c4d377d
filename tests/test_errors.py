"""Errors: one line each, an exit code each, and whole after crossing a process border."""

from __future__ import annotations

import pickle

import pytest

from shapespace import errors
from shapespace.errors import BadInput, DamagedFile, ShapeSpaceError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ShapeSpaceError)]


def test_bad_input_says_where_what_and_what_next():
    error = BadInput("chair.off", "ends after 3 of 8 vertices", "export it again")
    assert str(error) == "chair.off: ends after 3 of 8 vertices; export it again"


def test_bad_input_without_a_hint_ends_with_what_is_wrong():
    assert str(BadInput("chair.off", "is empty")) == "chair.off: is empty"


def test_what_a_hostile_file_says_of_itself_is_cut_and_what_next_is_not():
    error = BadInput("a.safetensors", "unknown setting " + "9" * 10_000, "train it again")
    assert len(str(error)) < 400
    assert str(error).endswith(" ...; train it again")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own bytes


@pytest.mark.parametrize("kind", [BadInput, DamagedFile])
def test_bad_input_crosses_a_process_border_whole(kind):
    sent = kind("a.obj", "has no faces", "look at it")
    received = pickle.loads(pickle.dumps(sent))  # noqa: S301 - our own bytes, as a process pool does
    assert type(received) is kind
    assert (received.path, received.what, received.hint) == ("a.obj", "has no faces", "look at it")
    assert str(received) == str(sent)


def test_every_kind_leaves_with_a_code_a_shell_can_tell_from_success():
    assert all(0 < kind.exit_code < 256 for kind in KINDS)


def test_the_promised_exit_codes():
    codes = {kind.__name__: kind.exit_code for kind in KINDS}
    assert codes == {
        "ShapeSpaceError": 1,
        "UsageError": 2,
        "BadInput": 3,
        "DamagedFile": 3,
        "OutputError": 4,
        "TrainingDiverged": 5,
        "PeerLost": 75,
        "Interrupted": 143,
    }
