"""Exercises of page 4.3, Four modalities at once."""

import itertools
import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close
from mmtutor.exercises.exercise import Exercise, expect

Expected = Callable[[Mapping[tuple[str, ...], float], Mapping[str, float], float], float]
Completed = Callable[
    [Mapping[str, Tensor], Mapping[str, Tensor], Mapping[str, Tensor]], Mapping[str, Tensor]
]


def expected_accuracy(
    accuracy: Mapping[tuple[str, ...], float], missing: Mapping[str, float], chance: float = 0.1
) -> float:
    total = 0.0
    for subset, right in {(): chance, **accuracy}.items():
        chances = [1 - q if name in subset else q for name, q in missing.items()]
        total += math.prod(chances) * right
    return total


def _check_expected(answer: Expected) -> None:
    accuracy = {("a",): 0.5, ("b",): 0.6, ("a", "b"): 0.8}
    value = float(answer(accuracy, {"a": 0.0, "b": 0.0}, 0.1))
    expect(
        not _near(value, 0.1), "here nothing is missing; `missing` is not the chance to be there"
    )
    expect(
        not _near(value, 0.8 + 0.5 + 0.6),
        "for a subset to come, the *other* senses must be missing as well: multiply by that too",
    )
    expect(
        _near(value, 0.8), f"if nothing is ever missing, the answer is v(a, b) = 0.8; got {value:g}"
    )
    value = float(answer(accuracy, {"a": 0.5, "b": 0.2}, 0.1))
    # 0.5·0.8 both, 0.5·0.2 only a, 0.5·0.8 only b, 0.5·0.2 none
    expect(
        not _near(value, 0.61),
        "with no sense at all the answer is still right now and then: count `chance` for that case",
    )
    expect(
        not _near(value, 0.61 / 0.9),
        "do not leave out the case in which all senses are missing: count `chance` for it",
    )
    expect(
        not _near(value, (0.8 + 0.5 + 0.6 + 0.1) / 4),
        "the subsets are not equally likely: weigh each by its probability",
    )
    expect(_near(value, 0.62), f"with 0.5 and 0.2 missing, 0.62 is expected; got {value:g}")
    names = ("a", "b", "c")
    subsets = [s for size in (1, 2, 3) for s in itertools.combinations(names, size)]
    table = {subset: 0.2 + 0.2 * len(subset) for subset in subsets}
    rates = {"a": 0.1, "b": 0.3, "c": 0.6}
    value, right = float(answer(table, rates, 0.25)), expected_accuracy(table, rates, 0.25)
    expect(_near(value, right), f"for three senses {right:.4f} is expected; got {value:.4f}")


def _near(value: float, expected: float) -> bool:
    return math.isclose(value, expected, abs_tol=1e-6)


def complete_with(
    h: Mapping[str, Tensor], present: Mapping[str, Tensor], absent: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    rows = len(next(iter(h.values())))
    complete = {}
    for name, vector in absent.items():
        learnt = vector.expand(rows, -1)
        features = h.get(name, learnt)
        if name in present:
            features = torch.where(present[name][:, None], features, learnt)
        complete[name] = features
    return complete


def _check_complete(answer: Completed) -> None:
    absent = {"a": torch.tensor([7.0, 8.0]), "b": torch.tensor([9.0]), "c": torch.tensor([5.0])}
    absent = {name: vector.requires_grad_() for name, vector in absent.items()}
    h = {"c": torch.tensor([[1.0], [2.0], [math.nan]]), "a": torch.ones(3, 2)}
    mask = torch.tensor([True, True, False])
    given = answer(h, {"c": mask}, absent)
    expect(isinstance(given, Mapping), "return a dictionary from sense to features")
    lacking = [name for name in absent if name not in given]
    expect(not lacking, f"{', '.join(lacking)} is lacking: a sense without features counts too")
    expect([*given] == [*absent], "the senses come in the order of `absent`, not that of `h`")
    shapes = {name: tuple(features.shape) for name, features in given.items()}
    expect(
        shapes == {"a": (3, 2), "b": (3, 1), "c": (3, 1)},
        f"features are (batch, size), one row for each example; got {shapes}",
    )
    c = given["c"].flatten().tolist()
    expect(c[:2] != [5, 5], "the mask is True where a sense is *there*")
    expect(not math.isnan(c[2]), "0 times nan is nan: choose with `torch.where`")
    expect(c[2] != 0, "where the mask is False stands the learnt vector, not 0")
    expect(c == [1, 2, 5], "only the rows that lack a sense change")
    expect(given["b"].tolist() == [[9.0]] * 3, "every example lacks b, and gets its learnt vector")
    expect(torch.equal(given["a"], h["a"]), "nobody lacks a: its features stay as they are")
    expect(h["c"].isnan().any(), "you changed the features that you were given; make new ones")
    total = torch.stack([given[name].sum() for name in ("b", "c")]).sum()
    expect(total.requires_grad, "no gradient reaches `absent`: do not detach or copy its values")
    reached = torch.autograd.grad(total, (absent["b"], absent["c"]), allow_unused=True)
    through = [0 if gradient is None else gradient.item() for gradient in reached] == [3, 1]
    expect(through, "each learnt vector gets a gradient from every row that it fills, and no other")


EXERCISES = {
    "4.3.a": Exercise(
        check=_check_expected,
        solution=expected_accuracy,
        hints=(
            "Which subset is there is random. What is the probability that it is exactly this one?",
            "Multiply over all senses: 1 − q if it belongs to the subset, q if it does not. Then "
            "weigh the accuracies by that.",
            "Do not forget the empty subset: go through `{(): chance, **accuracy}`.",
        ),
        praise="Now put in the tables of the page, `{s: a.mean().item() for s, a in …}`, and see "
        "from which rate on dropout pays.",
    ),
    "4.3.b": Exercise(
        check=_check_complete,
        solution=complete_with,
        hints=(
            "Go through `absent`: it names every sense. What are the features if `h` has none?",
            "`vector.expand(rows, -1)` gives each example the learnt vector, without a copy.",
            "Then `torch.where(present[name][:, None], features, learnt)`, if there is a mask.",
        ),
        praise="In front of a linear layer, this gives each missing sense a bias of its own.",
    ),
}
