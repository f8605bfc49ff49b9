"""Exercises of page 4.3, Four modalities at once."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from mmtutor.exercises.comparing import are_close, as_floats, as_number
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
    value = as_number(answer(accuracy, {"a": 0.0, "b": 0.0}, 0.1))
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
    value = as_number(answer(accuracy, {"a": 0.5, "b": 0.2}, 0.1))
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
    default = as_number(answer(accuracy, {"a": 0.5, "b": 0.2}))  # type: ignore[call-arg]
    expect(_near(default, 0.62), f"without the third argument, chance is 0.1; got {default:g}")


def _tables() -> Iterator[tuple[dict[tuple[str, ...], float], dict[str, float], float]]:
    generator = torch.Generator().manual_seed(1)
    for names in (("a",), ("image", "text"), ("a", "b", "c"), ("a", "b", "c", "d")):
        sizes = range(1, len(names) + 1)
        subsets = [s for size in sizes for s in itertools.combinations(names, size)]
        for chance in (0.0, 0.25):
            rights = torch.rand(len(subsets), generator=generator).tolist()
            rates = torch.rand(len(names), generator=generator).tolist()
            table = dict(zip(subsets, rights, strict=True))
            yield table, dict(zip(names, rates, strict=True)), chance
            yield table, dict.fromkeys(names, 1.0), chance
            turned = {subset[::-1]: right for subset, right in reversed(table.items())}
            yield turned, dict(zip(names, rates, strict=True)), chance


def _near(value: float, expected: float) -> bool:
    return are_close(value, expected)


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
    h = {"c": torch.tensor([[1.0], [2.0], [4.0]]), "a": torch.ones(3, 2)}
    mask = torch.tensor([True, True, False])
    given = answer(h, {"c": mask}, absent)
    expect(isinstance(given, Mapping), "return a dictionary from sense to features")
    given = dict(given)
    lacking = [name for name in absent if name not in given]
    expect(not lacking, f"{', '.join(lacking)} is lacking: a sense without features counts too")
    expect([*given] == [*absent], "the senses come in the order of `absent`, not that of `h`")
    shapes = {name: tuple(as_floats(features).shape) for name, features in given.items()}
    expect(
        shapes == {"a": (3, 2), "b": (3, 1), "c": (3, 1)},
        f"features are (batch, size), one row for each example; got {shapes}",
    )
    c = as_floats(given["c"]).flatten().tolist()
    expect(c[:2] != [5, 5], "the mask is True where a sense is *there*")
    expect(c[2] != 0, "where the mask is False stands the learnt vector, not 0")
    expect(c[2] != 4, "where the mask is False stands a placeholder; the learnt vector replaces it")
    expect(c == [1, 2, 5], "only the rows that lack a sense change")
    every = as_floats(given["b"]).tolist() == [[9.0]] * 3
    expect(every, "every example lacks b, and gets its learnt vector")
    expect(are_close(given["a"], h["a"]), "nobody lacks a: its features stay as they are")
    h["c"] = torch.tensor([[1.0], [2.0], [math.nan]])
    given = answer(h, {"c": mask}, absent)
    expect(
        are_close(given["c"], [[1.0], [2.0], [5.0]]),
        "a placeholder may be nan, and 0 times nan is nan: choose with `torch.where`",
    )
    expect(
        all(isinstance(features, Tensor) for features in given.values()),
        "no gradient reaches `absent`: do not detach or copy its values",
    )
    total = torch.stack([given[name].sum() for name in ("b", "c")]).sum()
    expect(total.requires_grad, "no gradient reaches `absent`: do not detach or copy its values")
    reached = torch.autograd.grad(total, (absent["b"], absent["c"]), allow_unused=True)
    through = [0 if gradient is None else gradient.item() for gradient in reached] == [3, 1]
    expect(through, "each learnt vector gets a gradient from every row that it fills, and no other")


def _senses() -> Iterator[tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Tensor]]]:
    generator = torch.Generator().manual_seed(1)
    sizes = {"image": 3, "text": 1, "audio": 4, "video": 2}
    for rows in (1, 2, 6):
        absent = {name: torch.randn(size, generator=generator) for name, size in sizes.items()}
        h = {name: torch.randn(rows, sizes[name], generator=generator) for name in sizes}
        masks = {name: torch.rand(rows, generator=generator) < 0.5 for name in sizes}
        placeholders = {
            name: torch.where(masks[name][:, None], features, torch.nan)
            for name, features in h.items()
        }
        yield h, {}, absent
        yield placeholders, masks, absent
        yield {"text": h["text"]}, {}, absent
        yield (
            {name: placeholders[name] for name in ("video", "image")} | {"audio": h["audio"]},
            {name: masks[name] for name in ("image", "video")},
            absent,
        )


EXERCISES = {
    "4.3.a": Exercise(
        check=_check_expected,
        cases=_tables,
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
        cases=_senses,
        solution=complete_with,
        hints=(
            "Go through `absent`: it names every sense. What are the features if `h` has none?",
            "`vector.expand(rows, -1)` gives each example the learnt vector, without a copy.",
            "Then `torch.where(present[name][:, None], features, learnt)`, if there is a mask.",
        ),
        praise="In front of a linear layer, this gives each missing sense a bias of its own.",
    ),
}
