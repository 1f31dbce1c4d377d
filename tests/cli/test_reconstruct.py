"""`shapespace reconstruct`: photographs in, a mesh, a picture and a latent vector out."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from shapespace.cli.main import main
from shapespace.nets.encoder import ImageEncoder
from shapespace.nets.generator import Generator
from shapespace.nets.latents import read_latents
from shapespace.nets.weights import SpaceCard, save_space
from shapespace.space import load

CARD = SpaceCard(prior="normal", threshold=0.7)


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    torch.manual_seed(0)
    generator = Generator(6, 16, widths=(8, 4), bias=True)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(4)
        generator.output.bias.fill_(0.4)
    path = tmp_path_factory.mktemp("space") / "space.safetensors"
    save_space(path, generator, CARD, encoder=ImageEncoder(6, widths=(1, 2, 4, 8)))
    return path


@pytest.fixture
def photos(tmp_path):
    paths = []
    for number, colour in enumerate([(200, 40, 40), (40, 60, 190)]):
        image = Image.new("RGB", (90, 70), (235, 236, 234))
        image.paste(colour, (20, 15 + 5 * number, 60, 60))
        paths.append(tmp_path / f"photo-{number}.png")
        image.save(paths[-1])
    return [str(path) for path in paths]


def test_one_photograph_gives_mesh_picture_and_latent(space, photos, tmp_path, capsys):
    out = tmp_path / "chair.stl"
    assert main(["reconstruct", photos[0], "--space", str(space), "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert said.out == f"{out} from 1 photograph, with chair.png and chair.npz\n"
    assert "object found by its difference from the border" in said.err
    assert out.stat().st_size > 84
    with Image.open(tmp_path / "chair.png") as sheet:
        assert sheet.size == (256, 512)
    from shapespace.data.photos import read_photo

    z = load(space).encode(read_photo(photos[0]).picture[None])
    assert np.array_equal(read_latents(tmp_path / "chair.npz", 6), z)


def test_several_photographs_are_averaged_and_the_shape_is_that_of_the_latent(space, photos, tmp_path, capsys):
    from shapespace.data.photos import read_photo
    from shapespace.shapes.formats import read

    out = tmp_path / "chair.binvox"
    assert main(["reconstruct", *photos, "--space", str(space), "--out", str(out), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    own = load(space)
    z = own.encode(np.stack([read_photo(path).picture for path in photos])).mean(axis=0)
    assert np.allclose(read_latents(tmp_path / "chair.npz", 6)[0], z)
    shape = own.reconstruct(np.stack([read_photo(path).picture for path in photos]))
    assert facts["voxels"] == shape.voxels.sum() == (own.decode(z[None]) > own.guess(z).threshold).sum()
    assert facts["voxels"] != (own.decode(z[None]) > 0.7).sum()
    assert facts["outline_iou"] is None
    assert len(facts["how"]) == 2
    assert np.array_equal(read(out).voxels, shape.voxels)


def test_refining_says_how_well_the_outlines_fit_and_never_makes_them_worse(space, photos, tmp_path, capsys):
    from shapespace.explore import silhouette

    out = tmp_path / "chair.stl"
    short = pytest.MonkeyPatch()
    short.setattr(silhouette.refine, "__kwdefaults__", {"steps": 5, "rate": 0.05, "hold": 0.1})
    try:
        assert main(["reconstruct", photos[0], "--space", str(space), "--out", str(out), "--refine", "--json"]) == 0
    finally:
        short.undo()
    said = capsys.readouterr()
    before, after = json.loads(said.out)["outline_iou"]
    assert after >= before
    assert "outlines overlap with IoU" in said.err


MISTAKES = {
    "no photograph": (lambda p, s: ["--space", s, "--out", "a.stl"], "0 photographs were given", 2),
    "an ending": (lambda p, s: [p, "--space", s, "--out", "a.docx"], "no known ending", 2),
    "the latent's place": (lambda p, s: [p, "--space", s, "--out", "a.npz"], ".npz is where the latent vector goes", 2),
    "no such photograph": (lambda p, s: ["none.jpg", "--space", s, "--out", "a.stl"], "No such file", 3),
    "no encoder": (lambda p, s: [p, "--space", "modelnet10", "--out", "a.stl"], "trained without an encoder", 2),
    "millimetres of voxels": (
        lambda p, s: [p, "--space", s, "--out", "a.binvox", "--millimetres", "90"],
        "no mesh is written",
        2,
    ),
    "no such space": (lambda p, s: [p, "--space", "none", "--out", "a.stl"], "neither a file", 3),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_and_leaves_nothing(mistake, space, photos, tmp_path, monkeypatch, capsys):
    words, says, code = MISTAKES[mistake]
    monkeypatch.chdir(tmp_path)
    assert main(["reconstruct", *words(photos[0], str(space))]) == code
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert says in last
    assert not list(tmp_path.glob("a.*"))


def test_nothing_is_written_over_but_by_force(space, photos, tmp_path, capsys):
    command = ["reconstruct", photos[0], "--space", str(space), "--out", str(tmp_path / "a.stl")]
    (tmp_path / "a.png").write_bytes(b"mine")
    assert main(command) == 4
    assert "a.png exists already" in capsys.readouterr().err
    assert (tmp_path / "a.png").read_bytes() == b"mine"
    assert main([*command, "--force"]) == 0
