"""OGM-GE: encoders that are ahead are slowed down, batch by batch."""

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from mmtutor.balancing.features import Criterion, FeatureCriterion, check_network
from mmtutor.modes import evaluating
from mmtutor.network import MultiModalNet, Tensors


class OGMGE(FeatureCriterion):
    """On-the-fly gradient modulation with generalization enhancement, used as the criterion.

    It returns the loss of `criterion`. In train mode it also slows down encoders that are ahead:
    s_m is the mean probability of the true class when fusion and head get modality m alone,
    ρ_m = s_m / (mean of the other modalities' s), and all gradients of encoder m are multiplied
    by k_m = 1 − tanh(α ρ_m) if ρ_m > 1, else by 1. With `noise`, each gradient tensor of every
    encoder then gets Gaussian noise with the standard deviation that it had before; entries
    without gradient, such as an embedding's padding, get none. This holds for the next backward
    pass. Of several processes, each judges by its share of the batch.

    The paper has two modalities, where ρ is its s_1 / s_2 and at most one encoder is slowed down.
    To compare each of M with the mean of the others is our generalization: up to M − 1 can be
    ahead. The paper's s is a sum; the mean gives the same ρ, and also compares modalities that
    only some examples have. One that no example has gets k_m = 1.

    Args:
        network: its fusion must allow missing modalities, and join at least two.
        criterion: cross-entropy by default.
        alpha: α, above 0.
        noise: whether to add the noise (GE).

    Attributes:
        coefficients: modality → k_m of the last batch in train mode.

    Raises:
        TypeError, ValueError: network or alpha are not of this kind; in a call, no labels, or
            no features of the same batch.

    Source: Peng et al. 2022, equation 10 for k. The authors' code treats only convolutions so.
    """

    def __init__(
        self,
        network: MultiModalNet,
        criterion: Criterion | None = None,
        alpha: float = 0.1,
        noise: bool = True,
    ) -> None:
        check_network(network, may_miss=True)
        super().__init__(criterion)
        if len(network.encoders) < 2 or not alpha > 0:
            raise ValueError(
                "OGMGE needs two modalities or more, and alpha above 0; "
                f"got {', '.join(network.encoders)} and alpha={alpha}"
            )
        # In a list, or the network would become a part of the criterion, and of its state.
        self._network = [network]
        self.alpha = alpha
        self.noise = noise
        self.coefficients: dict[str, float] = {}
        self._handles: list[RemovableHandle] = []

    def forward(
        self,
        outputs: Tensor,
        targets: Tensor,
        features: Tensors | None = None,
        present: Tensors | None = None,
    ) -> Tensor:
        """Return the loss of outputs `(batch, classes)` and labels `(batch,)`."""
        while self._handles:  # of a batch without a backward pass
            self._handles.pop().remove()
        if self.training:
            rows = self.examples(targets, features, present)
            self.coefficients = self._measure(targets, features or {}, rows)
            for name, k in self.coefficients.items():
                for parameter in self._network[0].encoders[name].parameters():
                    if parameter.requires_grad:
                        self._handles.append(_modulate_once(parameter, k, self.noise))
        return self.criterion(outputs, targets)

    def _measure(
        self, targets: Tensor, features: Tensors, rows: dict[str, Tensor]
    ) -> dict[str, float]:
        """Return k_m for each modality."""
        (network,) = self._network
        rows = {name: its_rows for name, its_rows in rows.items() if len(its_rows)}
        dtype = next(network.parameters()).dtype  # features in 16 bits after mixed precision
        s = []
        # In eval mode, as a look at one modality must not change batch statistics.
        with evaluating(network.fusion, network.head):
            for name, its_rows in rows.items():
                alone = {name: features[name][its_rows].to(dtype)}
                chances = network.head(network.fusion(alone)).softmax(dim=1)
                s.append(chances.gather(1, targets[its_rows, None]).mean().item())
        scores = torch.tensor(s, dtype=torch.float64)
        ratios = scores / ((scores.sum() - scores) / (len(scores) - 1))
        k = torch.where(ratios > 1, 1 - torch.tanh(self.alpha * ratios), 1.0).tolist()
        return dict.fromkeys(network.encoders, 1.0) | dict(zip(rows, k, strict=True))


def _modulate_once(parameter: nn.Parameter, k: float, noise: bool) -> RemovableHandle:
    """Scale the next gradient of a parameter by k, and perhaps add noise of its size."""

    def modulate(gradient: Tensor) -> Tensor:
        handle.remove()
        scaled = k * gradient
        if not noise:
            return scaled
        noisy = scaled + gradient.std(correction=0) * torch.randn_like(gradient)
        return torch.where(gradient == 0, scaled, noisy)

    handle = parameter.register_hook(modulate)
    return handle
