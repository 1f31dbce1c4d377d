"""The endpoints: right shapes in every format, errors in one structure, the documented interface."""

from __future__ import annotations

import base64
import io
import zipfile

import numpy as np
import pytest
from asking import ask, code, get, make_served, make_space, post

from shapespace.errors import UsageError
from shapespace.explore.arithmetic import arithmetic
from shapespace.explore.interpolate import interpolate
from shapespace.explore.map import shape_map
from shapespace.explore.neighbours import Neighbours, of_latents
from shapespace.explore.steer import steer
from shapespace.serve.routes_near import AMONG
from shapespace.serve.routes_walk import Kept
from shapespace.serve.spaces import Spaces
from shapespace.serve.wire import MEDIA_TYPE, quantised, unpack
from shapespace.shapes import formats


@pytest.fixture(scope="module")
def served():
    return make_served()


@pytest.fixture(scope="module")
def space(served):
    return served.service.spaces["chair"]


def test_health_and_metrics(served):
    health, metrics = ask(served, get("/api/health"), get("/api/metrics"))
    assert health.json() == {"status": "ok"}
    assert "shapespace_unsent_bytes 0" in metrics.text


def test_spaces_are_listed_with_what_a_page_needs(served):
    first, second = ask(served, get("/api/spaces")).json()["spaces"]
    assert first["name"] == "chair"
    assert first["resolution"] == 16
    assert first["latent_dim"] == 6
    assert first["prior"] == "normal"
    assert first["attributes"] == [{"name": name, "low": -2.0, "high": 2.0} for name in ("arms", "back")]
    assert first["categories"] == ["chair"]
    assert (first["can_reconstruct"], second["can_reconstruct"]) == (False, True)


def test_samples_are_the_space_s_own(served, space):
    answer = ask(served, post("chair/sample", json={"n": 5, "seed": 3}))
    packet = unpack(answer.content)
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert np.array_equal(packet.latents, space.latents(5, 3))
    assert np.array_equal(packet.occupancy, quantised(space.decode(space.latents(5, 3))))
    assert packet.threshold == space.threshold


def test_a_latent_vector_gives_its_shape_whoever_else_asks(served, space):
    z = space.latents(12, 4)
    answers = ask(served, *[post("chair/decode", json={"z": row[None].tolist()}) for row in z])
    for row, answer in zip(z, answers, strict=True):
        packet = unpack(answer.content)
        assert np.array_equal(packet.latents[0], row)
        assert np.array_equal(packet.occupancy[0], quantised(space.decode(row[None]))[0])


@pytest.mark.parametrize("how", ["linear", "spherical"])
def test_a_path_is_the_library_s(served, space, how):
    ends = space.latents(3, 1)
    packet = unpack(
        ask(served, post("chair/interpolate", json={"ends": ends.tolist(), "steps": 7, "how": how})).content
    )
    assert np.array_equal(packet.latents, interpolate(ends, 7, how=how))
    assert np.array_equal(packet.latents[[0, 3, 6]], ends)


def test_a_sum_is_the_library_s_and_attributes_move_it(served, space):
    a, b, c = space.latents(3, 2)
    known = served.service.spaces.attributes("chair")
    bodies = [
        {"plus": [a.tolist()]},
        {"plus": [a.tolist(), c.tolist()], "minus": [b.tolist()]},
        {"plus": [a.tolist()], "attributes": {"arms": 0.7}, "straight": True},
        {"plus": [a.tolist()], "attributes": {"arms": 0.7, "back": -1.0}},
    ]
    found = [
        unpack(answer.content).latents[0] for answer in ask(served, *[post("chair/arithmetic", json=b) for b in bodies])
    ]
    assert np.array_equal(found[0], a)
    assert np.array_equal(found[1], arithmetic(space, [a, c], [b]))
    assert np.array_equal(found[2], known.move(a, {"arms": 0.7}))
    assert np.array_equal(found[3], steer(space, known, a, {"arms": 0.7, "back": -1.0}))


def test_attributes_that_are_not_there_are_refused(served):
    z = [[0.0] * 6]
    unknown, none = ask(
        served,
        post("chair/arithmetic", json={"plus": z, "attributes": {"wings": 1.0}}),
        post("seen/arithmetic", json={"plus": z, "attributes": {"arms": 1.0}}),
    )
    assert (unknown.status_code, none.status_code) == (422, 422)
    assert "arms, back" in unknown.json()["error"]["message"]
    assert code(none) == "no_attributes"


def test_a_map_is_the_library_s_and_its_shapes_come_when_asked_for(served, space):
    body = {"count": 12, "seed": 1}
    bare, full, json = ask(
        served, *[post("chair/map", json=body | more) for more in ({}, {"occupancy": True}, {"format": "json"})]
    )
    found = shape_map(space, 12, 1)
    packet = unpack(bare.content)
    assert np.array_equal(packet.latents, found.z)
    assert packet.occupancy.shape == (0, 16, 16, 16)
    assert packet.header["xy"] == json.json()["xy"]
    assert np.allclose(packet.header["xy"], found.xy, atol=1e-6)
    assert np.array_equal(unpack(full.content).occupancy, quantised(space.decode(found.z)))
    assert ask(served, post("chair/map", json=body | {"format": "stl"})).status_code == 422


def test_the_nearest_are_the_library_s_nearest_first(served, space):
    z = space.latents(AMONG, 0)
    answer, again = (ask(served, post("chair/neighbours", json={"z": z[5].tolist(), "k": 4})) for _ in range(2))
    packet = unpack(answer.content)
    ids, distances = Neighbours(space, of_latents(space, z), "voxels").search(space.decode(z[5:6]) > space.threshold, 5)
    assert ids[0, 0] == 5  # itself, which nobody asks for
    assert np.array_equal(packet.latents, z[ids[0, 1:]])
    assert np.allclose(packet.header["distances"], distances[0, 1:], atol=1e-6)
    assert answer.content == again.content
    assert ask(served, post("chair/neighbours", json={"z": z[5].tolist(), "format": "stl"})).status_code == 422


def test_maps_are_kept_and_bounded(space):
    made = []
    kept = Kept(2, lambda space, count, seed: made.append(seed) or shape_map(space, count, seed))
    for seed in (0, 1, 0, 2, 0, 1):
        kept(space, 4, seed)
    assert made == [0, 1, 2, 1]


def test_json_holds_what_the_binary_form_holds(served):
    binary, json = ask(
        served, post("chair/sample", json={"n": 2}), post("chair/sample", json={"n": 2, "format": "json"})
    )
    packet, found = unpack(binary.content), json.json()
    assert np.array_equal(np.float32(found["latents"]), packet.latents)
    assert base64.b64decode(found["occupancy"]) == packet.occupancy.tobytes()
    assert found["threshold"] == packet.threshold


def test_npz_is_numpy_s(served):
    answer = ask(served, post("chair/sample", json={"n": 2, "format": "npz"}))
    with np.load(io.BytesIO(answer.content), allow_pickle=False) as found:
        assert found["latents"].shape == (2, 6)
        assert found["occupancy"].shape == (2, 16, 16, 16)
        assert found["occupancy"].dtype == np.uint8
    assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None
    assert answer.headers["content-disposition"] == 'attachment; filename="chair.npz"'


@pytest.mark.parametrize("format", ["stl", "glb"])
def test_a_mesh_is_closed_and_named_by_the_server(served, format):
    answer = ask(served, post("chair/sample", json={"format": format}))
    mesh = formats.parse(answer.content, f"a.{format}").mesh
    assert mesh is not None
    assert mesh.is_closed
    assert answer.headers["content-disposition"] == f'attachment; filename="chair.{format}"'


def test_the_threshold_is_the_client_s(served):
    low, high = ask(
        served,
        post("chair/sample", json={"format": "stl", "threshold": 0.3}),
        post("chair/sample", json={"format": "stl", "threshold": 0.7}),
    )
    volumes = [formats.parse(answer.content, "a.stl").mesh.volume for answer in (low, high)]
    assert volumes[0] > volumes[1]


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("chair/sample", {"n": 0}, 422, "invalid"),
        ("chair/sample", {"n": 65}, 422, "invalid"),
        ("chair/sample", {"n": 1e12}, 422, "invalid"),
        ("chair/sample", {"n": 10**30}, 422, "invalid"),
        ("chair/sample", {"n": True}, 422, "invalid"),
        ("chair/sample", {"n": "2"}, 422, "invalid"),
        ("chair/sample", {"seed": -1}, 422, "invalid"),
        ("chair/sample", {"seed": 2**63}, 422, "invalid"),
        ("chair/sample", {"unknown": 1}, 422, "invalid"),
        ("chair/sample", {"threshold": 0}, 422, "invalid"),
        ("chair/sample", {"threshold": 1}, 422, "invalid"),
        ("chair/sample", {"format": "exe"}, 422, "invalid"),
        ("chair/sample", {"n": 2, "format": "stl"}, 422, "one_shape"),
        ("chair/sample", [], 422, "invalid"),
        ("chair/sample", 3, 422, "invalid"),
        ("chair/decode", {"z": []}, 422, "invalid"),
        ("chair/decode", {"z": [[]]}, 422, "invalid"),
        ("chair/decode", {"z": [[0.0] * 5]}, 422, "invalid"),
        ("chair/decode", {"z": [[0.0] * 6, [0.0] * 7]}, 422, "invalid"),
        ("chair/decode", {"z": [[1e9] * 6]}, 422, "invalid"),
        ("chair/decode", {"z": [["a"] * 6]}, 422, "invalid"),
        ("chair/interpolate", {"ends": [[0.0] * 6]}, 422, "invalid"),
        ("chair/interpolate", {"ends": [[0.0] * 6] * 3, "steps": 2}, 422, "invalid"),
        ("table/sample", {"n": 1}, 404, "no_such_space"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_structure(served, path, body, status, word):
    answer = ask(served, post(path, json=body))
    assert (answer.status_code, code(answer)) == (status, word)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_numbers_that_are_none_are_refused_and_not_echoed(served, number):
    content = f'{{"z": [[{number}, 0, 0, 0, 0, 0]]}}'.encode()
    answer = ask(served, post("chair/decode", content=content, headers={"content-type": "application/json"}))
    assert answer.status_code in (400, 422)
    assert number not in answer.text


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"{}x", b'{"n":1,"n":', b"nul"])
def test_what_is_no_json_is_refused(served, content):
    answer = ask(served, post("chair/sample", content=content, headers={"content-type": "application/json"}))
    assert answer.status_code in (400, 422)
    assert code(answer) in ("bad_json", "bad_request", "invalid")


def test_half_a_surrogate_pair_as_a_name_is_answered(served):
    content = b'{"\\ud800": 1}'
    answer = ask(served, post("chair/sample", content=content, headers={"content-type": "application/json"}))
    assert answer.status_code == 422


def test_a_body_over_the_limit_is_refused_by_its_declared_and_by_its_real_length(served):
    async def pieces():
        for _ in range(40):
            yield b" " * 65_536

    headers = {"content-type": "application/json"}
    declared, streamed = ask(
        served,
        post("chair/sample", content=b" " * (2 << 20), headers=headers),
        post("chair/sample", content=pieces(), headers=headers),
    )
    for answer in (declared, streamed):
        assert (answer.status_code, code(answer)) == (413, "too_large")
        assert "1 MB" in answer.json()["error"]["message"]
    assert served.bodies.json_budget.held == 0


def test_a_mistake_of_ours_is_500_without_its_details(served, monkeypatch):
    def broken(*_):
        raise RuntimeError("secret path")

    monkeypatch.setattr(served.service.spaces["chair"].__class__, "latents", broken)
    answer = ask(served, post("chair/sample", json={}))
    assert (answer.status_code, code(answer)) == (500, "internal")
    assert "secret" not in answer.text


def test_too_many_at_a_time_are_told_when_to_come_again(served):
    served.bodies.most_requests = 0
    try:
        busy, health = ask(served, post("chair/sample", json={}), get("/api/health"))
    finally:
        served.bodies.most_requests = 256
    assert (busy.status_code, code(busy), busy.headers["retry-after"]) == (503, "busy", "1")
    assert health.status_code == 200


def test_budgets_are_given_back(served):
    ask(served, *[post("chair/sample", json={"n": 4}) for _ in range(5)])
    assert served.service.unsent.held == 0
    assert served.bodies.json_budget.held == 0
    assert served.bodies.at_work == 0


def test_answers_that_wait_to_be_sent_are_bounded(served):
    served.service.unsent.most = 10
    try:
        answer = ask(served, post("chair/sample", json={}))
    finally:
        served.service.unsent.most = 256 << 20
    assert answer.status_code == 503
    assert served.service.unsent.held == 0


def test_a_parameter_that_is_not_known_is_refused_not_dropped(served):
    one, two = ask(
        served,
        post("chair/snap-file?name=a.stl&bogus=1", content=b"solid"),
        post("seen/reconstruct?threshold=0.3&refine=1", content=b"picture"),
    )
    assert (one.status_code, code(one)) == (two.status_code, code(two)) == (422, "invalid")
    assert "no parameter 'bogus' in the query; there are: " in one.json()["error"]["message"]
    assert "no parameter 'refine'" in two.json()["error"]["message"]
    assert ask(served, get("/api/health")).status_code == 200


def test_requests_and_passes_are_counted(served):
    ask(served, *[post("chair/sample", json={"n": 1, "seed": seed}) for seed in range(8)])
    text = ask(served, get("/api/metrics")).text
    assert 'requests_total{route="/api/spaces/{name}/sample",status="200"}' in text
    assert served.service.metrics.total("shapes_decoded_total") >= 8
    assert "shapespace_batches_total" in text


def test_every_endpoint_is_documented_with_an_example(served):
    documented = ask(served, get("/api/openapi.json")).json()
    for path, methods in documented["paths"].items():
        for method, what in methods.items():
            assert what["summary"], path
            assert {"422", "503", "413"} <= set(what["responses"]), path
            if method == "post" and "application/json" in what["requestBody"]["content"]:
                name = what["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                examples = documented["components"]["schemas"][name]["examples"]
                answer = ask(
                    served, post(path.removeprefix("/api/spaces/").replace("{name}", "chair"), json=examples[0])
                )
                assert answer.status_code == 200, (name, answer.text)


def test_names_come_from_files_and_are_each_their_own(tmp_path):
    for folder in ("Run A", "b/Run A"):
        (tmp_path / folder).mkdir(parents=True)
        make_space().save(tmp_path / folder / "space.safetensors")
    spaces = Spaces.loaded([str(tmp_path / "Run A"), str(tmp_path / "b/Run A")])
    assert [name for name, _ in spaces] == ["run-a", "run-a-2"]
    with pytest.raises(UsageError):
        Spaces({})
