"""The public names: each is there on first use, and importing costs next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import shapespace

HEAVY = ["torch", "numpy", "numba", "safetensors", "matplotlib", "trimesh", "skimage", "PIL", "rich", "cyclopts"]


def test_importing_costs_none_of_the_heavy_libraries():
    code = f"import shapespace, sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", shapespace.__all__)
def test_each_public_name_is_there_and_documented(name):
    assert getattr(shapespace, name).__doc__


def test_the_names_users_are_promised_are_public():
    assert {"Generator", "Discriminator", "load", "ShapeSpace", "Shape", "Store"} <= set(dir(shapespace))


def test_the_version_is_the_distribution_s():
    from importlib.metadata import version

    assert shapespace.__version__ == version("shapespace")


def test_another_name_is_not_there():
    with pytest.raises(AttributeError, match="netG"):
        shapespace.netG  # noqa: B018


def test_networks_are_plain_torch_modules_with_the_paper_s_defaults():
    import torch

    assert issubclass(shapespace.Generator, torch.nn.Module)
    assert shapespace.Generator().arguments["widths"] == [512, 256, 128, 64]
    assert shapespace.Discriminator().arguments["widths"] == [64, 128, 256, 512]
