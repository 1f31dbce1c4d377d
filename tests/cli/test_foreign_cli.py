"""`shapespace import`: a port's weights become a space that samples as they did, and nothing is unpickled for it."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from shapespace.cli.main import main
from shapespace.files import write_bytes
from shapespace.nets import foreign
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.generator import Generator
from shapespace.space import load

WIDTHS = (16, 8, 4, 2)


def as_theirs(network: torch.nn.Module, names: dict[str, str]) -> dict[str, torch.Tensor]:
    """Return a network's weights by the names of black0017's port, whose sizes it has."""
    back = {ours: theirs for theirs, ours in names.items()}
    return {
        next(theirs + key.removeprefix(ours) for ours, theirs in back.items() if key.startswith(ours)): value
        for key, value in network.state_dict().items()
    }


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(0)
    made = Generator(9, 32, widths=WIDTHS, base=2, projection="linear").eval()
    made.output.weight.data.mul_(40)
    return made


@pytest.fixture(scope="module")
def weights(tmp_path_factory, generator) -> dict[str, str]:
    """Files of a port: a generator's, its discriminator's, and another discriminator's at 64^3."""
    folder = tmp_path_factory.mktemp("port")
    judges = {"d": Discriminator(32, widths=WIDTHS[::-1], base=2, projection="linear"),
              "d64": Discriminator(64, widths=WIDTHS[::-1], projection="linear")}  # fmt: skip
    states = {"g": as_theirs(generator, foreign.LINEAR_GENERATOR)}
    states |= {name: as_theirs(judge, foreign.LINEAR_DISCRIMINATOR) for name, judge in judges.items()}
    for name, state in states.items():
        write_bytes(folder / f"{name}.safetensors", safetensors.torch.save(state))
    return {name: str(folder / f"{name}.safetensors") for name in states}


def test_the_space_samples_what_the_generator_makes(weights, generator, tmp_path, capsys):
    out = tmp_path / "chairs.safetensors"
    command = ["import", weights["g"], "--prior", "normal", "--latent-scale", "0.33", "--out", str(out)]
    told = ["--category", "chair", "--licence", "research only", "--threshold", "0.4"]
    assert main([*command, *told, "--discriminator", weights["d"]]) == 0
    assert capsys.readouterr().out == f"{out}: 32^3, 9 latent numbers, normal prior, with its discriminator\n"
    space = load(out)
    card = space.card
    assert (card.prior, card.threshold, card.categories, card.licence) == ("normal", 0.4, ("chair",), "research only")
    assert (card.name, card.trained["imported"], card.trained["latent_scale"]) == ("chairs", "g.safetensors", 0.33)
    z = space.latents(3)
    with torch.no_grad():
        expected = generator(torch.from_numpy(z) * 0.33)[:, 0].numpy()
    assert np.allclose(space.decode(z), expected, atol=1e-5)
    assert main(["sample", str(out), "-n", "2", "--out", str(tmp_path / "new"), "--json"]) == 0
    assert [each["files"] for each in json.loads(capsys.readouterr().out)["shapes"]] == [
        ["shape_0000.stl"], ["shape_0001.stl"]
    ]  # fmt: skip
    assert main(["neighbours", str(out), "0:1", "--samples", "8", "-k", "2"]) == 0


def test_without_a_discriminator_and_with_another_activation(weights, tmp_path, capsys):
    out = tmp_path / "tanh.safetensors"
    assert main(["import", weights["g"], "--prior", "uniform", "--activation", "tanh", "--out", str(out)]) == 0
    assert capsys.readouterr().out.endswith("uniform prior\n")
    space = load(out)
    assert (space.generator.activation, space.discriminator) == ("tanh", None)


def pickled(kind: str) -> bytes:
    """Return what would tell, if it were opened: unpickling it raises."""
    text = pickle.dumps(_Trap())
    if kind == "plain":
        return text
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("archive/data.pkl", text)
    return made.getvalue()


class _Trap:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was opened",))


@pytest.mark.parametrize("kind", ["plain", "zip"])
@pytest.mark.parametrize("option", ["source", "discriminator"])
def test_a_pickle_is_refused_with_the_way_to_convert_it(weights, tmp_path, capsys, kind, option):
    (tmp_path / "G.pth").write_bytes(pickled(kind))
    words = (
        [str(tmp_path / "G.pth")] if option == "source" else [weights["g"], "--discriminator", str(tmp_path / "G.pth")]
    )
    assert main(["import", *words, "--prior", "uniform", "--out", str(tmp_path / "s.safetensors")]) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "G.pth: pickled weights" in said
    assert 'torch.load("G.pth", map_location="cpu", weights_only=True)' in said
    assert "safetensors.torch.save_file" in said
    assert not (tmp_path / "s.safetensors").exists()


def test_the_way_to_convert_is_one(weights, generator, tmp_path, capsys, monkeypatch):
    """What the message says, done as it says it, makes a file that is taken."""
    torch.save(as_theirs(generator, foreign.LINEAR_GENERATOR), tmp_path / "G.pth")
    monkeypatch.chdir(tmp_path)
    command = ["import", "G.pth", "--prior", "uniform", "--out", "s.safetensors"]
    assert main(command) == 3
    line = capsys.readouterr().err.partition("convert it yourself: ")[2].strip()
    exec(line, {"safetensors": safetensors, "torch": torch})  # noqa: S102 - our own message
    assert main(["import", "G.safetensors", *command[2:]]) == 0
    assert load("s.safetensors").latent_dim == 9


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["d", "--prior", "uniform"], 3, "holds a discriminator; give the generator's weights first"),
        (["g", "--prior", "uniform", "--discriminator", "g"], 3, "holds a generator"),
        (["g", "--prior", "uniform", "--discriminator", "d64"], 2, "sees 64^3, the generator makes 32^3"),
        (["g"], 2, "--prior"),
        (["g", "--prior", "normal", "--latent-scale", "0"], 2, "--latent-scale is 0"),
        (["g", "--prior", "normal", "--latent-scale", "nan"], 2, "--latent-scale is nan"),
        (["g", "--prior", "normal", "--threshold", "1.5"], 2, "threshold 1.5"),
        (["g", "--prior", "cauchy"], 2, "cauchy"),
        (["missing", "--prior", "uniform"], 3, "No such file"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(weights, tmp_path, capsys, words, code, said):
    given = [weights.get(word, word) for word in words]
    assert main(["import", *given, "--out", str(tmp_path / "s.safetensors")]) == code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert not list(tmp_path.iterdir())


def test_a_space_is_no_port_s_weights(space, tmp_path, capsys):
    assert main(["import", space, "--prior", "normal", "--out", str(tmp_path / "s.safetensors")]) == 3
    assert "not a state dict of black0017" in capsys.readouterr().err


def test_what_is_there_stays_unless_told_otherwise(weights, tmp_path, capsys):
    out = tmp_path / "s.safetensors"
    out.write_text("keep")
    command = ["import", weights["g"], "--prior", "uniform", "--out", str(out)]
    assert main(command) == 4
    assert "exists already" in capsys.readouterr().err
    assert out.read_text() == "keep"
    assert main([*command, "--force"]) == 0
    assert load(out).resolution == 32


def test_the_source_is_never_written_over(weights, capsys):
    before = Path(weights["g"]).read_bytes()
    assert main(["import", weights["g"], "--prior", "uniform", "--out", weights["g"], "--force"]) == 4
    assert "is SOURCE itself" in capsys.readouterr().err
    assert Path(weights["g"]).read_bytes() == before


def test_a_space_is_a_safetensors_file(weights, tmp_path, capsys):
    assert main(["import", weights["g"], "--prior", "uniform", "--out", str(tmp_path / "s.pt")]) == 2
    assert "written as .safetensors" in capsys.readouterr().err
