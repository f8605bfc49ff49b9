"""Exercises of page 3.7, Fusions in practice."""

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.exercises import gates
from mmtutor.exercises.comparing import as_floats
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question


def widths_for_5000_weights() -> tuple[int, int, int]:
    weights, sizes, rank = 5000, (20, 10, 5), 4
    per_number = (sum(sizes), rank * sum(d + 1 for d in sizes), math.prod(d + 1 for d in sizes))
    of_sum, low_rank, tensor = (weights // count for count in per_number)
    return of_sum, low_rank, tensor


def _check_widths(answer: Any) -> None:
    given = as_floats(answer() if callable(answer) else answer)
    expect(given.shape == (3,), "give three whole numbers: for the sum, low rank and tensor")
    of_sum, low_rank, tensor = given.tolist()
    expect((given == given.round()).all(), "z has a whole number of numbers: round down")
    expect(
        (of_sum, low_rank, tensor) != (143, 33, 4),
        "rounded up, the weights are more than 5,000: round down",
    )
    expect(of_sum != 5, "the sum needs one weight for each feature, 20 + 10 + 5, not their product")
    expect(of_sum == 142, "the sum needs 35 weights for each number of z")
    expect(low_rank != 35, "low rank appends a 1 to each modality: 21 + 11 + 6, not 35")
    expect(low_rank != 131, "low rank needs its maps four times, once for each rank")
    expect(low_rank != 3, "low rank adds the sizes of its maps; the tensor multiplies them")
    expect(low_rank == 32, "low rank needs 4 · (21 + 11 + 6) weights for each number of z")
    expect(tensor != 5, "a 1 is appended to each modality: 21 · 11 · 6 products, not 20 · 10 · 5")
    expect(tensor != 131, "tensor fusion multiplies the sizes 21, 11 and 6; low rank adds them")
    expect(tensor == 3, "tensor fusion needs 21 · 11 · 6 weights for each number of z")


KINDS = ("redundant", "unique to the left", "unique to the right", "synergistic")
_SETS = {
    "A": ("unique to the right", 0.4),
    "B": ("synergistic", 0.4),
    "C": ("redundant", 0.8),
    "D": ("unique to the left", 0.8),
}  # with the standard deviation of the noise; the bit itself is +1 or -1


def four_data_sets() -> dict[str, dict[str, list[float]]]:
    """Measure one kind of network on four data sets, with both modalities and with one.

    It is ridge regression on all products of features, with a 1 appended to both sides; where
    a modality is missing, zeros stand in its place, in training too.

    Returns:
        Data set → what is there → accuracy in each of three draws of the data.
    """
    return {
        name: {
            given: [_with_products(kind, noise, there, seed) for seed in range(3)]
            for given, there in (("both", (1, 1)), ("left only", (1, 0)), ("right only", (0, 1)))
        }
        for name, (kind, noise) in _SETS.items()
    }


def _with_products(kind: str, noise: float, there: tuple[int, int], seed: int) -> float:
    generator = torch.Generator().manual_seed(seed)

    def draw() -> tuple[Tensor, Tensor]:
        """Return all products of the features of 2,000 examples, and their label, +1 or -1."""
        label, key = 2.0 * torch.randint(2, (2, 2000), generator=generator) - 1
        shown = {
            "redundant": (label, label),
            "unique to the left": (label, 0 * label),
            "unique to the right": (0 * label, label),
            "synergistic": (key, label * key),
        }[kind]
        x, y = (
            F.pad(is_there * _features(bit, noise, generator), (0, 1), value=1.0)
            for is_there, bit in zip(there, shown, strict=True)
        )
        return (x[:, :, None] * y[:, None, :]).flatten(1), label

    (x, label), (new, answer) = draw(), draw()
    weights = torch.linalg.solve(x.T @ x + 10 * torch.eye(x.shape[1]), x.T @ label)
    return ((new @ weights > 0) == (answer > 0)).float().mean().item()


def _features(bit: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    """Write a bit into the first of six features, with noise on all of them."""
    x = noise * torch.randn(len(bit), 6, generator=generator)
    x[:, 0] += bit
    return x


def name_the_information() -> dict[str, str]:
    return {
        # Only the right knows anything.
        "A": "unique to the right",
        # Neither knows anything alone.
        "B": "synergistic",
        # Each knows it, and both together are more certain.
        "C": "redundant",
        # Only the left knows anything, and not for certain.
        "D": "unique to the left",
    }


_SIGNS = {
    "A": "of A, with the left alone the network guesses, and with the right alone it loses nothing",
    "B": "of B, either side alone is guessing, and both together are right: no side has it",
    "C": "of C, either side alone is far above guessing, and both together are better: two noisy "
    "looks at one bit",
    "D": "of D, with the right alone the network guesses; that it never gets near 1 is noise, not "
    "a second side that is missing",
}


def _check_information(answer: Any) -> None:
    given = answer() if callable(answer) else answer
    expect(
        isinstance(given, Mapping) and set(given) == set(_SETS),
        "give a dict with the keys A, B, C and D",
    )
    right = name_the_information()
    for name, kind in given.items():
        expect(kind in KINDS, f"a value is one of {', '.join(KINDS)}; {name} has {kind!r}")
        expect(kind == right[name], f"look again: {_SIGNS[name]}")


def accuracy_without_the_right() -> float:
    generator = torch.Generator().manual_seed(0)

    def draw() -> tuple[Tensor, Tensor, Tensor]:
        bits = torch.randint(2, (2, 2000), generator=generator)
        left, right = (_features(2.0 * bit - 1, 0.5, generator) for bit in bits)
        return left, right, 2 * bits[0] + bits[1]

    left, right, label = draw()
    of_left, of_right, bias = (torch.zeros(rows, 4, requires_grad=True) for rows in (6, 6, 1))
    optimizer = torch.optim.Adam([of_left, of_right, bias], lr=0.03)
    for _ in range(200):
        optimizer.zero_grad()
        F.cross_entropy(left @ of_left + right @ of_right + bias, label).backward()
        optimizer.step()
    left, right, label = draw()
    found = (left @ of_left + 0 * right @ of_right + bias).argmax(dim=1)
    return (found == label).float().mean().item()


def _check_accuracy(answer: Any) -> str:
    return compare_prediction(
        "3.7.c",
        answer,
        accuracy_without_the_right,
        right_within=0.05,
        mistakes={
            0.25: "That is guessing among four classes. The left still knows its own bit.",
            0.955: "That is with both sides. Who knows the second bit now?",
            0.975: "That is the left's bit alone; the label has another one.",
            0.98: "That is the left's bit alone; the label has another one.",
            0.75: "The two bits must be right at the same time: multiply, do not average.",
        },
        otherwise="The left's bit is right in about 98 of 100. How often is the other one, and how "
        "often both at once?",
        highest=1,
    )


def find_unregistered(g: nn.Module) -> set[str]:
    known = {id(parameter) for parameter in g.parameters()}
    found = set()
    for prefix, module in g.named_modules():
        for name, value in vars(module).items():
            values = value if isinstance(value, list | tuple) else [value]
            lost = (
                isinstance(v, Tensor) and v.requires_grad and id(v) not in known for v in values
            )
            if not name.startswith("_") and any(lost):
                found.add(f"{prefix}.{name}" if prefix else name)
    return found


def faulty_modules() -> dict[str, tuple[nn.Module, set[str]]]:
    """Return fusions, and the names in each of what learns in theory and never in practice."""

    def matrix(*size: int) -> nn.Parameter:
        return nn.Parameter(torch.randn(*size))

    def made(**attributes: Any) -> nn.Module:
        module = nn.Module()
        for name, value in attributes.items():
            setattr(module, name, value)
        return module

    healthy = made(W=matrix(4, 3), maps=nn.ModuleList([nn.Linear(3, 4)]))
    healthy.register_buffer("mean", torch.zeros(4))
    constant = made(W=matrix(4, 3), scale=torch.ones(4), title="low rank")
    moved = made(factor=matrix(5, 4) * 1.0, bias=matrix(4))
    listed = made(factors=[matrix(6, 4), matrix(3, 4)], bias=matrix(4))
    gate = made(V=(matrix(4, 7).clone(),), rest=matrix(4, 7))
    nested = made(project=nn.Linear(3, 4), gate=gate, weights=matrix(2).double())
    both = nn.ParameterList([matrix(6, 4), matrix(3, 4)])
    return {
        "healthy": (healthy, set()),
        "with a constant": (constant, set()),
        "moved": (moved, {"factor"}),
        "with a list": (listed, {"factors"}),
        "nested": (nested, {"gate.V", "weights"}),
        "listed twice": (made(factors=both, same=[both[0]]), set()),
    }


_UNSEEN = {
    "healthy": "all that learns is registered there; a buffer is not meant to learn",
    "with a constant": "a tensor that needs no gradient is a constant, and is not meant to learn",
    "moved": "`factor` was a Parameter, and what `.to(…)` or `* 1.0` returns is a plain tensor, "
    "which needs a gradient and is no parameter",
    "with a list": "`factors` is a Python list of Parameters, into which a module does not look",
    "nested": "there is one in the module itself and one in its submodule `gate`, in a tuple: "
    "`named_modules` gives both modules",
    "listed twice": "`same` lists a matrix that is registered elsewhere: compare the tensors "
    "themselves, with `is` or `id`",
}


def _check_unregistered(answer: Callable[[nn.Module], Collection[str]]) -> None:
    for kind, (module, wanted) in faulty_modules().items():
        found = answer(module)
        expect(
            isinstance(found, Collection) and not isinstance(found, str | Tensor),
            "return a set of names, empty if nothing is wrong",
        )
        expect(
            set(found) == wanted,
            f'of the fusion "{kind}", expected {sorted(wanted)}; got {sorted(found)}: '
            f"{_UNSEEN[kind]}",
        )


EXERCISES = {
    "3.7.a": Exercise(
        check=_check_widths,
        is_value=True,
        solution=widths_for_5000_weights,
        hints=(
            "How many weights does one number of z need? Divide 5,000 by that, and round down.",
            "The sum needs one for each feature. Low rank needs one for each feature and each "
            "appended 1, for every rank. Tensor fusion needs one for each product.",
            "With the ones, the sizes are 21, 11 and 6. Low rank adds them and multiplies by the "
            "rank; tensor fusion multiplies them.",
        ),
        praise="142, 32 and 3: for equal weights, three modalities leave tensor fusion almost no "
        "width.",
        kind="derive",
    ),
    "3.7.b": Exercise(
        check=_check_information,
        is_value=True,
        solution=name_the_information,
        hints=(
            "Guessing is 0.5. For each set, ask which sides alone are above it.",
            "If one side alone is as good as both, the other side adds nothing.",
            "Two are easy: one side guesses and the other is as good as both. Of the others, one "
            "falls to guessing with either side alone, and one does not.",
        ),
        praise="Three bars tell the kind of information, whatever its amount: this test works on "
        "your own data too.",
        kind="read",
    ),
    "3.7.c": Exercise(
        check=_check_accuracy,
        is_value=True,
        solution=accuracy_without_the_right,
        hints=(
            "With zeros in place of the right, the sum is left with what the left says, and its "
            "biases.",
            "The label is right if both bits are. How often is each of them?",
            "The left's bit is right in about 98 of 100, the other one is guessed. The noise of "
            "both is independent.",
        ),
        praise="Half of the answers, and nothing says so: the network is as sure of the bit that "
        "it guesses as its biases happen to be.",
        kind="predict",
    ),
    "3.7.d": Exercise(
        check=_check_unregistered,
        solution=find_unregistered,
        hints=(
            "`vars(module)` has all attributes that the module did not register; parameters, "
            "buffers and submodules stand in dicts of their own, whose names begin with `_`.",
            "What learns in theory `requires_grad`; what learns in practice is among "
            "`g.parameters()`. Compare by `id`, because == compares numbers.",
            "Go through `g.named_modules()`, and through each attribute, which may be a list or a "
            "tuple of tensors. A name in a submodule is joined to its prefix by a dot.",
        ),
        praise="Run it on every fusion that you take from somewhere: what is not registered is "
        "neither trained nor saved nor moved, and nothing complains.",
        kind="diagnose",
    ),
    "3.7.e": Exercise(
        check=gates.check_gated,
        cases=gates.gates,
        gradients=frozenset({"features", "W", "V"}),
        solution=gates.gate_present,
        hints=(
            "First the case without missing modalities: stack scores and candidates to "
            "(batch, modalities, shared). Over which axis does the softmax run?",
            "A missing modality gets the score minus infinity, *before* the softmax; and its "
            "features are replaced by zeros before anything is multiplied.",
            "`masked_fill` replaces, where a product with 0 would keep a nan. A softmax over "
            "minus infinity only is nan: `nan_to_num` turns that into 0.",
        ),
        praise="This is GatedFusion, for any number of modalities, some of them missing.",
        kind="write",
    ),
}

QUIZ = (
    Question(
        "A fusion has to answer whether two sensors agree. In a short training run, the residual "
        "MLP is far behind tensor fusion. What do you know?",
        (
            Answer(
                "The residual MLP cannot compute whether two things agree.",
                "It can: two relus answer the XOR of page 3.6. It has to learn them first.",
            ),
            Answer(
                "That tensor fusion has its products ready; the MLP may catch up with more steps.",
                "So it was with caption and digit: the order after the first epochs was not the "
                "order at the end.",
                right=True,
            ),
            Answer(
                "Tensor fusion is the better choice for these sensors.",
                "At this budget only. With more steps the MLP may reach the same accuracy, and "
                "with few examples the many products may hurt.",
            ),
        ),
    ),
    Question(
        "Each of two modalities knows one half of the label, and there are 128 examples. Which "
        "fusion would you try first?",
        (
            Answer(
                "Tensor fusion, because its products contain all that the two say together.",
                "No product is needed here, and with few examples its many weights fit noise: it "
                "was far behind the sum.",
            ),
            Answer(
                "A sum, or late fusion.",
                "The evidence only has to be added, and a sum has nothing else that could fit the "
                "noise.",
                right=True,
            ),
            Answer(
                "It makes no difference, for all fusions saw the same examples.",
                "It made much difference with 128 examples, and little with 2,048.",
            ),
        ),
    ),
    Question(
        "In use, one modality is sometimes missing. What helped in the experiment of this page?",
        (
            Answer(
                "To fill in zeros, which a network trained on complete examples takes for nothing.",
                "For such a network zeros are an input that it never met; of the products, some "
                "vanish with them.",
            ),
            Answer(
                "To choose a fusion with a gate, which needs no such training.",
                "The gate gives a missing side no share, but the layers were trained for mixtures "
                "of both sides.",
            ),
            Answer(
                "To leave out modalities during training too, at random.",
                "Then every fusion has met such examples, and nearly all reached what one side can "
                "know.",
                right=True,
            ),
        ),
    ),
)
