"""Exercises of page 3.5, The video encoder."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtutor.exercises.comparing import are_close, as_floats, as_number
from mmtutor.exercises.exercise import Exercise, expect
from mmtutor.exercises.forbidding import expect_no_look_inside
from mmtutor.exercises.prediction import compare_prediction
from mmtutor.exercises.question import Answer, Question

_Shape = tuple[int, int, int]


def multiplications(in_channels: int, out_channels: int, shape: _Shape, stride: int) -> int:
    frames, height, width = shape
    middle = 27 * in_channels * out_channels // (9 * in_channels + 3 * out_channels)
    rows, columns = -(-height // stride), -(-width // stride)
    space = frames * rows * columns * 9 * in_channels * middle
    time = -(-frames // stride) * rows * columns * 3 * middle * out_channels
    return space + time


def _check_multiplications(answer: Callable[[int, int, _Shape, int], int]) -> None:
    plain, weights = as_number(answer(8, 8, (4, 6, 5), 1)), 1728
    expect(plain != weights, "those are the weights; each is used once at every output position")
    expect(plain != 120 * 27 * 8 * 8 * 2, "count multiplications, not additions too")
    expect(plain == 120 * weights, f"(8, 8, (4, 6, 5), 1) takes 207,360, not {plain:,.10g}")
    rounded = as_number(answer(8, 16, (4, 6, 5), 1))
    expect(
        rounded != 120 * 27 * 8 * 16,
        "(8, 16, (4, 6, 5), 1) takes 403,200, not 414,720: M is rounded down, to 28",
    )
    expect(
        rounded == 120 * 28 * (9 * 8 + 3 * 16),
        f"(8, 16, (4, 6, 5), 1) takes 403,200, not {rounded:,.10g}",
    )
    strided = as_number(answer(8, 16, (4, 6, 5), 2))
    positions = 3 * 3  # rows and columns after the stride
    expect(
        strided != 2 * positions * 28 * (9 * 8 + 3 * 16),
        "the convolution in space does not step in time: it runs on all four frames",
    )
    expect(
        strided != 28 * (120 * 9 * 8 + 2 * positions * 3 * 16),
        "the convolution in space steps over rows and columns: three of each are left",
    )
    expect(
        strided != 28 * (4 * positions * 9 * 8 + 4 * positions * 3 * 16),
        "the convolution in time steps over frames: two are left",
    )
    expect(
        strided != 28 * (4 * 3 * 2 * 9 * 8 + 2 * 3 * 2 * 3 * 16),
        "sizes are rounded up: of 5 columns, a stride of 2 keeps 3",
    )
    expected = multiplications(8, 16, (4, 6, 5), 2)
    expect(
        strided == expected,
        f"(8, 16, (4, 6, 5), 2) takes {expected:,}, not {strided:,.10g}",
    )


def _shapes() -> Iterator[tuple[int, int, _Shape, int]]:
    for shape in ((7, 9, 9), (1, 1, 1), (3, 8, 5), (16, 4, 10)):
        for stride in (1, 2, 3):
            yield 3, 64, shape, stride
            yield 16, 7, shape, stride


def frame_average(encoder: nn.Module, videos: Tensor, lengths: Tensor) -> Tensor:
    frames = videos.transpose(1, 2).flatten(0, 1)
    features = encoder(frames).unflatten(0, (len(videos), -1))
    real = torch.arange(videos.shape[2]) < lengths[:, None]
    total = torch.where(real[:, :, None], features, 0.0).sum(dim=1)
    return total / lengths[:, None]


class _Corners(nn.Module):
    """Features of a picture `(batch, 2, 4, 4)` that tell its channels and its sides apart.

    They are not linear, as those of a network: the features of a mean are not the mean of features.
    """

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4 or x.shape[1:] != (2, 4, 4):
            raise ValueError(f"the encoder takes pictures (batch, 2, 4, 4), got {tuple(x.shape)}")
        corners = torch.stack([x[:, 0, 0, 0], x[:, 1, 0, 0], x[:, 0, 0, 3]], dim=1)
        return corners + 4 * corners.square()


def _check_average(answer: Callable[[nn.Module, Tensor, Tensor], Tensor]) -> None:
    generator = torch.Generator().manual_seed(0)
    videos = torch.rand(3, 2, 4, 4, 4, generator=generator)
    encoder, whole = _Corners(), torch.tensor([4, 4, 4])
    features = torch.stack([encoder(videos[:, :, frame]) for frame in range(4)], dim=1)
    given = as_floats(answer(encoder, videos, whole))
    expect(
        given.shape == (3, 3),
        f"return one row of features for each video, here (3, 3); got {tuple(given.shape)}",
    )
    mixed = encoder(videos.reshape(12, 2, 4, 4)).reshape(3, 4, 3).mean(dim=1)
    expect(
        not are_close(given, encoder(videos.mean(dim=2))),
        "you average the pictures, and encode the mean; average the features of each frame",
    )
    expect(
        not are_close(given, mixed),
        "your pictures mix frames and channels: reshape counts in the order of the axes, so "
        "transpose them first",
    )
    shuffled = features.transpose(0, 1).reshape(3, 4, 3).mean(dim=1)
    expect(
        not are_close(given, shuffled),
        "you average over frames of different videos: keep the frames of a video together",
    )
    expect(are_close(given, features.mean(dim=1)), "wrong even where all frames are real")
    lengths = torch.tensor([4, 1, 3])
    expected = torch.stack([row[:n].mean(dim=0) for row, n in zip(features, lengths, strict=True)])
    given = as_floats(answer(encoder, videos, lengths))
    expect(
        not are_close(given, features.mean(dim=1)),
        "the padding counts: with lengths (4, 1, 3) the answer is that of (4, 4, 4)",
    )
    counted = expected * lengths[:, None] / 4
    expect(
        not are_close(given, counted),
        "you divide by all frames; divide the sum by the number of real ones",
    )
    expect(are_close(given, expected), "wrong where some frames are padding")
    padding = (torch.arange(4) >= lengths[:, None])[:, None, :, None, None]
    expect(
        are_close(answer(encoder, videos.masked_fill(padding, torch.nan), lengths), expected),
        "padding may be nan, and 0 · nan is nan: choose with torch.where instead of multiplying",
    )


def _videos() -> Iterator[tuple[nn.Module, Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    for batch, channels, frames, side in ((1, 1, 1, 2), (4, 3, 5, 3), (2, 3, 2, 4)):
        encoder = nn.Sequential(nn.Flatten(), nn.Linear(channels * side**2, 6), nn.ReLU())
        with torch.no_grad():
            for parameter in encoder.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
        videos = torch.randn(batch, channels, frames, side, side, generator=generator)
        lengths = torch.randint(1, frames + 1, (batch,), generator=generator)
        padding = (torch.arange(frames) >= lengths[:, None])[:, None, :, None, None]
        yield encoder, videos, lengths
        yield encoder, videos.masked_fill(padding, torch.nan), lengths


def accuracy_of_the_average() -> float:
    generator = torch.Generator().manual_seed(0)
    shares = torch.tensor([0.4, 0.1, 0.25, 0.25])  # of left, right, up and down
    steps = torch.tensor([[0, -1], [0, 1], [-1, 0], [1, 0]])

    def draw(clips: int) -> tuple[Tensor, Tensor]:
        direction = torch.multinomial(shares, clips, replacement=True, generator=generator)
        starts = torch.randint(8, (clips, 1, 2), generator=generator)
        places = (starts + torch.arange(4)[:, None] * steps[direction][:, None]) % 8
        # A dot in four frames: rows and columns of each frame as ones, averaged over the frames.
        return F.one_hot(places, 8).float().mean(dim=1).flatten(1), direction

    (x, y), (fresh, truth) = draw(3000), draw(4000)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 4))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(200):
        optimizer.zero_grad()
        F.cross_entropy(network(x), y).backward()
        optimizer.step()
    return (network(fresh).argmax(dim=1) == truth).float().mean().item()


def _check_prediction(answer: Any) -> str:
    return compare_prediction(
        "3.5.c",
        answer,
        accuracy_of_the_average,
        right_within=0.03,
        mistakes={
            0.5: "One half is right where all directions are equally frequent. Here left is not as "
            "frequent as right: what will the network say when it sees a row?",
            0.4: "To say left always is right in 40 % of the clips. But the network sees whether "
            "the dot moved along a row or along a column.",
            0.25: "The order is lost, not everything: the average shows where the dot has been.",
            1.0: "That would need the order of the frames, which an average does not have.",
            0.45: "That is half of the rows and 25 of the columns, or the other way round: in a "
            "row, would you guess left and right equally often?",
        },
        otherwise="The average shows the axis. Which of its two directions is the better guess, "
        "and how often is that right, for a row and for a column?",
        highest=1,
    )


Encode = Callable[[Tensor], Tensor]
FAULTS = ("healthy", "videos mixed", "blind to order", "blind to direction", "frame lost")


def faulty_encoder(fault: str, features: int, seed: int) -> Encode:
    """Return a small random video encoder, videos of one channel to features, with one fault."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(features, 1, 3, 3, 3, generator=generator, dtype=torch.float64)
    if fault == "blind to order":
        weight[:, :, [0, 2]] = 0
    if fault == "blind to direction":
        weight = weight + weight.flip(2)

    def encode(videos: Tensor) -> Tensor:
        x = videos.double()
        if fault == "frame lost":
            lost = seed % x.shape[2]
            x = x[:, :, [t for t in range(x.shape[2]) if t != lost]]
        h = F.conv3d(x, weight, padding=1)
        if fault == "videos mixed":  # batch normalization that was left in training mode
            axes = (0, 2, 3, 4)
            h = (h - h.mean(axes, keepdim=True)) / h.std(axes, keepdim=True)
        return h.relu().mean(dim=(2, 3, 4))

    return encode


def examine_video_encoder(encode: Encode, videos: Tensor) -> str:
    h = encode(videos)
    if not torch.allclose(encode(videos[:1]), h[:1]):
        return "videos mixed"
    # The order first: who is blind to it is blind to the direction as well.
    if torch.allclose(encode(videos.roll(1, dims=2)), h):
        return "blind to order"
    if torch.allclose(encode(videos.flip(2)), h):
        return "blind to direction"
    for frame in range(videos.shape[2]):
        changed = videos.clone()
        changed[:, :, frame] = 1 - changed[:, :, frame]
        if torch.allclose(encode(changed), h):
            return "frame lost"
    return "healthy"


_OVERLOOKED = {
    "healthy": "It depends on every frame and on their order, and on no other video",
    "videos mixed": "The first video alone gets other features than in its batch",
    "blind to order": "The frames in any other order give the same features",
    "blind to direction": "Backwards it gives the same features, in most other orders it does not",
    "frame lost": "One frame may be anything: try each of them, not only the first or the last",
}


def _check_examination(answer: Callable[[Encode, Tensor], str]) -> None:
    expect_no_look_inside(answer)
    for seed, (features, frames) in enumerate([(4, 4), (6, 5), (9, 7), (5, 6)]):
        generator = torch.Generator().manual_seed(seed)
        videos = torch.rand(5, 1, frames, 6, 6, generator=generator, dtype=torch.float64)
        for fault in FAULTS:
            found = answer(faulty_encoder(fault, features, seed), videos)
            expect(
                isinstance(found, str) and found in FAULTS,
                f"return one of {', '.join(FAULTS)}; got {found!r}",
            )
            expect(
                found == fault,
                f'an encoder was called "{found}" that is "{fault}". {_OVERLOOKED[fault]}',
            )


def split_kernel(W: Tensor) -> tuple[Tensor, Tensor]:
    after, before, k = W.shape[:3]
    # A row for each output channel and time, a column for each input channel and place.
    matrix = W.permute(0, 2, 1, 3, 4).reshape(after * k, before * k * k)
    U, S, V = torch.linalg.svd(matrix, full_matrices=False)
    M = int((S > 1e-5 * S[0]).sum())
    time = (U[:, :M] * S[:M]).reshape(after, k, M).transpose(1, 2)[..., None, None]
    space = V[:M].reshape(M, before, 1, k, k)
    return space, time


def _kernel(sizes: tuple[int, int], k: int, between: int, seed: int) -> Tensor:
    """Return a random kernel that can be split with so many channels between."""
    generator = torch.Generator().manual_seed(seed)
    before, after = sizes
    time = torch.randn(after, between, k, generator=generator, dtype=torch.float64)
    space = torch.randn(between, before, k, k, generator=generator, dtype=torch.float64)
    return torch.einsum("oma,mibc->oiabc", time, space)


def _check_split(answer: Callable[[Tensor], tuple[Tensor, Tensor]]) -> None:
    for sizes, k, between, seed in (
        ((2, 3), 3, 9, 0),
        ((1, 4), 3, 9, 1),
        ((3, 2), 3, 2, 2),
        ((2, 2), 5, 3, 3),
    ):
        W = _kernel(sizes, k, between, seed)
        before, after = sizes
        pair = answer(W)
        expect(
            isinstance(pair, tuple | list) and len(pair) == 2,
            "return two tensors, the weights in space and those in time",
        )
        space, time = as_floats(pair[0]), as_floats(pair[1])
        M = space.shape[0] if space.ndim else 0
        wanted = (M, before, 1, k, k), (after, M, k, 1, 1)
        got = tuple(space.shape), tuple(time.shape)
        turned = time.shape[0] if time.ndim else 0
        expect(
            got != ((after, turned, k, 1, 1), (turned, before, 1, k, k)),
            "first the weights in space, then those in time: you return them the other way round",
        )
        expect(
            got == wanted,
            f"for W of shape {tuple(W.shape)} and {M} channels between, the shapes are {wanted[0]} "
            f"and {wanted[1]}; got {got[0]} and {got[1]}",
        )
        _expect_product(W, space[:, :, 0], time[..., 0, 0])
        expect(
            M <= between,
            f"right, but with {M} channels between, and for this kernel {between} are enough: "
            "how many singular values are not 0?",
        )


def _expect_product(W: Tensor, space: Tensor, time: Tensor) -> None:
    got = torch.einsum("oma,mibc->oiabc", time, space)
    after, before, k = W.shape[:3]
    mixed = W.reshape(after, k, before, k, k).transpose(1, 2)
    expect(
        not are_close(got, mixed) or are_close(W, mixed),
        "you mix the axes: W is (out, in, time, row, column), and reshape counts in this order; "
        "bring time next to out first",
    )
    matrix = W.permute(0, 2, 1, 3, 4).reshape(after * k, -1)
    U, S, V = torch.linalg.svd(matrix, full_matrices=False)
    rank = int((S > 1e-5 * S[0]).sum())

    def kernel(scale: Tensor, kept: int) -> Tensor:
        product = (U[:, :kept] * scale[:kept]) @ V[:kept]
        return product.reshape(after, k, before, k, k).transpose(1, 2)

    for kept in {rank, len(S)}:
        expect(
            not are_close(got, kernel(torch.ones_like(S), kept)),
            "the singular values are lost: multiply one of the two sides by them",
        )
        expect(
            not are_close(got, kernel(S.square(), kept)),
            "the singular values count twice: multiply only one of the two sides by them",
        )
    expect(
        not any(are_close(got, kernel(S, kept)) for kept in range(rank)),
        "too few channels between: what you leave out is not 0. The count of (2+1)D matches "
        "weights, not functions",
    )
    x = torch.rand(2, before, k + 1, k + 2, k + 1, generator=torch.Generator().manual_seed(9))
    one, two = space[:, :, None], time[..., None, None]
    expect(
        are_close(F.conv3d(F.conv3d(x.double(), one), two), F.conv3d(x.double(), W)),
        "the two convolutions, one after the other, do not give what W gives",
    )


EXERCISES = {
    "3.5.a": Exercise(
        check=_check_multiplications,
        cases=_shapes,
        solution=multiplications,
        hints=(
            "Each weight is used once at every output position. How many positions does each "
            "of the two convolutions have?",
            "The one in space keeps all frames and thins rows and columns; the one in time then "
            "thins the frames. A stride s leaves ceil(n / s) of n.",
            "The one in space has 9 · in · M weights and sees frames · rows_left · columns_left "
            "positions, where M is the whole number that the page's formula gives. Write the other "
            "one in the same way.",
        ),
        praise="With a stride it costs more than the whole convolution: the first step keeps "
        "all frames.",
        kind="derive",
    ),
    "3.5.b": Exercise(
        check=_check_average,
        cases=_videos,
        gradients=frozenset({"videos"}),
        solution=frame_average,
        hints=(
            "Make one large batch of pictures. Which two axes have to stand side by side?",
            "`videos.transpose(1, 2).flatten(0, 1)` gives the pictures, and "
            "`.unflatten(0, (len(videos), -1))` on their features gives the frames back.",
            "`real = torch.arange(frames) < lengths[:, None]`; take `torch.where(real[:, :, None], "
            "features, 0.0)`, sum over the frames, and divide by the lengths.",
        ),
        praise="A video of one frame gets the features of that frame, whatever follows it.",
        kind="write",
    ),
    "3.5.c": Exercise(
        check=_check_prediction,
        is_value=True,
        solution=accuracy_of_the_average,
        hints=(
            "What does the average show of the way that the dot went, and what not?",
            "It shows whether the dot moved along a row or along a column. Of each pair of "
            "directions the network has to choose one.",
            "In a row, left is four times as frequent as right; so it answers left, and is right "
            "in 40 of 50 rows. What about the columns?",
        ),
        praise="The network knows the axis, and takes the more frequent direction of the two. A "
        "bound holds for one distribution of the labels, and has to be computed anew for another.",
        kind="predict",
    ),
    "3.5.d": Exercise(
        check=_check_examination,
        solution=examine_video_encoder,
        hints=(
            "Call the encoder again with one thing changed: another order of the frames, one "
            "frame replaced, one video alone. When must the features stay the same?",
            "`videos.flip(2)` plays the videos backwards, `videos.roll(1, dims=2)` puts the last "
            "frame first. An average over frames notices neither.",
            "A kernel that treats before and after alike notices the second and not the first. To "
            "find a lost frame, replace each frame in turn, in a copy.",
        ),
        praise="Each of these encoders trains without an error message; four calls tell them "
        "apart.",
        kind="diagnose",
    ),
    "3.5.e": Exercise(
        check=_check_split,
        solution=split_kernel,
        hints=(
            "The kernel of both steps together is the sum over the channels between, "
            "time[o, m, a] · space[m, i, b, c]. Read it as a product of two matrices.",
            "One matrix has a row for each pair (o, a) and a column for each m, the other a row "
            "for each m and a column for each (i, b, c). So W, its axes permuted, is a matrix that "
            "is to be split into a thin one and a flat one.",
            "`torch.linalg.svd(matrix, full_matrices=False)` gives U, S and V with matrix = "
            "U · diag(S) · V. Keep the singular values that are not 0, up to rounding, and bring "
            "both sides into their shapes.",
        ),
        praise="Any kernel of size 3 can be split so with min(9 · in, 3 · out) channels between: "
        "192 for 64 → 64. (2+1)D has 144, and a relu between them, so it is not the same function "
        "in two steps, but another one of the same size.",
        kind="write",
    ),
}


QUIZ = (
    Question(
        "A network averages the features of single frames, and three more layers follow. It is "
        "trained on the four directions of this page, with any number of videos. Which accuracy "
        "can it not exceed?",
        (
            Answer(
                "One quarter, since no frame shows where the digit moves.",
                "No single frame does, but the set of all frames shows along which axis.",
            ),
            Answer(
                "One half, since a video and its reverse get the same answer.",
                "Both are equally likely, and the answer is right for one of the two at most.",
                right=True,
            ),
            Answer(
                "None: the three layers can learn from the average what came first.",
                "The average is the same for every order, so there is nothing left to learn from.",
            ),
        ),
    ),
    Question(
        "In every kernel of a 3-D network, the first and the last of three slices are equal. The "
        "strides are 1, and at the end stands a mean over all positions. What does it not notice?",
        (
            Answer(
                "Whether something moves at all, since equal slices cancel each other.",
                "Equal slices add up: what moves gives another sum than what stands still.",
            ),
            Answer(
                "How far something moves from one frame to the next.",
                "A larger step changes what lies under the slices, forwards as well as backwards.",
            ),
            Answer(
                "Whether the video is played forwards or backwards.",
                "Backwards, its responses are the same ones in reverse order, with the same mean.",
                right=True,
            ),
        ),
    ),
    Question(
        "A (2+1)D convolution gets as many channels between its two steps as the formula says. "
        "What does it have in common with the 3-D convolution that it replaces?",
        (
            Answer(
                "About the same number of weights, by the choice of these channels.",
                "That is what the formula was solved for; rounding down loses a little.",
                right=True,
            ),
            Answer(
                "The functions that it can compute, since space and time are independent.",
                "Between the steps stand a relu and fewer channels than an exact copy needs.",
            ),
            Answer(
                "The number of multiplications, whatever the stride.",
                "With a stride it needs more: the step in space still runs on all frames.",
            ),
        ),
    ),
)
