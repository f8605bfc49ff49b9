"""Exercises of page 2.1, The residual block."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.blocks import ResidualBlock
from mmtutor.exercises.comparing import are_close, as_number
from mmtutor.exercises.descending import step_downhill
from mmtutor.exercises.exercise import Exercise, Mistake, expect
from mmtutor.exercises.forbidding import comes_from, expect_no_look_inside, without_modules
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question


def count_parameters(in_channels: int, out_channels: int, stride: int) -> int:
    convolutions = 9 * in_channels * out_channels + 9 * out_channels**2
    norms = 2 * out_channels + 2 * out_channels
    if stride == 1 and in_channels == out_channels:
        return convolutions + norms
    return convolutions + norms + in_channels * out_channels + 2 * out_channels


def _check_count(answer: Callable[[int, int, int], int]) -> None:
    right = {sizes: _true_count(*sizes) for sizes in [(16, 16, 1), (16, 32, 2)]}
    plain = as_number(answer(16, 16, 1))
    expect(plain != 2 * 9 * 16 * 16, "a normalization has a weight and a bias for each channel")
    expect(plain == right[16, 16, 1], f"(16, 16, 1) has 4,672 parameters, not {plain:,.10g}")
    changed = as_number(answer(16, 32, 2))
    no_projection = right[16, 32, 2] - 16 * 32 - 2 * 32
    expect(changed != no_projection, "where the shapes differ, the shortcut is a projection")
    expect(changed != no_projection + 16 * 32, "the projection has a normalization too")
    expect(
        changed != right[16, 32, 2] - 9 * 16 * 32,
        "the second convolution already has out_channels inputs",
    )
    expect(
        changed == right[16, 32, 2],
        f"(16, 32, 2) has 14,528 parameters, not {changed:,.10g}",
    )
    expect(
        answer(16, 16, 2) != right[16, 16, 1],
        "a stride alone also changes the shape, so it needs a projection",
    )
    expect(
        as_number(answer(16, 32, 1)) not in (no_projection, right[16, 16, 1]),
        "other channels alone also change the shape, so they need a projection",
    )
    told = "you build the block, or a layer of it: write a formula"
    without_modules(answer, "", told)(16, 32, 2)


def _blocks() -> Iterator[tuple[int, int, int]]:
    for channels in ((16, 16), (16, 32), (32, 16), (64, 128), (3, 64), (1, 1), (7, 5)):
        for stride in (1, 2, 3):
            yield *channels, stride


def _true_count(in_channels: int, out_channels: int, stride: int) -> int:
    block = ResidualBlock(in_channels, out_channels, stride=stride)
    return sum(parameter.numel() for parameter in block.parameters())


def start_as_identity(branch: Any) -> nn.Module:
    with torch.no_grad():
        branch.norm2.weight.zero_()
        branch.norm2.bias.zero_()
    return branch


class _Branch(nn.Module):
    """The branch of page 2.1, with a trained last normalization."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(4)
        nn.init.constant_(self.norm2.weight, 0.7)
        nn.init.constant_(self.norm2.bias, 0.3)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x)))))


def _check_identity(answer: Callable[[nn.Module], nn.Module]) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        branch, x = _Branch(), torch.rand(8, 4, 5, 5)
    before = branch(x).detach()
    same = answer(branch)
    expect(same is branch, "change the branch that you are given, and return it")
    after = branch(x).detach()
    expect(not torch.equal(after, before), "F(x) is what it was: nothing has been changed")
    expect(
        not are_close(after, torch.full_like(after, 0.3)),
        "F(x) is 0.3 everywhere, the bias of norm2; it has to be zero too",
    )
    expect((after == 0).all(), f"F(x) must be 0 everywhere; it goes up to {after.abs().max():.2g}")
    expect(
        all(parameter.requires_grad for parameter in branch.parameters()),
        "a frozen layer cannot learn; leave requires_grad as it is",
    )
    expect(branch.training, "the branch came in train mode and was left in evaluation mode")
    other = branch(10 * x.flip(0).flip(2) - 5)
    expect((other == 0).all(), "F(x) is 0 for some inputs only; it must be 0 for every input")
    before_steps = {name: each.detach().clone() for name, each in branch.named_parameters()}
    for _ in range(3):
        step_downhill(branch, (branch(x) - x.flip(3)).square().mean(), 0.1)
    for name, parameter in branch.named_parameters():
        expect(
            not torch.equal(parameter, before_steps[name]),
            f"after three steps {name} has not moved: two factors of zero wait for each other",
        )


def share_of_paths(blocks: int, longest: int) -> float:
    return sum(math.comb(blocks, length) for length in range(longest + 1)) / 2**blocks


def _check_share(answer: Callable[[int, int], float]) -> None:
    share = as_number(answer(4, 1))
    expect(share != 5, "5 is the number of paths; divide by the number of all paths")
    expect(share != 4 / 16, "count the path that takes no branch at all as well")
    expect(share != 1 / 16, "`range(longest)` ends before `longest`; a path of that length counts")
    expect(
        not are_close(share, 2 / 5),
        "lengths are not equally likely: of 4 blocks, 4 paths take one branch",
    )
    expect(are_close(share, 5 / 16), f"of 16 paths, 5 take at most one branch; got {share}")


def _chains() -> Iterator[tuple[int, int]]:
    yield from ((50, 30), (1, 0), (1, 1), (3, 0), (5, 5), (9, 4), (16, 12), (54, 20), (54, 27))


_BLOCKS = 16


def growth_of_the_gradient() -> float:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 256, generator=generator, requires_grad=True)
    y = x
    for _ in range(16):
        # Divided by the root of the width, a matrix keeps the size of what it multiplies.
        W = torch.randn(256, 256, generator=generator) / 256**0.5
        y = y + y @ W
    at_output = torch.randn(64, 256, generator=generator)
    (at_input,) = torch.autograd.grad(y, x, at_output)
    return (at_input.norm() / at_output.norm()).item()


def _check_growth(answer: Any) -> str:
    return compare_prediction(
        "2.1.d",
        answer,
        growth_of_the_gradient,
        right_within=2,
        is_factor=True,
        mistakes={
            0: "Nothing vanishes: each block hands the gradient through, and adds to it.",
            1: "The shortcut hands it through unchanged, but every branch adds as much again.",
            _BLOCKS: "The additions do not grow linearly: each block adds as much as it gets.",
            _BLOCKS
            + 1: "That counts one addition for each block; a block adds as much as it gets.",
            2**_BLOCKS: "A block doubles the *square* of the norm: the two parts are independent, "
            "and so at right angles.",
        },
        otherwise="At each block two independent parts of equal size are added. What does that do "
        "to the square of the norm?",
    )


FAULTS = (
    "healthy",
    "relu in branch",
    "no relu after sum",
    "shortcut detached",
    "adds in place",
)


def faulty_block(fault: str, features: int, seed: int) -> Callable[[Tensor], Tensor]:
    """Return a residual block on vectors, y = relu(x + F(x)), with one fault or none."""
    generator = torch.Generator().manual_seed(seed)
    first, last = (
        torch.randn(features, features, generator=generator) / features**0.5 for _ in range(2)
    )

    def block(x: Tensor) -> Tensor:
        branch = torch.relu(x @ first.to(x)) @ last.to(x)
        if fault == "relu in branch":
            branch = torch.relu(branch)
        if fault == "adds in place":
            x += branch
            return torch.relu(x)
        total = branch + (x.detach() if fault == "shortcut detached" else x)
        return total if fault == "no relu after sum" else torch.relu(total)

    return block


def examine_block(block: Callable[[Tensor], Tensor], features: int) -> str:
    x = torch.rand(256, features, dtype=torch.float64)
    with torch.no_grad():
        kept = x.clone()
        y = block(x)
        if not torch.equal(x, kept):
            return "adds in place"
        if (y < 0).any():
            return "no relu after sum"
        if (y >= x).all():
            return "relu in branch"
        measured = (block(x + 1e-6) - y).sum() / 1e-6
    (gradient,) = torch.autograd.grad(block(x.requires_grad_()).sum(), x)
    agree = torch.isclose(gradient.sum(), measured, rtol=0.01)
    return "healthy" if agree else "shortcut detached"


_OVERLOOKED = {
    "healthy": "Use many random x, and allow for rounding where you compare",
    "relu in branch": "A correction that cannot be negative never makes y smaller than x, for "
    "x ≥ 0",
    "no relu after sum": "Its output has negative numbers",
    "shortcut detached": "Its output is right and its gradient is not: compare autograd with a "
    "difference quotient",
    "adds in place": "After the call your x is no longer what it was: compare it with a copy",
}


def _check_diagnosis(answer: Callable[[Callable[[Tensor], Tensor], int], str]) -> None:
    expect_no_look_inside(answer)
    for seed, features in enumerate([8, 12, 5, 24]):
        for fault in FAULTS:
            try:
                found = answer(faulty_block(fault, features, seed), features)
            except RuntimeError as error:
                if fault != "adds in place":
                    raise
                raise Mistake(
                    "on a block that adds in place autograd gave up: look for that fault first, "
                    "on a copy of x and under `torch.no_grad()`"
                ) from error
            expect(
                isinstance(found, str) and found in FAULTS,
                f"return one of {', '.join(FAULTS)}; got {found!r}",
            )
            expect(
                found == fault,
                f'a block was called "{found}" that is "{fault}". {_OVERLOOKED[fault]}',
            )


class Bottleneck(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        width = out_channels // 4
        last = nn.BatchNorm2d(out_channels)
        nn.init.zeros_(last.weight)
        self.branch = nn.Sequential(
            nn.Conv2d(in_channels, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, out_channels, 1, bias=False),
            last,
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != out_channels:
            self.shortcut.append(nn.Conv2d(in_channels, out_channels, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.branch(x) + self.shortcut(x))


def _check_bottleneck(answer: Callable[..., nn.Module]) -> None:
    torch.manual_seed(0)
    x = torch.rand(8, 16, 6, 6)
    block = answer(16, 16)
    expect(isinstance(block, nn.Module), "give the class, an `nn.Module`, and not one block of it")
    expect(
        not any(comes_from(type(part), "mmtutor.blocks") for part in block.modules()),
        "build it of layers of torch.nn, with nothing from mmtutor.blocks",
    )
    _expect_shape(block, x, (8, 16, 6, 6), "Bottleneck(16, 16)")
    _expect_shape(answer(16, 32, 2), x, (8, 32, 3, 3), "Bottleneck(16, 32, 2)")
    for sizes in [(16, 16, 1), (16, 32, 1), (16, 16, 2), (24, 48, 2)]:
        _expect_parameters(answer(*sizes), *sizes)
    _expect_start_as_identity(block, x)
    for sizes in [(16, 16, 1), (16, 32, 2)]:
        _expect_formula(answer(*sizes), x, *sizes)
    for sizes in [(16, 32, 1), (16, 16, 1), (16, 16, 2)]:
        _expect_learning(answer(*sizes), x)


def _expect_shape(block: nn.Module, x: Tensor, shape: tuple[int, ...], name: str) -> None:
    try:
        y = block(x)
    except RuntimeError as error:
        raise Mistake(
            f"{name} fails on a batch of shape {tuple(x.shape)}, and torch says: {error}. The 3×3 "
            "convolution needs padding 1; where shapes change, the shortcut is a projection"
        ) from error
    expect(y is not None, "forward returns None: is a `return` missing?")
    expect(y.shape == shape, f"{name} should give shape {shape}; got {tuple(y.shape)}")


def _expect_parameters(block: nn.Module, in_channels: int, out_channels: int, stride: int) -> None:
    width = out_channels // 4
    wanted = (in_channels + 9 * width + out_channels) * width + 4 * width + 2 * out_channels
    projection = in_channels * out_channels
    changes = stride != 1 or in_channels != out_channels
    wanted += (projection + 2 * out_channels) * changes
    name = f"Bottleneck({in_channels}, {out_channels}, {stride})"
    found = sum(parameter.numel() for parameter in block.parameters())
    biases = 2 * width + out_channels
    expect(
        found - wanted not in (biases, biases + out_channels),
        "the convolutions have biases, which the normalizations take away again: bias=False",
    )
    expect(
        not changes or wanted - found != 2 * out_channels,
        "the projection has a normalization too",
    )
    expect(
        changes or found - wanted not in (projection, projection + 2 * out_channels),
        "where the shapes agree, the shortcut is the identity, without weights",
    )
    expect(
        found == wanted,
        f"{name} has {wanted:,} parameters, with a width of {width} inside; yours has {found:,}",
    )


def _expect_start_as_identity(block: nn.Module, x: Tensor) -> None:
    kept = x.clone()
    y = block(x)
    expect(torch.equal(x, kept), "your block changes its input: it adds to x in place")
    expect(
        are_close(y, x),
        "a fresh block should return x where x ≥ 0, for F(x) = 0; it is off by up to "
        f"{(y - x).abs().max():.2g}. Which layer of F comes last, and what does it multiply by?",
    )
    signed = x - 0.5
    expect(are_close(block(signed), signed.relu()), "a relu follows the sum: y = relu(F(x) + x)")


def _expect_learning(block: nn.Module, x: Tensor) -> None:
    for name, parameter in block.named_parameters():
        expect(parameter.requires_grad, f"{name} is frozen; all layers should learn")
    before = [parameter.detach().clone() for parameter in block.parameters()]
    target = torch.rand_like(block(x))
    for _ in range(3):
        step_downhill(block, (block(x) - target).square().mean(), 0.1)
    for (name, parameter), old in zip(block.named_parameters(), before, strict=True):
        expect(
            not torch.equal(parameter, old),
            f"after three steps {name} has not moved: two factors of zero wait for each other",
        )


def _expect_formula(
    block: nn.Module, x: Tensor, in_channels: int, out_channels: int, stride: int
) -> None:
    """Compare with the formula, all parameters drawn anew: equal ones for equal shapes."""
    width = out_channels // 4
    shapes = {
        (width, in_channels, 1, 1),
        (width, width, 3, 3),
        (out_channels, width, 1, 1),
        (out_channels, in_channels, 1, 1),
        (width,),
        (out_channels,),
    }
    drawn = {shape: torch.randn(shape) / 2 for shape in sorted(shapes)}
    with torch.no_grad():
        for name, parameter in block.named_parameters():
            expect(
                parameter.shape in drawn,
                f"{name} has shape {tuple(parameter.shape)}, which no layer of a bottleneck has",
            )
            parameter.copy_(drawn[tuple(parameter.shape)])
    y = block(x)

    def norm(h: Tensor) -> Tensor:
        scale = drawn[(h.shape[1],)]
        return F.batch_norm(h, None, None, scale, scale, training=True)

    def leave(h: Tensor) -> Tensor:
        return h

    def formula(act: Any = torch.relu, end: Any = leave, first_stride: int = 1) -> Tensor:
        inner = stride // first_stride
        h = act(norm(F.conv2d(x, drawn[width, in_channels, 1, 1], stride=first_stride)))
        h = act(norm(F.conv2d(h, drawn[width, width, 3, 3], stride=inner, padding=1)))
        h = end(norm(F.conv2d(h, drawn[out_channels, width, 1, 1])))
        if (in_channels, 1) == (out_channels, stride):
            return torch.relu(h + x)
        shortcut = F.conv2d(x, drawn[out_channels, in_channels, 1, 1], stride=stride)
        return torch.relu(h + norm(shortcut))

    expect(
        not are_close(y, formula(end=torch.relu), 1e-3),
        "your F ends in a relu, so that it can only add: end it with the normalization",
    )
    expect(
        not are_close(y, formula(act=leave), 1e-3),
        "between the convolutions of F the relus are missing: three linear layers are one",
    )
    # He et al. have the stride on the first convolution; the task, as torchvision, on the 3×3.
    expect(
        stride == 1 or not are_close(y, formula(first_stride=stride), 1e-3),
        "the stride is on the first convolution; the 3×3 convolution should have it",
    )
    expect(
        are_close(y, formula(), 1e-3),
        "with weights drawn at random your block differs from relu(F(x) + s(x))",
    )
    x = x.clone().requires_grad_()
    slopes = [torch.autograd.grad(each.square().sum(), x)[0] for each in (block(x), formula())]
    expect(
        are_close(slopes[0], slopes[1], 1e-3),
        "the output is right and the gradient is not: a part of your block is detached",
    )


EXERCISES = {
    "2.1.a": Exercise(
        check=_check_count,
        cases=_blocks,
        solution=count_parameters,
        hints=(
            "Which layers have parameters? Two convolutions, two normalizations, maybe a shortcut.",
            "A 3×3 convolution without bias has 9 · inputs · outputs weights; a normalization "
            "has 2 for each channel.",
            "When is the shortcut not the identity? There are two reasons, and either suffices.",
        ),
        praise="ResNet-18 is eight such blocks, a stem and a last layer.",
        kind="derive",
    ),
    "2.1.b": Exercise(
        check=_check_identity,
        changes=frozenset({"branch"}),
        solution=start_as_identity,
        hints=(
            "Which layer of F comes last, and what does it do to its input?",
            "norm2 multiplies by `norm2.weight` and adds `norm2.bias`. Which must be zero?",
            "Autograd forbids changing a parameter in place, except under `torch.no_grad()`.",
        ),
        praise="The sum passes x unchanged, and from the second step on every layer learns.",
        kind="write",
    ),
    "2.1.c": Exercise(
        check=_check_share,
        cases=_chains,
        solution=share_of_paths,
        hints=(
            "At each block a path chooses between two ways. How many paths choose the branch "
            "exactly k times?",
            "That number is the binomial coefficient, `math.comb(blocks, k)`.",
            "A path that takes no branch at all counts, and so does one of length `longest`.",
        ),
        praise="94 % of the paths of 50 blocks take 30 branches or fewer: many short paths.",
        kind="derive",
    ),
    "2.1.d": Exercise(
        check=_check_growth,
        is_value=True,
        solution=growth_of_the_gradient,
        hints=(
            "Into each block comes a gradient; out of it come that same gradient and the branch's "
            "share. How large is the share?",
            "The two are independent vectors in 256 dimensions, so nearly at right angles: think "
            "of Pythagoras.",
            "One block turns a norm of 1 into √2. What do two blocks make of it?",
        ),
        praise="Each block doubles the variance: 2¹⁶ in the square, 2⁸ = 256 in the norm. This is "
        "why deep residual networks start their branches at zero, or scale them down.",
        kind="predict",
    ),
    "2.1.e": Exercise(
        check=_check_diagnosis,
        solution=examine_block,
        hints=(
            "Find for each fault one thing that only it does: to x, to the sign of y, to y − x, "
            "to the gradient. Then order the tests so that none disturbs the next.",
            "Three of the four faults show in the forward pass, for x ≥ 0, under "
            "`torch.no_grad()`. Keep a copy of x to compare with.",
            "For the last, compare two slopes: that of autograd, and "
            "`(block(x + step) - block(x)) / step`, both summed over all numbers.",
        ),
        praise="A wrong gradient leaves every output right: only a difference quotient shows it.",
        kind="diagnose",
    ),
    "2.1.f": Exercise(
        check=_check_bottleneck,
        solution=Bottleneck,
        hints=(
            "Three convolutions: 1×1 down to out_channels // 4, 3×3, 1×1 up to out_channels, each "
            "with its normalization. Where do the relus go?",
            "Relus stand after the first two normalizations and after the sum. The stride belongs "
            "to the 3×3 convolution (or to the first), and to the projection.",
            "F(x) = 0 needs one factor of zero: of the last normalization, the weight; its bias "
            "is zero already.",
        ),
        praise="Deepen it: 16 of these, a stem and a last layer are a ResNet-50.",
        kind="write",
    ),
}

QUIZ = (
    Question(
        "The derivative of y = x + F(x) is I + ∂F/∂x. What follows for the gradient that reaches "
        "x?",
        (
            Answer(
                "It can never be smaller than the gradient that arrived from above at y.",
                "Where ∂F/∂x is close to −I the two terms cancel, and with F(x) = −x nothing is "
                "left of the gradient.",
            ),
            Answer(
                "It contains the gradient from above unchanged, plus what the branch passes on.",
                "The term I hands it through whatever the weights are; the branch can add to it "
                "or cancel part of it.",
                right=True,
            ),
            Answer(
                "It no longer depends on the branch.",
                "The term ∂F/∂x is the branch's part, and only where F is constant is it zero.",
            ),
        ),
    ),
    Question(
        "The branch is F(x) = W₂ relu(W₁ x), and both matrices start at zero, instead of W₂ only. "
        "What happens in training?",
        (
            Answer(
                "The branch stays zero for ever.",
                "The gradient of each factor is multiplied by the other, which is zero: neither "
                "can make the first move.",
                right=True,
            ),
            Answer(
                "The block starts as the identity, as before, and learns from the second step on.",
                "That holds for a single zero: its own gradient is not zero, so it leaves zero at "
                "the first step. Two in a row wait for each other.",
            ),
            Answer(
                "The gradient grows from block to block, and training diverges after some steps.",
                "A branch that gives zero adds nothing, neither to the signal nor to the gradient.",
            ),
        ),
    ),
    Question(
        "In a trained residual network of eight blocks, one block is replaced by the identity. How "
        "many of the 2⁸ paths are left, and what follows?",
        (
            Answer(
                "Half of them, so that half of the accuracy is lost.",
                "The count is right, but paths are not of equal worth: without the last block the "
                "networks of this page lost next to nothing, without the first nearly all.",
            ),
            Answer(
                "Half of them; how much is lost depends on which block it was.",
                "Every block lies on half of the paths, and yet the late blocks could be spared "
                "and the first one not: paths are of unequal worth.",
                right=True,
            ),
            Answer(
                "Seven of eight, because only the paths through a single block die.",
                "Each path chooses at all eight blocks, so half of all paths go through any one "
                "block.",
            ),
        ),
    ),
)
