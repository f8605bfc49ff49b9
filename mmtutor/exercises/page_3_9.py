"""Exercises of page 3.9, Gradient descent on all networks at once."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.exercises.comparing import are_close, as_floats, as_number, beside
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.forbidding import AUTOGRAD, expect_no_look_inside, without_functions
from mmtutor.exercises.question import Answer, Question

Parts = Sequence[tuple[Tensor, Tensor]]


def gradient_in_parts(model: nn.Module, parts: Parts) -> list[Tensor | None]:
    examples = sum(len(y_true) for _, y_true in parts)
    model.zero_grad()
    for x, y_true in parts:
        loss = F.cross_entropy(model(x), y_true, reduction="sum") / examples
        loss.backward()
    return [parameter.grad for parameter in model.parameters()]


def _check_parts(answer: Callable[[nn.Module, Parts], Sequence[Tensor]]) -> None:
    generator = torch.Generator().manual_seed(0)
    model = _linear(generator)
    x, y_true = torch.randn(12, 4, generator=generator), torch.arange(12) % 3
    parts = list(zip(x.split([6, 4, 2]), y_true.split([6, 4, 2]), strict=True))
    each = [_gradient(model, *part) for part in parts]
    wanted = _gradient(model, x, y_true)
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 5.0)
    kept = [parameter.detach().clone() for parameter in model.parameters()]
    given = [as_floats(slope) for slope in answer(model, parts)]
    shapes = [tuple(slope.shape) for slope in given]
    expect(
        _near(list(model.parameters()), kept), "the weights have changed: only ask for gradients"
    )
    expect(
        shapes == [tuple(slope.shape) for slope in wanted],
        f"return one tensor for each parameter, of its shape; got shapes {shapes}",
    )
    _expect_apart(given, each[-1], "only the last piece counts: `zero_grad` is inside the loop")
    _expect_apart(
        given,
        [slope + 5 for slope in wanted],
        "a `.grad` from before is still in there: forget it before the first piece",
    )
    sums = [torch.stack(slopes).sum(dim=0) for slopes in zip(*each, strict=True)]
    _expect_apart(given, sums, "that is the sum of the means of three pieces, not one mean")
    _expect_apart(
        given,
        [total / 3 for total in sums],
        "every piece has the same weight, but the last one holds 2 examples and the first 6",
    )
    _expect_apart(
        given, [12 * slope for slope in wanted], "that is the sum over examples, not their mean"
    )
    expect(
        _near(given, wanted),
        f"the first gradient is off by up to {(given[0] - wanted[0]).abs().max():.3g}",
    )
    _expect_piece_by_piece(answer)


def _expect_piece_by_piece(answer: Callable[[nn.Module, Parts], Sequence[Tensor]]) -> None:
    """Try other models and pieces; none of the models takes more rows than the largest piece."""
    generator = torch.Generator().manual_seed(1)
    for sizes in ([5], [1, 7], [4, 4, 1], [2, 3, 1, 6]):
        rows = sum(sizes)
        model = nn.Sequential(_linear(generator), nn.Tanh(), nn.Linear(3, 3, bias=False))
        x, y_true = torch.randn(rows, 4, generator=generator), torch.arange(rows) % 3
        wanted = _gradient(model, x, y_true)
        most = max(sizes)

        def forward(module: nn.Module, inputs: tuple[Tensor], most: int = most) -> None:
            expect(len(inputs[0]) <= most, "run one piece at a time: the batch does not fit")

        model.register_forward_pre_hook(forward)
        given = answer(model, list(zip(x.split(sizes), y_true.split(sizes), strict=True)))
        expect(
            _near(list(given), wanted),
            f"right for pieces of 6, 4 and 2 examples, and not for pieces of {sizes}",
        )


def _linear(generator: torch.Generator) -> nn.Linear:
    model = nn.Linear(4, 3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model


def _gradient(model: nn.Module, x: Tensor, y_true: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(F.cross_entropy(model(x), y_true), list(model.parameters())))


def _near(given: Sequence[Tensor], other: Sequence[Tensor]) -> bool:
    return all(map(are_close, given, other))


def _expect_apart(given: Sequence[Tensor], wrong: Sequence[Tensor], mistake: str) -> None:
    expect(not _near(given, wrong), mistake)


def clipped(gradients: Sequence[Tensor], max_norm: float) -> list[Tensor]:
    norm = sum(gradient.square().sum() for gradient in gradients) ** 0.5
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return [factor * gradient for gradient in gradients]


def _check_clipped(answer: Callable[[Sequence[Tensor], float], Sequence[Tensor]]) -> None:
    long = [torch.tensor([2.0, 1.0]), torch.tensor([[2.0], [-4.0]])]  # the norm is 5
    given = [as_floats(each) for each in answer([gradient.clone() for gradient in long], 1.0)]
    shapes = [tuple(gradient.shape) for gradient in given]
    expect(
        shapes == [(2,), (2, 1)],
        f"return a list of tensors of the same shapes; got {shapes}",
    )
    _expect_apart(
        given,
        [gradient / gradient.norm() for gradient in long],
        "each tensor is shortened on its own, which turns the direction: take one norm of all",
    )
    _expect_apart(
        given,
        [gradient.clamp(-1, 1) for gradient in long],
        "each number is cut on its own, which turns the direction: multiply all by one factor",
    )
    _expect_apart(
        given,
        [gradient / sum(each.norm() for each in long) for gradient in long],
        "the norms of the tensors do not add up: sum all squares, then take the root",
    )
    _expect_apart(
        given, [gradient / 25 for gradient in long], "the root is missing: that is the squared norm"
    )
    expect(
        _near(given, [gradient / 5 for gradient in long]),
        f"for (2, 1) and (2, −4) to norm 1, {beside(given, [g / 5 for g in long])}",
    )
    short = list(answer([gradient.clone() for gradient in long], 10.0))
    expect(
        _near(short, long),
        f"a norm of 5 is below 10, so that nothing changes: {beside(short, long)}",
    )
    nothing = list(answer([torch.zeros(2)], 1.0))
    expect(_near(nothing, [torch.zeros(2)]), "a gradient of 0 must stay 0: you divide by its norm")


def _gradients() -> Iterator[tuple[list[Tensor], float]]:
    generator = torch.Generator().manual_seed(1)
    for shapes in ([(3,)], [(2, 3), (2,)], [(1,), (4, 1), (2, 2, 2), (3,)]):
        gradients = [torch.randn(shape, generator=generator) for shape in shapes]
        for limit in (0.1, 1.0, 2.5, 100.0):
            yield gradients, limit
            yield [gradient.double() for gradient in gradients], limit
        yield [1e-3 * gradient for gradient in gradients], 1e-4
    yield [torch.zeros(2), torch.tensor([3.0, 4.0])], 1.0
    yield [torch.tensor([3.0, 4.0])], 5.0


def times_as_late() -> float:
    # Alone, the image explains 1 / (1 + 1) of the quantity, so that 1/2 * (1 - 1/2) = 1/4 is left
    # for the text. It came half of its way with 1/2, and needs twice as long for the other half.
    return 1 + (1 / 2) / (1 / 4)


_NOT_THREE = {
    6.0: "that is for errors of standard deviation 1/2; with 1 the image explains less, and "
    "leaves more to the text",
    2.0: "that is the second half of the text's way only; the first half takes as long as the "
    "image's whole way",
    4.0: "that compares the growth of the image at the beginning with that of the text at the "
    "end; compare the text with itself, and add the first half of its way",
    0.25: "that is what is left for the text; how much longer does the second half of its way "
    "take than the first?",
    1.0: "the text had come half of its way when the image took off; the other half takes time",
}


def _check_times(answer: Any) -> None:
    given = as_number(answer() if callable(answer) else answer)
    for wrong, mistake in _NOT_THREE.items():
        expect(abs(given - wrong) > 0.01, mistake)
    expect(
        abs(given - times_as_late()) < 0.01,
        f"not {given:g}: how much of the quantity does the image alone explain, what is left for "
        "the text, and how does that compare with 1/2?",
    )


_RATES = {"A": 0.9, "B": 0.1, "C": 0.7, "D": 0.3}


def four_balls() -> dict[str, list[float]]:
    """Return where four balls in the valley θ² are after 0, 1, 2, … steps."""
    return {name: [(1 - 2 * rate) ** step for step in range(7)] for name, rate in _RATES.items()}


def read_the_rates() -> dict[str, float]:
    # The slope of θ² at 1 is 2, so that the first step ends at 1 - 2η.
    return {"A": (1 + 0.8) / 2, "B": (1 - 0.8) / 2, "C": (1 + 0.4) / 2, "D": (1 - 0.4) / 2}


def _check_rates(answer: Any) -> None:
    found = answer() if callable(answer) else answer
    expect(
        isinstance(found, dict) and set(found) == set(_RATES),
        "give a dict with a learning rate for each of A, B, C and D",
    )
    rates = {name: as_number(rate) for name, rate in found.items()}

    def all_near(wanted: dict[str, float]) -> bool:
        return all(abs(rates[name] - value) < 0.04 for name, value in wanted.items())

    expect(
        not all_near({name: 2 * rate for name, rate in _RATES.items()}),
        "the first step has this length, but it is η times the slope, and θ² has the slope 2 at 1",
    )
    expect(
        not all_near({name: 1 - 2 * rate for name, rate in _RATES.items()}),
        "that is where each ball is after one step; which rate brings it there?",
    )
    for name, rate in sorted(rates.items()):
        across = "crosses the bottom with its first step" if _RATES[name] > 0.5 else "stays above 0"
        expect(
            (rate > 0.5) == (_RATES[name] > 0.5),
            f"{name} {across}; with η = {rate:g} it would be at {1 - 2 * rate:.2g}",
        )
        expect(
            abs(rate - _RATES[name]) < 0.04,
            f"with η = {rate:g}, {name} would be at {1 - 2 * rate:.2g} after one step",
        )


Step = Callable[[nn.Module, torch.optim.Optimizer, Tensor, Tensor], object]
FAULTS = ("healthy", "keeps old gradients", "steps too early", "sums the losses", "climbs")


def _step(fault: str) -> Step:
    """Return a training step with one fault."""

    def step(model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y_true: Tensor) -> None:
        if fault != "keeps old gradients":
            optimizer.zero_grad()
        if fault == "steps too early":
            optimizer.step()
        loss = F.cross_entropy(model(x), y_true)
        if fault == "sums the losses":
            loss = len(y_true) * loss
        (-loss if fault == "climbs" else loss).backward()
        if fault != "steps too early":
            optimizer.step()

    return step


def examine_step(step: Step) -> str:
    x, y_true = torch.tensor([[1.0, 2.0], [-1.0, 0.5], [0.5, -1.0]]), torch.tensor([0, 1, 2])
    model = nn.Linear(2, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        before = model.weight.detach().clone()
        (slope,) = torch.autograd.grad(F.cross_entropy(model(x), y_true), [model.weight])
        step(model, optimizer, x, y_true)
        moved = (before - model.weight.detach()) / 0.1
    length = ((moved * slope).sum() / slope.square().sum()).item()
    if abs(length) < 0.1:
        return "steps too early"
    if length < 0:
        return "climbs"
    if abs(length - 3) < 0.01:
        return "sums the losses"
    return "healthy" if abs(length - 1) < 0.01 else "keeps old gradients"


_CLUES = {
    "healthy": "it moves every weight by the rate times the slope of the mean loss, in every step",
    "keeps old gradients": "its first step is right; the second adds the slope of the first",
    "steps too early": "with it no weight ever moves",
    "sums the losses": "its steps have the right direction and are as many times too long as the "
    "batch has examples; a batch of one cannot show that, and neither can Adam",
    "climbs": "with it the loss rises: its steps have the right length and the wrong sign",
}


def _check_examination(answer: Callable[[Step], str]) -> None:
    expect_no_look_inside(answer)
    for fault in (*FAULTS, *FAULTS[::-1]):
        said = answer(_step(fault))
        expect(
            isinstance(said, str) and said in FAULTS,
            f"return one of {', '.join(map(repr, FAULTS))}; got {said!r}",
        )
        expect(said == fault, f"{fault!r} was taken for {said!r}: {_CLUES[fault]}")


Back = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
_NAMES = ("h_I", "h_T", "W_I", "W_T", "W_h")


def way_back(
    h_I: Tensor, h_T: Tensor, W_I: Tensor, W_T: Tensor, W_h: Tensor, y_true: Tensor
) -> Back:
    u = h_I @ W_I.T + h_T @ W_T.T
    z = u.clamp(min=0)
    y = z @ W_h.T
    at_y = (y.softmax(dim=1) - F.one_hot(y_true, len(W_h))) / len(y)
    at_u = at_y @ W_h * (u > 0)
    return at_u @ W_I, at_u @ W_T, at_u.T @ h_I, at_u.T @ h_T, at_y.T @ z


def _check_way_back(answer: Callable[..., Sequence[Tensor]]) -> None:
    answer = without_functions(answer, AUTOGRAD, "do without autograd: products of matrices only")
    generator = torch.Generator().manual_seed(0)
    example = _features(generator, 6, 4, 3, 5, 3)
    with torch.no_grad():
        given = answer(*(tensor.clone() for tensor in example))
    wanted = way_back(*example)
    expect(
        isinstance(given, Sequence) and len(given) == 5,
        f"return five tensors, the gradients of {', '.join(_NAMES)}",
    )
    shapes = [tuple(as_floats(each).shape) for each in given]
    expected = [tuple(each.shape) for each in wanted]
    expect(shapes == expected, f"gradients have the shapes {expected}, got {shapes}")
    h_I, h_T, W_I, W_T, W_h, y_true = example
    u = h_I @ W_I.T + h_T @ W_T.T
    p = (u.clamp(min=0) @ W_h.T).softmax(dim=1)
    truth = F.one_hot(y_true, 3)
    at_y = (p - truth) / 6
    expect(
        not are_close(given[4], 6 * wanted[4]),
        "the loss is the mean over the batch: divide the error by the number of examples",
    )
    expect(not are_close(given[4], -wanted[4]), "the error is p minus the truth, not the reverse")
    expect(not are_close(given[4], p.T @ u.clamp(min=0) / 6), "the truth is not subtracted from p")
    expect(
        not are_close(given[4], at_y.T @ u),
        "the last layer read z, which is behind the relu: its gradient has z, not the sum",
    )
    expect(are_close(given[4], wanted[4]), f"W_h: {beside(given[4], wanted[4])}")
    expect(
        not are_close(given[0], at_y @ W_h @ W_I),
        "the relu is missing on the way back: where the sum is below 0, nothing goes through",
    )
    for name, mine, right in zip(_NAMES, given, wanted, strict=True):
        expect(are_close(mine, right), f"{name}: {beside(mine, right)}")
    for case in _way_back_cases():
        with torch.no_grad():
            mine = answer(*(tensor.clone() for tensor in case))
        for name, each, right in zip(_NAMES, mine, way_back(*case), strict=True):
            expect(are_close(each, right), f"{name}, with other sizes: {beside(each, right)}")


def _features(
    generator: torch.Generator, rows: int, image: int, text: int, shared: int, classes: int
) -> tuple[Tensor, ...]:
    shapes = [(rows, image), (rows, text), (shared, image), (shared, text), (classes, shared)]
    tensors = [torch.randn(shape, generator=generator) for shape in shapes]
    return (*tensors, torch.randint(classes, (rows,), generator=generator))


def _way_back_cases() -> Iterator[tuple[Tensor, ...]]:
    generator = torch.Generator().manual_seed(1)
    for sizes in ((1, 2, 2, 2, 2), (7, 1, 5, 3, 4), (20, 6, 6, 8, 10)):
        yield _features(generator, *sizes)


EXERCISES = {
    "3.9.a": Exercise(
        check=_check_parts,
        solution=gradient_in_parts,
        hints=(
            "`backward` adds to `.grad`. Here that is what you want, if you start from nothing.",
            "The mean over all examples is the sum over all pieces of (sum of their losses) / N. "
            "N counts all examples, not those of the piece.",
            'Once `model.zero_grad()`. For each piece, `F.cross_entropy(…, reduction="sum") / N` '
            "and `backward()`. Return `[p.grad for p in model.parameters()]`.",
        ),
        praise="This is gradient accumulation: a large batch on a small machine.",
        kind="write",
    ),
    "3.9.b": Exercise(
        check=_check_clipped,
        cases=_gradients,
        solution=clipped,
        hints=(
            "All gradients together are one long vector. What is its norm?",
            "The norm is the root of the sum of all squares. All tensors get the same factor, "
            "max_norm / norm, but never more than 1.",
            "`norm = sum(g.square().sum() for g in gradients) ** 0.5`, then "
            "`min(1.0, max_norm / norm)`; take care where the norm is 0.",
        ),
        praise="`nn.utils.clip_grad_norm_` does this. It looks at all weights at once, so that "
        "four optimizers that clip on their own are no longer one.",
        kind="write",
    ),
    "3.9.c": Exercise(
        check=_check_times,
        is_value=True,
        solution=times_as_late,
        hints=(
            "Which numbers of the page's reasoning depend on the errors, and which do not?",
            "With errors of standard deviation 1/2, the image alone explains 1 / (1 + 1/4) = 0.8 "
            "of the quantity. What is it with 1?",
            "The text grew with 1/2 in the first half of its way, and in the second half with 1/2 "
            "times what the image leaves.",
        ),
        praise="Noisier instruments leave more to each other, so that competition is milder: it is "
        "hardest where both know the same.",
        kind="derive",
    ),
    "3.9.d": Exercise(
        check=_check_rates,
        is_value=True,
        solution=read_the_rates,
        hints=(
            "Where is each ball after its first step? That alone decides.",
            "A step goes from θ to θ - η times the slope. What is the slope of θ² at 1?",
            "The first step ends at 1 - 2η, so that η is half of the way it has made.",
        ),
        praise="B and C come down by different ways: small steps, or steps across the valley.",
        kind="read",
    ),
    "3.9.e": Exercise(
        check=_check_examination,
        solution=examine_step,
        hints=(
            "With plain SGD, a healthy step moves a weight by the rate times its slope.",
            "One of the faults cannot be seen in the first step. Take two, and more than one "
            "example in the batch.",
            "Compute the slope with `torch.autograd.grad` before the second step, and compare how "
            "far the weights moved with it: 0, −1, 1 or N times as far, or something else.",
        ),
        praise="Two steps on three examples tell five programs apart. A loss that merely falls "
        "would have passed two of the faults.",
        kind="diagnose",
    ),
    "3.9.f": Exercise(
        check=_check_way_back,
        solution=way_back,
        hints=(
            "Compute forward first, and keep the sum before the relu. Then start at the output.",
            "The error at y is (p − one-hot) / N. At z it is that times W_h, and where the sum "
            "before the relu is not positive it becomes 0.",
            "A gradient of features is the error times W; that of a matrix is the error, "
            "transposed, times what the matrix was multiplied with.",
        ),
        praise="Five products: this is what `backward` does at the fork.",
        kind="write",
    ),
}

QUIZ = (
    Question(
        "An example is solved by its text alone, with certainty. What does the image encoder learn "
        "from it?",
        (
            Answer(
                "As much as from any other, since every encoder gets a gradient of its own.",
                "The gradients differ, but both come from one error at z, and that is zero.",
            ),
            Answer(
                "Nearly nothing, since the error is nearly zero where the way back forks.",
                "p minus the truth is the first factor of every gradient.",
                right=True,
            ),
            Answer(
                "More than usual, since the text shows it the right answer.",
                "The text enters at the fusion; nothing from there tells the image's encoder more.",
            ),
        ),
    ),
    Question(
        "Two exact instruments measure the same. Trained together by gradient descent, one is "
        "hardly used. Why?",
        (
            Answer(
                "It is less informative, so that the network has learned to leave it out.",
                "Both know exactly the same; trained alone, either gives the whole answer.",
            ),
            Answer(
                "The learning rate is too low, so that it has not arrived yet.",
                "The answer is right, so that no slope is left; waiting does not help.",
            ),
            Answer(
                "Its numbers are smaller, so it grows later, and finds no error left.",
                "Growth feeds on growth, and whoever comes first uses up the error.",
                right=True,
            ),
        ),
    ),
    Question(
        "A paper compares SGD and Adam, both at a rate of 0.01, and Adam is far ahead. What "
        "follows?",
        (
            Answer(
                "Nothing about the methods: 0.01 may suit one and be far too low for the other.",
                "Each needs a sweep of its own; the useful rates of the two can lie far apart.",
                right=True,
            ),
            Answer(
                "Adam is the better method, since both had the same conditions.",
                "The same number is not the same condition: a rate means another thing to each.",
            ),
            Answer(
                "SGD would need more steps, since its steps are smaller.",
                "Perhaps, or a higher rate; from one rate this cannot be told.",
            ),
        ),
    ),
)
