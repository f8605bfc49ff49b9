"""Modality dropout: a network that learns to do without."""

import torch
from torch import Tensor, nn

from mmtutor.balancing.features import check_network
from mmtutor.network import MultiModalNet, Outputs, Tensors


class ModalityDropout(nn.Module):
    """A network that, while it trains, now and then misses a modality, and learns to do without.

    In train mode each modality of each example is dropped with probability p, but if all that an
    example has were to go, one of them, chosen at random, is kept: of two modalities, each stays
    with probability 1 − p + p²/2. In eval mode it is the network.

    Args:
        network: its fusion must allow missing modalities.
        probability: p, from 0 to below 1.

    Raises:
        TypeError, ValueError: the network or the probability is not of this kind.

    Source: Neverova et al. 2016 (ModDrop).
    """

    def __init__(self, network: MultiModalNet, probability: float) -> None:
        check_network(network, may_miss=True)
        if not 0 <= probability < 1:
            raise ValueError(f"probability must be from 0 to below 1; got {probability}")
        super().__init__()
        self.network = network
        self.probability = probability

    def forward(
        self, inputs: Tensors, present: Tensors | None = None, lengths: Tensors | None = None
    ) -> Tensor:
        """Compute the network's output; arguments as in `MultiModalNet.forward`."""
        return self.with_features(inputs, present, lengths).outputs

    def with_features(
        self, inputs: Tensors, present: Tensors | None = None, lengths: Tensors | None = None
    ) -> Outputs:
        """Compute outputs and features; `present` is then what this call has left."""
        if self.training and inputs:
            present = self._drop(inputs, present or {})
        return self.network.with_features(inputs, present, lengths)

    def _drop(self, inputs: Tensors, present: Tensors) -> Tensors:
        some = next(iter(inputs.values()))
        if any(getattr(mask, "shape", None) != some.shape[:1] for mask in present.values()):
            return present  # the network says what is wrong
        whole = torch.ones(len(some), dtype=torch.bool, device=some.device)
        has = torch.stack([present.get(name, whole) for name in inputs], dim=1)
        # From torch's global generator on the CPU, so that every device drops the same.
        draws = torch.rand(has.shape).to(has.device)
        # The largest draw is the last to fall below p, and each modality is as likely to have it.
        largest = torch.where(has, draws, -1.0).argmax(dim=1, keepdim=True)
        stays = has & (draws >= self.probability).scatter(1, largest, True)
        return {**present, **{name: stays[:, i] for i, name in enumerate(inputs)}}
