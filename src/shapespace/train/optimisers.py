"""The networks' optimisers: how they begin, how their rates fall, and under which names all is saved."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from shapespace.settings import TrainSettings


def adam_for(network: nn.Module, rate: float, train: TrainSettings) -> torch.optim.Adam:
    """Return an optimiser of all weights of a network, its moments there already."""
    adam = torch.optim.Adam(network.parameters(), lr=rate, betas=(train.beta1, train.beta2), foreach=True)
    for parameter in network.parameters():  # set up now, so that a checkpoint has the same keys from the first step on
        adam.state[parameter] = {
            "step": torch.tensor(0.0),
            "exp_avg": torch.zeros_like(parameter),
            "exp_avg_sq": torch.zeros_like(parameter),
        }
    return adam


def rate_at(rate: float, fraction: float, train: TrainSettings) -> float:
    """Return a learning rate when `fraction` of the run is done: a cosine from 1 to `final_rate` times itself."""
    return rate * (train.final_rate + (1 - train.final_rate) * (1 + math.cos(math.pi * fraction)) / 2)


def set_rate(adam: torch.optim.Adam, rate: float) -> None:
    """Give an optimiser its learning rate."""
    for group in adam.param_groups:
        group["lr"] = rate


def named_state(networks: Mapping[str, nn.Module], adams: Mapping[str, torch.optim.Adam]) -> dict[str, Tensor]:
    """Return every tensor of networks and optimisers under one flat name each; views, not copies."""
    state: dict[str, Tensor] = {}
    for name, network in networks.items():
        state |= {f"{name}.{key}": value for key, value in network.state_dict().items()}
    for name, adam in adams.items():
        parameters = [p for group in adam.param_groups for p in group["params"]]
        for index, parameter in enumerate(parameters):
            state |= {f"{name}.{index}.{key}": value for key, value in adam.state[parameter].items()}
    return state
