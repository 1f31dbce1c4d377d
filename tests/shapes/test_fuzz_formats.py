"""Every parser of shapes meets mutated files: it gives a shape or says BadInput, fast and within bounds.

A parser elsewhere joins by a line in its own test: `fuzz(parse, seeds, seconds=1)`.
"""

from __future__ import annotations

import numpy as np
import pytest

from hostile import make
from hostile.fuzz import fuzz
from shapespace.shapes import formats
from shapespace.shapes.formats import BoxPack, Contents, Pack

TARGETS = [(extension, parser) for extension, parser in formats.PARSERS.items()]
TARGETS += [(extension, parser) for extension, parser in formats.PACK_PARSERS.items()]
NAMES = [f"{parser.__module__.rpartition('.')[2]}.{parser.__name__}" for _, parser in TARGETS]


def checked(parser, extension):
    """Return a function of bytes that parses, and holds the parser to what it promises of its result."""

    def parse(data: bytes) -> None:
        found = parser(data, f"fuzz{extension}")
        if isinstance(found, (Pack, BoxPack)):
            assert len(found)
            last = len(found) - 1
            if isinstance(found, BoxPack):
                assert np.isfinite(found.mesh(last).vertices).all()
            else:
                assert found.voxels(last).dtype == bool
            assert isinstance(found.name(0), str)
            assert found.category(0) is None or isinstance(found.category(0), str)
        elif isinstance(found, Contents) and found.mesh is not None:
            mesh = found.mesh
            assert len(mesh.faces)
            assert np.isfinite(mesh.vertices).all()
            assert 0 <= mesh.faces.min() <= mesh.faces.max() < len(mesh.vertices)
        elif isinstance(found, Contents):
            assert found.voxels is not None
            assert found.voxels.ndim == 3
            assert found.voxels.any()
            assert found.voxels.dtype in (np.bool_, np.float32)

    return parse


def run(extension, parser, **bounds):
    wrapped = make.wrapped().get(extension, [])
    return fuzz(checked(parser, extension), make.seeds()[extension], wrapped=wrapped, **bounds)


@pytest.mark.parametrize(("extension", "parser"), TARGETS, ids=NAMES)
def test_a_second_of_mutations(extension, parser):
    report = run(extension, parser, seconds=1.0, seed=0)
    seeds = len(make.seeds()[extension]) + len(make.wrapped().get(extension, []))
    assert report.accepted > seeds  # mutations that all die at the header test nothing


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("extension", "parser"), TARGETS, ids=NAMES)
def test_a_minute_of_mutations(extension, parser):
    print(f"{extension} {parser.__name__}: {run(extension, parser, seconds=60.0, fewest=50_000, seed=1)}")


def test_the_fuzzer_finds_what_it_looks_for():
    def careless(data: bytes) -> None:
        if data[:1] != b"O":
            raise IndexError("list index out of range")

    with pytest.raises(IndexError) as caught:
        fuzz(careless, [b"OFF 1 2"], seconds=5)
    assert "input:" in caught.value.__notes__[0]


def test_the_same_seed_makes_the_same_inputs():
    first, second = [], []
    for seen in (first, second):
        fuzz(seen.append, [b"OFF 1 2 3\n"], seconds=0.01, seed=3)
    shared = min(len(first), len(second))
    assert first[:shared] == second[:shared]


def test_a_hungry_parser_is_found():
    with pytest.raises(AssertionError, match="took memory"):
        fuzz(lambda data: np.ones(20 << 20), [b"x"], seconds=0.05)
