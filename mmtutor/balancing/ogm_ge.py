"""OGM-GE: encoders that are ahead are slowed down, batch by batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from mmtutor.balancing.features import Criterion, FeatureCriterion, take_off
from mmtutor.network import MultiModalNet


class OGMGE(FeatureCriterion):
    """On-the-fly gradient modulation with generalization enhancement, used as the criterion.

    It returns the loss of `criterion`. In train mode it also slows down encoders that are ahead:
    s_m is the mean probability of the true class when fusion and head get modality m alone,
    ρ_m = s_m / (mean of the other modalities' s), and all gradients of encoder m are multiplied
    by k_m = 1 − tanh(α ρ_m) if ρ_m > 1, else by 1. With `noise`, each gradient tensor of every
    encoder then gets Gaussian noise with the standard deviation that it had before; entries
    without gradient, such as an embedding's padding, get none. This holds for every backward
    pass until the next call. Of several processes, each judges by its share of the batch.

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
        TypeError, ValueError: network or alpha are not of this kind; in a call, no labels.
        RuntimeError: in a call, the network's last batch was another one.

    Source: Peng et al. 2022, equation 10 for k. The authors' code treats only convolutions so.
    """

    def __init__(
        self,
        network: MultiModalNet,
        criterion: Criterion | None = None,
        alpha: float = 0.1,
        noise: bool = True,
    ) -> None:
        super().__init__(network, criterion, without=True)
        if len(network.encoders) < 2 or not alpha > 0:
            raise ValueError(
                "OGMGE needs two modalities or more, and alpha above 0; "
                f"got {', '.join(network.encoders)} and alpha={alpha}"
            )
        self.alpha = alpha
        self.noise = noise
        self.coefficients: dict[str, float] = {}

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of outputs `(batch, classes)` and labels `(batch,)`."""
        take_off(self._handles, but=1)
        loss = self.criterion(outputs, targets)
        if self.network.training:
            self.coefficients = self._measure(targets)
            for name, k in self.coefficients.items():
                hook = partial(_modulate, coefficient=k, noise=self.noise)
                for parameter in self.network.encoders[name].parameters():
                    if parameter.requires_grad:
                        self._handles.append(parameter.register_hook(hook))
        return loss

    @torch.no_grad()
    def _measure(self, targets: Tensor) -> dict[str, float]:
        """Return k_m for each modality."""
        examples = self._examples(targets)
        with _in_eval_mode(self.network.fusion, self.network.head):
            s = [self._score(name, rows, targets[rows]) for name, rows in examples.items()]
        scores = torch.tensor(s, dtype=torch.float64)
        ratios = scores / ((scores.sum() - scores) / (len(scores) - 1))
        k = torch.where(ratios > 1, 1 - torch.tanh(self.alpha * ratios), 1.0).tolist()
        return dict.fromkeys(self.network.encoders, 1.0) | dict(zip(examples, k, strict=True))

    def _score(self, name: str, rows: Tensor, labels: Tensor) -> float:
        """Return the mean probability of the labels when only this modality is there."""
        features = {name: self._features(name, rows)}
        present = {key: mask[rows] for key, mask in self._memory.present.items() if key == name}
        # Not a call of the fusion: its hooks, ours among them, are for the batch itself.
        logits = self.network.head(self.network.fusion.forward(features, present))
        return logits.softmax(dim=1).gather(1, labels[:, None]).mean().item()


def _modulate(gradient: Tensor, coefficient: float, noise: bool) -> Tensor:
    scaled = coefficient * gradient
    if not noise:
        return scaled
    noisy = scaled + gradient.std(correction=0) * torch.randn_like(gradient)
    return torch.where(gradient == 0, scaled, noisy)


@contextmanager
def _in_eval_mode(*parts: nn.Module) -> Iterator[None]:
    # Else a look at one modality would change batch statistics, and draw dropout masks.
    modes = [(module, module.training) for part in parts for module in part.modules()]
    for module, _ in modes:
        module.training = False
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
