"""Exercises of page 5.1, Efficient representations."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from mmtutor.exercises.comparing import are_close, as_floats, as_number
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
    rank, saved = _pair(answer, W, 0.8)
    expect(
        rank != 3 or _pair(answer, W, 0.3)[0] != 1,
        "you got rank 3 where 2 is enough: what is kept is a sum of σ², and you summed σ",
    )
    expect(rank != 1, "rank 1 keeps only 0.53 of ‖W‖² where 0.8 was asked for: one rank more")
    expect(rank == 2, f"rank 2 keeps 0.83 of ‖W‖², and 0.8 was asked for; got {rank:g}")
    for share, wanted in ((0.5, 1), (0.96, 3)):
        rank, _ = _pair(answer, W, share)
        expect(rank == wanted, f"{share} of ‖W‖² is kept by rank {wanted}; got {rank:g}")
    rank, _ = _pair(answer, 7 * W, 0.8)
    expect(rank == 2, "7 W needs another rank than W: divide by the sum of all σ²")
    rank, saved_by_transpose = _pair(answer, W.T, 0.8)
    expect(rank == 2, f"the transpose of W needs the same rank, 2; got {rank:g}")
    _expect_saved(saved, 2, 12, 20)
    _expect_saved(saved_by_transpose, 2, 20, 12)
    # Two factors of rank 2 of a 3 × 3 matrix have 12 numbers, three more than it has itself.
    rank, saved = _pair(answer, _with_singular_values((2.0, 2.0, 0.5), 3, 3), 0.9)
    expect(
        saved != 0,
        "rank 2 of a 3 × 3 matrix takes 12 numbers in place of 9: this costs 3, so return −3",
    )
    _expect_saved(saved, 2, 3, 3)


def _pair(answer: Rank, W: Tensor, share: float) -> tuple[float, float]:
    pair = answer(W, share)
    told = "return two numbers, the rank and how many parameters it saves"
    expect(as_floats(pair).shape == (2,), told)
    rank, saved = (as_number(each) for each in pair)
    return rank, saved


def _matrices() -> Iterator[tuple[Tensor, float]]:
    generator = torch.Generator().manual_seed(1)
    for shape in ((6, 6), (3, 9), (20, 8), (1, 4), (5, 1)):
        W = torch.randn(shape, generator=generator)
        for share in (0.37, 0.71, 0.93, 0.999):
            yield W, share
            yield 0.01 * W.double(), share


def _expect_saved(saved: float, r: int, m: int, n: int) -> None:
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
        f"got {saved:g}",
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
    batches = [3 + 2 * torch.randn(8 - n, 4, generator=generator) for n in range(5)]
    model = _network(generator)
    before = deepcopy(model)
    with torch.enable_grad():
        result = answer(model, batches)
    expect(isinstance(result, nn.Module), "return the network")
    expect(result is model, "you return another network, a copy: change the one that you are given")
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
        are_close(first.running_var, spread),
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
        [norm.momentum for norm in _norms(result)] == [0.1, 0.3],
        "the momentum of a normalization is no longer what it was: training would go on otherwise",
    )
    model = _network(generator).train()
    model[1].eval()
    modes = [part.training for part in model.modules()]
    expect(
        [part.training for part in answer(model, batches).modules()] == modes,
        "modes stay as they were: here all came in train mode but the first normalization",
    )


def _expect_mean(norm: nn.BatchNorm1d, wanted: Tensor, batches: Sequence[Tensor]) -> None:
    assert norm.running_mean is not None
    if are_close(norm.running_mean, wanted):
        return
    old, count = torch.full((4,), -5.0), len(batches)
    means = torch.stack([batch.mean(dim=0) for batch in batches])
    expect(
        not are_close(norm.running_mean, (7 * old + means.sum(dim=0)) / (7 + count)),
        "the old averages are still in the new ones, as if they were of more batches: reset them",
    )
    blended, fresh = torch.full((4,), -5.0), torch.zeros(4)
    for batch in batches:
        blended, fresh = (0.9 * old + 0.1 * batch.mean(dim=0) for old in (blended, fresh))
    moved = norm.running_mean
    expect(
        not are_close(moved, blended),
        "the old averages are still in the new ones: each batch counts a tenth, so after five "
        "0.59 of the old is left",
    )
    expect(
        not are_close(moved, fresh),
        "you reset them to 0, but each batch moves them by a tenth of the way only, so after "
        "five they are still near 0: what does `momentum=None` do?",
    )
    expect(
        not are_close(moved, batches[-1].mean(dim=0)),
        "only the last batch counts: a momentum of 1 forgets all others",
    )
    expect(
        not are_close(moved, torch.cat(list(batches)).mean(dim=0)),
        "this is the mean over all rows; each batch counts once, the smaller ones too",
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
        are_close(norm.running_mean, seen.mean(dim=0), 1e-3),
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
            if norm.num_batches_tracked is not None:
                norm.num_batches_tracked.fill_(7)
    _norms(model)[1].momentum = 0.3
    return model.eval()


EXERCISES = {
    "5.1.a": Exercise(
        check=_check_rank,
        cases=_matrices,
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
        changes=frozenset({"model"}),
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
