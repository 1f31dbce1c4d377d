"""The binary form: what goes in comes out, its layout is the documented one, and no bytes do more than fail."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shapespace.errors import BadInput
from shapespace.serve.wire import Packet, pack, quantised, unpack


def packet(count: int = 3, side: int = 4, dim: int = 5) -> Packet:
    rng = np.random.default_rng(0)
    occupancy = rng.integers(0, 256, (count, side, side, side), np.uint8)
    return Packet(rng.normal(size=(count, dim)).astype(np.float32), occupancy, 0.4, {"xy": [[0.0, 1.0]]})


@pytest.mark.parametrize(("count", "side", "dim"), [(1, 4, 1), (3, 5, 7), (2, 16, 64), (0, 8, 3)])
def test_what_goes_in_comes_out(count, side, dim):
    before = packet(count, side, dim)
    after = unpack(pack(before))
    assert np.array_equal(before.latents, after.latents)
    assert np.array_equal(before.occupancy, after.occupancy)
    assert after.header == before.header


def test_the_layout_is_the_one_that_is_documented():
    given, data = packet(), pack(packet())
    assert data[:4] == b"SHS1"
    length = struct.unpack("<I", data[4:8])[0]
    assert (8 + length) % 4 == 0
    header = json.loads(data[8 : 8 + length])
    assert header == {"count": 3, "resolution": 4, "latent_dim": 5, "threshold": 0.4, "xy": [[0.0, 1.0]]}
    body = data[8 + length :]
    assert np.array_equal(np.frombuffer(body[:60], "<f4").reshape(3, 5), given.latents)
    # x slowest, z fastest
    assert body[60 + 64 + 16 * 1 + 4 * 2 + 3] == given.occupancy[1, 1, 2, 3]
    assert len(body) == 60 + 3 * 64


def test_occupancy_is_rounded_to_the_nearest_of_256():
    assert quantised(np.array([0, 0.4 / 255, 0.6 / 255, 0.5, 1], np.float32)).tolist() == [0, 0, 1, 128, 255]
    assert quantised(np.zeros(1, np.float32)).dtype == np.uint8


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_fail(data):
    for start in (b"", b"SHS1", b"SHS1\x02\0\0\0{}", b"SHS1\x24\0\0\0"):
        with pytest.raises(BadInput):
            unpack(start + data)


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_changed_byte_gives_a_packet_or_one_error(place, value):
    data = bytearray(pack(packet(1, 4, 2)))
    data[place % len(data)] = value
    try:
        unpack(bytes(data))
    except BadInput:
        return


@pytest.mark.parametrize(
    "header",
    [{}, [], {"count": -1, "resolution": 4, "latent_dim": 1}, {"count": 10**12, "resolution": 4, "latent_dim": 1}, 7],
)
def test_a_header_that_lies_takes_no_memory(header):
    text = json.dumps(header).encode()
    with pytest.raises(BadInput):
        unpack(b"SHS1" + struct.pack("<I", len(text)) + text)


def test_a_packet_cut_short_is_refused():
    data = pack(packet())
    for end in range(0, len(data), 37):
        with pytest.raises(BadInput):
            unpack(data[:end])
