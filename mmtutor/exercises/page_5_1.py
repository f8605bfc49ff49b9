"""Exercises of page 5.1, Efficient representations."""

from collections.abc import Callable, Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from mmtutor.exercises.comparing import are_close
from mmtutor.exercises.exercise import Exercise, expect

Rank = Callable[[Tensor, float], tuple[int, int]]
Recalibrate = Callable[[nn.Module, Sequence[Tensor]], nn.Module]


def smallest_rank(W: Tensor, share: float) -> tuple[int, int]:  # noqa: N803
    squares = torch.linalg.svdvals(W).square()
    r = int((squares.cumsum(dim=0) < share * squares.sum()).sum()) + 1
    m, n = W.shape
    return r, m * n - r * (m + n)


def _check_rank(answer: Rank) -> None:
    # The squares are 16, 9, 4 and 1, of 30 in all: 0.53, 0.83, 0.97 and 1 of them are kept.
    W = _with_singular_values((4.0, 3.0, 2.0, 1.0), 12, 20)  # noqa: N806 - as on the page
    pair = answer(W, 0.8)
    expect(
        isinstance(pair, tuple) and len(pair) == 2,
        "return two numbers, the rank and how many parameters it saves",
    )
    rank, saved = pair
    expect(
        rank != 3,
        "you got rank 3 where 2 is enough: what is kept is a sum of σ², and you summed σ",
    )
    expect(rank != 1, "rank 1 keeps only 0.53 of ‖W‖² where 0.8 was asked for: one rank more")
    expect(rank == 2, f"rank 2 keeps 0.83 of ‖W‖², and 0.8 was asked for; got {rank}")
    for share, wanted in ((0.5, 1), (0.96, 3)):
        rank, _ = answer(W, share)
        expect(rank == wanted, f"{share} of ‖W‖² is kept by rank {wanted}; got {rank}")
    rank, _ = answer(7 * W, 0.8)
    expect(rank == 2, "7 W needs another rank than W: divide by the sum of all σ²")
    rank, saved_by_transpose = answer(W.T, 0.8)
    expect(rank == 2, f"the transpose of W needs the same rank, 2; got {rank}")
    _expect_saved(saved, 2, 12, 20)
    _expect_saved(saved_by_transpose, 2, 20, 12)
    # Two factors of rank 2 of a 3 × 3 matrix have 12 numbers, three more than it has itself.
    rank, saved = answer(_with_singular_values((2.0, 2.0, 0.5), 3, 3), 0.9)
    expect(
        saved != 0,
        "rank 2 of a 3 × 3 matrix takes 12 numbers in place of 9: this costs 3, so return −3",
    )
    _expect_saved(saved, 2, 3, 3)


def _expect_saved(saved: int, r: int, m: int, n: int) -> None:
    thin, whole = r * (m + n), m * n
    expect(
        saved != thin,
        f"{thin} is what the two factors have; how many fewer is that than the {whole} of W?",
    )
    expect(
        saved != thin - whole,
        f"the sign is turned round: {whole} numbers become {thin}, which saves {whole - thin}",
    )
    expect(
        saved == whole - thin,
        f"rank {r} of {m} × {n} takes {r} · ({m} + {n}) = {thin} numbers in place of {whole}; "
        f"got {saved}",
    )


def _with_singular_values(values: tuple[float, ...], rows: int, columns: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    left, right = (
        torch.linalg.qr(torch.randn(size, len(values), generator=generator)).Q
        for size in (rows, columns)
    )
    return left * torch.tensor(values) @ right.T


def recalibrate(model: nn.Module, batches: Sequence[Tensor]) -> nn.Module:
    norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm1d)]
    modes, momenta = [norm.training for norm in norms], [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    with torch.no_grad():
        for batch in batches:
            model(batch)
    for norm, mode, momentum in zip(norms, modes, momenta, strict=True):
        norm.train(mode)
        norm.momentum = momentum
    return model


def _check_recalibrate(answer: Recalibrate) -> None:
    generator = torch.Generator().manual_seed(0)
    batches = [3 + 2 * torch.randn(8, 4, generator=generator) for _ in range(5)]
    model = _network(generator)
    before = deepcopy(model)
    with torch.enable_grad():
        result = answer(model, batches)
    expect(isinstance(result, nn.Module), "return the network")
    for name, weight in before.named_parameters():
        same = torch.equal(weight, dict(result.named_parameters())[name])
        expect(same, f"the weight {name} has changed: only running averages may move")
    for norm, old in zip(_norms(result), _norms(before), strict=True):
        assert norm.running_mean is not None and old.running_mean is not None
        expect(
            not torch.equal(norm.running_mean, old.running_mean),
            "the running averages have not moved: in eval mode, batch normalization reads them "
            "and writes nothing",
        )
        expect(not norm.running_mean.requires_grad, "the averages carry gradients: use no_grad")
    first, second = _norms(result)
    wanted = torch.stack([batch.mean(dim=0) for batch in batches]).mean(dim=0)
    _expect_mean(first, wanted, batches)
    spread = torch.stack([batch.var(dim=0) for batch in batches]).mean(dim=0)
    assert first.running_var is not None
    expect(
        torch.allclose(first.running_var, spread, atol=1e-4),
        "the means are right, but the running variances are not those of the batches",
    )
    _check_second(result, second, batches)
    modes = [part.training for part in result.modules()]
    expect(
        not any(modes),
        "the network came in eval mode and was left in train mode: its next answer would "
        "depend on the batch",
    )
    expect(
        [norm.momentum for norm in _norms(result)] == [0.1, 0.1],
        "the momentum of a normalization is no longer what it was: training would go on otherwise",
    )


def _expect_mean(norm: nn.BatchNorm1d, wanted: Tensor, batches: Sequence[Tensor]) -> None:
    assert norm.running_mean is not None
    if torch.allclose(norm.running_mean, wanted, atol=1e-4):
        return
    blended, fresh = torch.full((4,), -5.0), torch.zeros(4)
    for batch in batches:
        blended, fresh = (0.9 * old + 0.1 * batch.mean(dim=0) for old in (blended, fresh))
    moved = norm.running_mean
    expect(
        not torch.allclose(moved, blended, atol=1e-4),
        "the old averages are still in the new ones: each batch counts a tenth, so after five "
        "0.59 of the old is left",
    )
    expect(
        not torch.allclose(moved, fresh, atol=1e-4),
        "you reset them to 0, but each batch moves them by a tenth of the way only, so after "
        "five they are still near 0: what does `momentum=None` do?",
    )
    expect(
        not torch.allclose(moved, batches[-1].mean(dim=0), atol=1e-4),
        "only the last batch counts: a momentum of 1 forgets all others",
    )
    expect(False, "the running means are not the averages of the batches' means")


def _check_second(result: nn.Module, norm: nn.BatchNorm1d, batches: Sequence[Tensor]) -> None:
    """Expect that the second normalization saw what the first gives in train mode."""
    linear, first = deepcopy(result[0]), deepcopy(result[1])  # type: ignore[index]
    first.train()
    with torch.no_grad():
        seen = torch.stack([result[2](first(linear(batch))).mean(dim=0) for batch in batches])  # type: ignore[index]
    assert norm.running_mean is not None
    expect(
        torch.allclose(norm.running_mean, seen.mean(dim=0), atol=1e-3),
        "the first normalization is right, the second is not: all have to be in train mode "
        "while the batches pass",
    )


def _norms(model: nn.Module) -> list[nn.BatchNorm1d]:
    return [part for part in model.modules() if isinstance(part, nn.BatchNorm1d)]


def _network(generator: torch.Generator) -> nn.Sequential:
    """Return a network in eval mode whose running averages are far from its inputs."""
    model = nn.Sequential(
        nn.Identity(), nn.BatchNorm1d(4), nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2)
    )
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator))
        for norm in _norms(model):
            assert norm.running_mean is not None
            norm.running_mean.fill_(-5.0)
    return model.eval()


EXERCISES = {
    "5.1.a": Exercise(
        check=_check_rank,
        solution=smallest_rank,
        hints=(
            "`torch.linalg.svdvals(W)` gives the σ in falling order. Which sum of them is "
            "‖W‖², and which part of it does rank r keep?",
            "With `squares.cumsum(dim=0)` the entry at position r − 1 is what rank r keeps. "
            "Count the entries that are too small.",
            "r is one more than the number of entries below `share * squares.sum()`. It saves "
            "`m * n - r * (m + n)`.",
        ),
        praise="No training was needed: a first sieve of the layers where low rank may pay.",
    ),
    "5.1.b": Exercise(
        check=_check_recalibrate,
        solution=recalibrate,
        hints=(
            "In which mode does batch normalization write its averages? How much does one batch "
            "count, and what becomes of what was there before?",
            "`reset_running_stats()` forgets. With `momentum = None`, torch keeps the plain mean "
            "over all batches since then.",
            "For each `nn.BatchNorm1d` among `model.modules()`: reset, momentum None, train mode. "
            "Let the batches pass under `torch.no_grad()`. Then put momentum and mode back.",
        ),
        praise="Any change of weights without training should be followed by this.",
    ),
}
