"""Exercises of page 4.1, The program."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.exercises.comparing import are_close, as_floats, as_number, shown
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.forbidding import LOSSES, without_functions, without_optimizers
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question


def product_rule(image_logits: Tensor, text_logits: Tensor) -> Tensor:
    return (image_logits + text_logits).softmax(dim=1)


def _check_product(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    # Logits that are logarithms of small numbers: 1 : 1 : 2 and 1 : 3 : 4 make 1 : 3 : 8.
    image = torch.tensor([[1.0, 1.0, 2.0], [4.0, 1.0, 1.0]]).log()
    text = torch.tensor([[1.0, 3.0, 4.0], [1.0, 1.0, 1.0]]).log()
    p = as_floats(answer(image, text))
    expect(p.shape == (2, 3), f"the result has shape (batch, classes), not {tuple(p.shape)}")
    expect(not (p < 0).any(), "a logarithm of a probability is negative; return the probability")
    mean = (image.softmax(dim=1) + text.softmax(dim=1)) / 2
    expect(not are_close(p, mean), "this is the mean of the two; the rule multiplies")
    expect(not are_close(p, 2 * mean), "this is the sum of the two; the rule multiplies")
    expect(
        not are_close(p, (image * text).softmax(dim=1)),
        "this multiplies the logits; multiply probabilities, or add logits",
    )
    product = image.softmax(dim=1) * text.softmax(dim=1)
    expect(
        not are_close(p, product) and not are_close(p, (image + text).exp()),
        "the products of one example do not sum to 1; divide by their sum",
    )
    right = torch.tensor([[1 / 12, 3 / 12, 8 / 12], [4 / 6, 1 / 6, 1 / 6]])
    expect(
        are_close(p, right),
        f"1 : 1 : 2 times 1 : 3 : 4 is 1 : 3 : 8, that is 0.083, 0.250, 0.667; got {shown(p[0])}",
    )


def _logits() -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for shape in ((1, 2), (5, 10), (4, 4)):
        image, text = 3 * torch.randn(2, *shape, generator=generator)
        yield image, text
        yield image.double(), text.double()


def interval(accuracy: float, examples: int) -> tuple[float, float]:
    deviation = math.sqrt(accuracy * (1 - accuracy) / examples)
    return accuracy - 1.96 * deviation, accuracy + 1.96 * deviation


def _check_interval(answer: Callable[[float, int], tuple[float, float]]) -> None:
    # p = 0.8 and n = 400: the standard deviation is sqrt(0.16 / 400) = 0.02.
    ends = as_floats(answer(0.8, 400))
    expect(ends.shape == (2,), "return two numbers, the lower and the upper end")
    low, high = ends.tolist()
    width = round((high - low) / 2, 6)
    expect(low < high, "the lower end comes first")
    expect(width != 0.02, "one standard deviation holds 68 %; 95 % takes 1.96 of them")
    expect(width != round(1.96 * 0.0004, 6), "0.0004 is the variance; take its square root")
    expect(
        width != round(1.96 * 0.4, 6),
        "0.4 is the deviation of a single answer; the mean of 400 varies less",
    )
    right = are_close([low, high], [0.7608, 0.8392])  # 1.95996 is as good as 1.96
    expect(right, f"0.8 on 400 examples gives 0.7608 to 0.8392; got {low:.6g} to {high:.6g}")


def _accuracies() -> Iterator[tuple[float, int]]:
    yield from ((0.9, 768), (0.5, 100), (0.35, 50), (0.97, 10_000), (0.6, 7))


def masked_max(features: Tensor, ids: Tensor) -> Tensor:
    padding = (ids == 0).unsqueeze(1)
    highest = features.masked_fill(padding, -torch.inf).amax(dim=2)
    return highest.masked_fill(padding.all(dim=2), 0)


def _check_masked_max(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    features = torch.tensor([[[1.0, 3.0, 9.0, 9.0], [-2.0, -4.0, 9.0, -9.0]]])
    highest = as_floats(answer(features, torch.tensor([[5, 6, 0, 0]])))
    expect(
        highest.shape == (1, 2),
        f"the result has shape (batch, channels), not {tuple(highest.shape)}",
    )
    expect(highest[0, 0] != 9, "padding takes part as if it were text")
    expect(
        highest[0, 1] != 0,
        "padding set to 0 is larger than -2 and -4; what is smaller than every number?",
    )
    expect(
        are_close(highest, torch.tensor([[3.0, -2.0]])),
        f"the largest of 1, 3 and of -2, -4 are 3 and -2; got {shown(highest)}",
    )
    empty = answer(features, torch.zeros(1, 4, dtype=torch.int64))
    expect(are_close(empty, torch.zeros(1, 2)), "a text of padding only gives zeros")


def _texts() -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for texts, channels, length in ((1, 1, 1), (4, 3, 6), (6, 2, 5)):
        features = torch.randn(texts, channels, length, generator=generator) - 3
        real = torch.arange(length) < torch.randint(length + 1, (texts, 1), generator=generator)
        ids = real * torch.randint(1, 9, (texts, length), generator=generator)
        yield features, ids
        yield features.double(), ids
        yield 1e6 * features, ids


def training_step(
    model: nn.Module,
    inputs: Any,
    targets: Tensor,
    velocity: list[Tensor],
    rate: float,
    momentum: float,
) -> float:
    model.train()
    log_p = model(inputs).log_softmax(dim=1)
    loss = -log_p[torch.arange(len(targets)), targets].mean()
    parameters = list(model.parameters())
    # Fresh gradients, which are added to nothing: so there is nothing to set to zero.
    gradients = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        for parameter, v, gradient in zip(parameters, velocity, gradients, strict=True):
            v.mul_(momentum).add_(gradient)
            parameter.sub_(rate * v)
    return loss.item()


class _TwoModalities(nn.Module):
    """A small network on images and texts, which behaves differently in training and in use."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.image, self.text = nn.Linear(5, 8), nn.Linear(3, 8)
            self.norm, self.head = nn.BatchNorm1d(8), nn.Linear(8, 4)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        h = self.image(inputs["image"]) + self.text(inputs["text"])
        return self.head(torch.relu(self.norm(h)))


Batch = tuple[dict[str, Tensor], Tensor]


def _batches(seed: int) -> list[Batch]:
    generator = torch.Generator().manual_seed(seed)
    return [
        (
            {
                "image": torch.randn(16, 5, generator=generator),
                "text": torch.randn(16, 3, generator=generator),
            },
            torch.randint(4, (16,), generator=generator),
        )
        for _ in range(4)
    ]


def _mistaken_step(mistake: str) -> Callable[..., float]:
    """Return a training step with one mistake, or with none."""
    kept: dict[int, Tensor] = {}  # gradients that were not set to zero

    def step(
        model: nn.Module,
        inputs: Any,
        targets: Tensor,
        velocity: list[Tensor],
        rate: float,
        momentum: float,
    ) -> float:
        model.train(mistake != "eval mode")
        logits = model(inputs)
        if mistake == "softmax twice":
            logits = logits.softmax(dim=1)
        loss = F.cross_entropy(
            logits, targets, reduction="sum" if mistake == "sum of losses" else "mean"
        )
        parameters = list(model.parameters())
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for i, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
                if mistake == "gradients kept":
                    gradient = kept[i] = kept.get(i, torch.zeros_like(gradient)) + gradient
                velocity[i] = gradient + momentum * velocity[i]
                used = gradient if mistake == "no momentum" else velocity[i]
                parameter.add_(used, alpha=rate if mistake == "uphill" else -rate)
        return loss.item()

    return step


_STEPS = {
    "gradients kept": "gradients of earlier steps are still in this one: `backward` adds to `grad`",
    "eval mode": "the model came in evaluation mode, and you train it in that: `model.train()`",
    "softmax twice": "the loss takes the softmax itself: give cross-entropy the logits",
    "sum of losses": "the loss is the mean over the batch, not the sum",
    "no momentum": "the velocity does not accumulate: change the tensors in the list themselves",
    "uphill": "you go up the gradient: subtract the step",
}


def _check_step(answer: Callable[..., float]) -> None:
    batches = _batches(3)

    def after(step: Callable[..., float], scale: float = 1.0) -> tuple[list[float], Tensor]:
        """Return the losses of four steps, and all weights after them."""
        model = _TwoModalities(4)
        model.head.weight.data *= scale
        velocity = [torch.zeros_like(parameter) for parameter in model.parameters()]
        kept.append(velocity)
        tensors = list(velocity)
        losses = []
        for inputs, targets in batches:
            model.eval()
            losses.append(step(model, inputs, targets.clone(), velocity, 0.2, 0.9))
        replaced.append(any(a is not b for a, b in zip(tensors, velocity, strict=True)))
        weights = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
        return losses, weights

    kept: list[list[Tensor]] = []
    replaced: list[bool] = []
    losses, weights = after(answer)
    _, start = after(lambda *given: 0.0)
    expect(
        not torch.equal(weights, start),
        "the weights are what they were: change the parameters in place, under `torch.no_grad()`",
    )
    for mistake, message in _STEPS.items():
        expect(not are_close(weights, after(_mistaken_step(mistake))[1]), message)
    wanted_losses, wanted = after(_mistaken_step("none"))
    expect(are_close(weights, wanted), "after four steps the weights differ from the formula")
    found = as_floats([as_number(loss) for loss in losses])
    expect(
        are_close(found, wanted_losses),
        "return the loss from before the step, the mean over the batch: "
        f"{wanted_losses[0]:.4f} in the first; got {found[0]:.4f}",
    )
    expect(
        not replaced[0],
        "you put new tensors into the list; change the velocities in place, as by `v.mul_`",
    )
    expect(
        all(are_close(v, right, 1e-3) for v, right in zip(kept[0], kept[-1], strict=True)),
        "the weights are right and the velocities are not: the rate is no part of v",
    )
    large = [as_number(after(step, 1000.0)[0][0]) for step in (answer, _mistaken_step("none"))]
    expect(
        are_close(large[0], large[1], 1e-3),
        f"with large logits the loss is {large[0]:g} and not {large[1]:g}: take the logarithm of "
        "the softmax in one step",
    )
    after(
        without_functions(answer, LOSSES, "you use a criterion of torch: write the loss yourself")
    )
    after(without_optimizers(answer, "you use an optimizer of torch: write the step yourself"))


FAULTS = (
    "healthy",
    "zero_grad missing",
    "softmax twice",
    "targets shuffled",
    "validated on training data",
)
_RUNS = {
    "A": "softmax twice",
    "B": "validated on training data",
    "C": "healthy",
    "D": "targets shuffled",
    "E": "zero_grad missing",
}


def faulty_runs() -> dict[str, dict[str, list[float]]]:
    """Train five networks on ten classes, each with one fault in its loop, or none.

    Returns:
        Measure → run → its value in each of 20 epochs.
    """
    runs = {name: _train(fault, seed) for seed, (name, fault) in enumerate(_RUNS.items())}
    measures = "training loss", "validation accuracy", "gradient norm"
    return {
        measure: {name: values[i] for name, values in runs.items()}
        for i, measure in enumerate(measures)
    }


def _train(fault: str, seed: int) -> tuple[list[float], list[float], list[float]]:
    generator = torch.Generator().manual_seed(seed)
    centers = torch.randn(10, 20, generator=generator)

    def draw(examples: int) -> tuple[Tensor, Tensor]:
        targets = torch.randint(10, (examples,), generator=generator)
        noise = 1.6 * torch.randn(examples, 20, generator=generator)
        return centers[targets] + noise, targets

    x, targets = draw(256)
    held_x, held_targets = (x, targets) if fault == "validated on training data" else draw(2000)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses, accuracies, norms = [], [], []
    for _ in range(20):
        model.train()
        loss_sum = norm_sum = 0.0
        for batch in torch.randperm(256, generator=generator).split(32):
            if fault != "zero_grad missing":
                optimizer.zero_grad()
            y, wanted = model(x[batch]), targets[batch]
            if fault == "targets shuffled":
                wanted = wanted[torch.randperm(32, generator=generator)]
            if fault == "softmax twice":
                y = y.softmax(dim=1)
            loss = F.cross_entropy(y, wanted)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() / 8
            gradients = [p.grad for p in model.parameters() if p.grad is not None]
            norm_sum += torch.cat([g.flatten() for g in gradients]).norm().item() / 8
        model.eval()
        with torch.no_grad():
            right = model(held_x).argmax(dim=1) == held_targets
        losses.append(loss_sum)
        accuracies.append(right.float().mean().item())
        norms.append(norm_sum)
    return losses, accuracies, norms


def name_the_faults() -> dict[str, str]:
    return {
        # Learns, with a loss that stops above ln(e + 9) - 1 = 1.46: probabilities taken for logits.
        "A": "softmax twice",
        # All right on examples said to be new, where C and A reach 0.7: these were trained on.
        "B": "validated on training data",
        # The loss falls, the gradient shrinks, the accuracy stays below 1.
        "C": "healthy",
        # Guessing all the time: a loss of ln 10 = 2.30, an accuracy of 1/10.
        "D": "targets shuffled",
        # The gradients add up from step to step, until the loss rises.
        "E": "zero_grad missing",
    }


_SIGNS = {
    "healthy": "a healthy loop shows a falling loss, a gradient that shrinks, and an accuracy on "
    "new examples that need not reach 1",
    "zero_grad missing": "without zero_grad the gradients of all steps add up, and their norm "
    "grows from epoch to epoch",
    "softmax twice": "with two softmaxes the network learns, but the loss of ten classes cannot "
    "fall below ln(e + 9) − 1 = 1.46",
    "targets shuffled": "with shuffled targets nothing can be learned: a loss of ln 10 = 2.30, an "
    "accuracy of 1/10",
    "validated on training data": "on data seen in training a falling loss takes the accuracy all "
    "the way to 1",
}


def _check_faults(answer: Any) -> None:
    found = answer() if callable(answer) else answer
    expect(
        isinstance(found, dict) and set(found) == set(_RUNS),
        "give a dict with a fault for each of the runs A, B, C, D and E",
    )
    for name, fault in found.items():
        expect(fault in FAULTS, f"{name}: choose one of {', '.join(FAULTS)}; got {fault!r}")
    twice = [fault for fault in FAULTS if list(found.values()).count(fault) > 1]
    expect(not twice, f"each occurs once; you have {', '.join(twice)} more than once")
    for name, fault in sorted(found.items()):
        expect(fault == _RUNS[name], f"{name} does not look like that: {_SIGNS.get(fault)}")


def accuracy_of_late_fusion() -> float:
    generator = torch.Generator().manual_seed(0)
    examples = 100_000
    sign = 2.0 * torch.randint(2, (examples,), generator=generator) - 1
    # 0.8416 standard deviations from the limit, 80 % are on the right side.
    image, text = (0.8416 * sign + torch.randn(examples, generator=generator) for _ in range(2))
    # The log-odds of either are 2 · 0.8416 of what it sees, and the product rule adds log-odds.
    return ((image + text).sign() == sign).float().mean().item()


def _check_late_fusion(answer: Any) -> str:
    return compare_prediction(
        "4.1.f",
        answer,
        accuracy_of_late_fusion,
        right_within=0.02,
        mistakes={
            0.8: "That is what a vote would give: where the two disagree, it can only toss a "
            "coin. The logits say who is surer.",
            0.96: "0.96 is how often at least one of the two is right; where they disagree, "
            "nobody tells you which.",
            0.64: "0.64 is how often both are right; where only one is, adding logits may still "
            "follow the right one.",
            1: "In one of 25 examples both are wrong, and of the others the surer one may be.",
        },
        otherwise="Both agree and are right in 64 %, both are wrong in 4 %. How often does the "
        "surer one win in the other 32 %?",
        highest=1,
    )


EXERCISES = {
    "4.1.a": Exercise(
        check=_check_product,
        cases=_logits,
        solution=product_rule,
        hints=(
            "Softmax both, multiply class by class, and mind that probabilities sum to 1.",
            "A softmax is an exponential divided by a sum. What does a product of exponentials "
            "do to the exponents?",
            "Dividing by the sum of the products is what a softmax does at its end. Of what?",
        ),
        praise="Late fusion by product is nothing but adding logits.",
        kind="write",
    ),
    "4.1.b": Exercise(
        check=_check_interval,
        cases=_accuracies,
        solution=interval,
        hints=(
            "First the standard deviation, then 1.96 of it to either side.",
            "`math.sqrt(accuracy * (1 - accuracy) / examples)` is the standard deviation.",
            "From the accuracy it goes equally far down and up; the lower end comes first.",
        ),
        praise="On 768 examples an accuracy of 0.9 is known to about two points. This counts the "
        "luck of the test set only; the luck of the training shows in the seeds.",
        kind="derive",
    ),
    "4.1.c": Exercise(
        check=_check_masked_max,
        cases=_texts,
        gradients=frozenset({"features"}),
        solution=masked_max,
        hints=(
            "Padding must never win. Which value loses against every number?",
            "`features.masked_fill(padding, -torch.inf)`, then the maximum over positions.",
            "What comes out where all is padding? Look for it in the result, and replace it.",
        ),
        praise="For a mean, padding is harmless as 0; for a maximum, only as minus infinity.",
        kind="write",
    ),
    "4.1.d": Exercise(
        check=_check_step,
        changes=frozenset({"model", "velocity"}),
        solution=training_step,
        hints=(
            "Five lines: mode, forward pass, loss, gradients, update. Which of them must autograd "
            "not see?",
            "`log_softmax(dim=1)` of the logits; of each row, the entry of its target; the mean, "
            "with a minus sign.",
            "For each parameter, in order: first the velocity, in place, `v.mul_(momentum)` and "
            "`v.add_(gradient)`; then the parameter, under `torch.no_grad()`.",
        ),
        praise="No optimizer, no criterion: this is what the two of them do.",
        kind="write",
    ),
    "4.1.e": Exercise(
        check=_check_faults,
        is_value=True,
        solution=name_the_faults,
        hints=(
            "Look at all three measures. Which run stands apart in which of them?",
            "Three numbers help: guessing among ten classes costs ln 10 = 2.30 and is right in "
            "0.1; and probabilities between 0 and 1, taken for logits, cost ln(e + 9) − 1 = 1.46 "
            "at least.",
            "Two runs agree in loss and gradient, and differ in the accuracy on examples that "
            "are said to be new. Which of the two is too good?",
        ),
        praise="None of these raises an error, and four of the five learn something: draw the "
        "gradient's norm and know what guessing costs.",
        kind="diagnose",
    ),
    "4.1.f": Exercise(
        check=_check_late_fusion,
        is_value=True,
        solution=accuracy_of_late_fusion,
        hints=(
            "Counting right and wrong is not enough: a logit says how sure its network is.",
            "Think of what each sees as ±d plus noise of size 1, where d = 0.84 gives 80 %. What "
            "are signal and noise of the sum?",
            "The signal doubles, and independent noise grows by √2. So the sum is as good as one "
            "network with d = 1.19: look that up in the normal distribution.",
        ),
        praise="A vote of two gains nothing, the sum of their logits 8 points: what is worth "
        "having is how sure each of them is.",
        kind="predict",
    ),
}

QUIZ = (
    Question(
        "Why does the text encoder average over real positions only, and not over all 24?",
        (
            Answer(
                "Because an average over 24 numbers takes longer than one over a few.",
                "The time is the same; with a mask all 24 are even visited too.",
            ),
            Answer(
                "Because the embedding of padding would otherwise receive gradients and change.",
                "By `padding_idx=0` it gets no gradient in any case; the features are what would "
                "change.",
            ),
            Answer(
                "Because else the features of a word would depend on the length of the padding.",
                "A sum of zeros divided by a larger number is a smaller mean, so the same word in "
                "a longer batch would look different.",
                right=True,
            ),
        ),
    ),
    Question(
        "Late fusion multiplies the probabilities of two networks. When is that just right?",
        (
            Answer(
                "When both networks have the same accuracy, so that neither outvotes the other.",
                "The product weighs each by how sure it is in this example, so their accuracies "
                "may differ.",
            ),
            Answer(
                "When image and text are independent given the class, and classes balanced.",
                "Then the probability of a class given both is proportional to the product of the "
                "two, by Bayes' rule.",
                right=True,
            ),
            Answer(
                "When the class can be told only from both modalities together, as in an XOR.",
                "There each network alone can only guess, and a product of two guesses is a guess.",
            ),
        ),
    ),
    Question(
        "The logits give the probabilities (0.2, 0.5, 0.3), and the third class is right. What "
        "does a step against the gradient do to the logits?",
        (
            Answer(
                "It raises the third and leaves the others as they are.",
                "The gradient is (0.2, 0.5, −0.7): the wrong classes have a part in it too, each "
                "as large as its probability.",
            ),
            Answer(
                "It raises the third, and lowers the second more than the first.",
                "The gradient is p minus the one-hot target, (0.2, 0.5, −0.7), and the step goes "
                "the other way.",
                right=True,
            ),
            Answer(
                "It lowers all three, the most probable one the most.",
                "The gradient's numbers sum to zero, so something must rise: the right class, by "
                "0.7 at step size 1.",
            ),
        ),
    ),
)
