import numpy as np
import torch
from torch import nn


def diagnose_by_names(shallow, deep):
    shallow_training, shallow_validation = shallow
    deep_training, deep_validation = deep
    if deep_training > shallow_training:
        return "degradation"
    if deep_validation > shallow_validation:
        return "overfitting"
    return "neither"


def diagnose_by_table(shallow, deep):
    worse = tuple(bool(b > a) for a, b in zip(shallow, deep, strict=True))
    return {(False, False): "neither", (False, True): "overfitting"}.get(worse, "degradation")


def diagnose_validation_first(shallow, deep):
    if deep[1] > shallow[1]:
        return "overfitting"
    return "degradation" if deep[0] > shallow[0] else "neither"


def diagnose_by_gap(shallow, deep):
    if deep[0] > shallow[0]:
        return "degradation"
    return "overfitting" if deep[1] - deep[0] > shallow[1] - shallow[0] else "neither"


def diagnose_strictly_better(shallow, deep):
    if deep[0] > shallow[0]:
        return "degradation"
    return "overfitting" if deep[0] < shallow[0] and deep[1] > shallow[1] else "neither"


def two_layers(first, second):
    """Return two layers with these weights, without biases."""
    first, second = torch.as_tensor(first).float(), torch.as_tensor(second).float()
    layers = nn.Sequential(nn.Linear(*first.T.shape), nn.ReLU(), nn.Linear(*second.T.shape))
    with torch.no_grad():
        for layer, weight in zip(layers[::2], (first, second), strict=True):
            layer.weight.copy_(weight)
            layer.bias.zero_()
    return layers


def copy_both_signs(n):
    both = torch.cat([torch.eye(n), -torch.eye(n)])
    return two_layers(both, both.T)


def copy_in_pairs(n):
    pairs = np.kron(np.eye(n), [[2.0], [-2.0]])
    return two_layers(pairs, pairs.T / 4)


def copy_turned(n):
    generator = torch.Generator().manual_seed(1)
    turn = torch.linalg.qr(torch.randn(n, n, generator=generator)).Q
    return two_layers(torch.cat([turn, -turn]), torch.cat([turn.T, -turn.T], dim=1))


def copy_by_assigning(n):
    layers = nn.Sequential(nn.Linear(n, 2 * n), nn.ReLU(), nn.Linear(2 * n, n))
    layers[0].weight = nn.Parameter(torch.cat([-torch.eye(n), torch.eye(n)]))
    layers[2].weight = nn.Parameter(torch.cat([-torch.eye(n), torch.eye(n)], dim=1))
    layers[0].bias.data[:], layers[2].bias.data[:] = 0, 0
    return layers


def shifted_up(n):
    layers = two_layers(torch.eye(n), torch.eye(n))
    nn.init.constant_(layers[0].bias, 100.0)
    nn.init.constant_(layers[2].bias, -100.0)
    return layers


def biases_left(n):
    layers = copy_both_signs(n)
    layers[0].reset_parameters()
    layers[0].weight.data = torch.cat([torch.eye(n), -torch.eye(n)])
    return layers


def leaky(n):
    layers = two_layers(torch.eye(n), torch.eye(n))
    return nn.Sequential(layers[0], nn.LeakyReLU(1.0), layers[2])


def one_sign(n):
    both = torch.cat([torch.eye(n), -torch.eye(n)])
    return two_layers(both, both.abs().T)


RIGHT = {
    "1.3.a": [
        diagnose_by_names,
        diagnose_by_table,
        lambda shallow, deep: (
            "degradation"
            if deep[0] > shallow[0]
            else ("neither", "overfitting")[int(deep[1] > shallow[1])]
        ),
    ],
    "1.3.c": [copy_both_signs, copy_in_pairs, copy_turned, copy_by_assigning],
}

WRONG = {
    "1.3.a": [
        # Validation decides first.
        diagnose_validation_first,
        # The gap decides, though the deep net may be better in validation.
        diagnose_by_gap,
        # Equal training losses are no overfitting here.
        diagnose_strictly_better,
        # The nets exchanged.
        lambda shallow, deep: diagnose_by_names(deep, shallow),
        # Equal training losses count as degradation.
        lambda shallow, deep: (
            "degradation"
            if deep[0] >= shallow[0]
            else diagnose_by_names((shallow[0], shallow[1]), deep)
        ),
        # Equal validation losses count as overfitting.
        lambda shallow, deep: (
            "degradation"
            if deep[0] > shallow[0]
            else ("overfitting" if deep[1] >= shallow[1] else "neither")
        ),
        # Never says neither.
        lambda shallow, deep: "degradation" if deep[0] > shallow[0] else "overfitting",
        # Small differences are not seen.
        lambda shallow, deep: diagnose_by_names(
            tuple(round(x, 1) for x in shallow), tuple(round(x, 1) for x in deep)
        ),
    ],
    "1.3.c": [
        # Loses the negative numbers.
        lambda n: two_layers(torch.eye(n), torch.eye(n)),
        # Works down to -100 only.
        shifted_up,
        # The biases of the first layer are those that it was made with.
        biases_left,
        # No relu between.
        leaky,
        # Returns |x|.
        one_sign,
        # No layers at all.
        lambda n: nn.Sequential(nn.Identity()),
        # Of one size, whatever n is.
        lambda n: copy_both_signs(4),
        # Nothing was set.
        lambda n: nn.Sequential(nn.Linear(n, 2 * n), nn.ReLU(), nn.Linear(2 * n, n)),
        # Returns -x.
        lambda n: two_layers(
            torch.cat([torch.eye(n), -torch.eye(n)]),
            torch.cat([-torch.eye(n), torch.eye(n)], dim=1),
        ),
    ],
}
