"""Exercises of page 3.5, The video encoder."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from mmtutor.exercises.comparing import are_close, as_floats, as_number
from mmtutor.exercises.exercise import Exercise, expect

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
            "With M = 27 · in · out // (9 · in + 3 · out), it is frames · rows · columns · 9 · in "
            "· M, plus frames_left · rows · columns · 3 · M · out.",
        ),
        praise="With a stride it costs more than the whole convolution: the first step keeps "
        "all frames.",
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
    ),
}
