"""An encoder as a funnel: from layer to layer fewer positions and more channels."""

from collections.abc import Iterator, Sequence
from math import log2, prod
from typing import Any

from IPython.display import HTML
from torch import Tensor, nn

from mmtutor.figures.column import Column
from mmtutor.figures.svg import FILLS, Picture
from mmtutor.modes import evaluating

_WIDE, _NARROW = 160, 16  # of the funnel: for the most positions, and for a single one
_LOW, _HIGH = 18, 60  # of a layer: for no channels, and for the most
_GAP = 32  # of an arrow, with the shape beside it
_MIDDLE, _NAMES, _WIDTH = 88, 182, 340  # of the funnel; left edge of the names; of the picture

_MODALITIES = {"ImageResNet": "_I", "TextResNet": "_T", "AudioResNet": "_A", "VideoResNet": "_V"}
_BLOCKS = {
    "PlainBlock": "plain block",
    "ResidualBlock": "residual block",
    "PreActivationBlock": "pre-activation block",
}


def encoder(module: nn.Module, example: Tensor) -> HTML:
    """Return the diagram of an encoder, with the shape of an example on every arrow.

    A layer narrows from the number of positions that enter to the number that leave, on a
    logarithmic scale, and is higher the more channels leave. Those without weights have no color.

    Args:
        module: one of the encoders of `mmtutor.encoders`; it stays as it was.
        example: what it takes, `(batch, …)`; the shapes leave the batch out.
    """
    name = type(module).__name__
    layers = list(_layers(module))
    shapes = _shapes(module, [layer for *_, layer in layers], example)
    labels = [label for *label, _ in layers] + [["mean", "over all positions", ""]]
    positions = [prod(shape[1:]) for shape in shapes]
    positions[0] = max(positions[:2])  # ids and samples have no axis for channels
    widths = [_NARROW + (_WIDE - _NARROW) * log2(n) / log2(max(*positions, 2)) for n in positions]
    most = max(shape[0] for shape in shapes[1:])
    heights = [round(_LOW + (_HIGH - _LOW) * shape[0] / most) for shape in shapes[1:]]

    picture = Picture(_WIDTH, 70 + sum(heights) + _GAP * len(shapes), font=12, formulas=True)
    column = Column(picture, _MIDDLE, 22, gap=_GAP)
    picture.text(_NAMES, 16, name, "start")
    picture.text(_MIDDLE, 16, f"x{_MODALITIES.get(name, '')}")
    for number, (label, height) in enumerate(zip(labels, heights, strict=True)):
        _arrow(column, shapes[number])
        _funnel(column, widths[number], widths[number + 1], height, *label)
    _arrow(column, shapes[-1])
    picture.text(_MIDDLE, column.y + 14, f"h{_MODALITIES.get(name, '')}")
    note = "width: positions (log scale) · height: channels"
    picture.text(_WIDTH / 2, picture.height - 8, note, size=11)
    return HTML(picture.svg(_in_words(name, labels, shapes)))


def _layers(module: nn.Module) -> Iterator[tuple[str, str, str, nn.Module]]:
    """Yield the layers before the pooling: a name, what is inside, a kind of box, the module."""
    parts: dict[str, Any] = dict(module.named_children())
    if sound := parts.get("spectrogram"):
        yield "log spectrogram", f"window {sound.window}, hop {sound.hop}", "", sound
    if embedding := parts.get("embedding"):
        yield "embedding", f"of {embedding.num_embeddings} ids", "conv", embedding
    if stem := parts.get("stem"):
        conv = next(layer for layer in stem.modules() if hasattr(layer, "kernel_size"))
        pool = ", max pooling" if stem.pool is not None else ""
        yield f"stem{_stride(conv.stride)}", f"conv {_times(conv.kernel_size)}{pool}", "conv", stem
    for number, stage in enumerate(parts.get("stages", []), start=1):
        inside = f"{len(stage)} {_kind(stage[0])}{'s' if len(stage) > 1 else ''}"
        yield f"stage {number}{_stride([stage[0].stride])}", inside, "conv", stage
    for number, block in enumerate(parts.get("blocks", []), start=1):
        conv = next(layer for layer in block.modules() if hasattr(layer, "dilation"))
        yield f"block {number}, dilation {conv.dilation[0]}", _kind(block), "conv", block
    if last := parts.get("last"):
        yield "norm, relu", "", "norm", last


def _kind(block: nn.Module) -> str:
    return _BLOCKS.get(type(block).__name__, "block")


def _stride(steps: Sequence[int]) -> str:
    if max(steps) == 1:
        return ""
    return f", stride {_times(steps) if len(set(steps)) > 1 else steps[0]}"


def _times(sizes: Sequence[int], sign: str = "×") -> str:
    return sign.join(map(str, sizes))


def _shapes(module: nn.Module, layers: list[nn.Module], example: Tensor) -> list[tuple[int, ...]]:
    """Return what enters each layer and the pooling, and what leaves, without the batch."""
    entered: list[tuple[int, ...]] = []

    def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        entered.append(tuple(inputs[0].shape[1:]))

    hooks = [layer.register_forward_pre_hook(note) for layer in layers]
    try:
        with evaluating(module):
            features = module(example)
            pooled = module.feature_map(example)  # type: ignore[operator]
    finally:
        for hook in hooks:
            hook.remove()
    return [*entered[: len(layers)], tuple(pooled.shape[1:]), tuple(features.shape[1:])]


def _arrow(column: Column, shape: tuple[int, ...]) -> None:
    """Draw an arrow with a shape beside it."""
    column.arrow()
    column.picture.text(column.x + 9, column.y - _GAP / 2 + 4, _times(shape, " × "), "start")


def _funnel(
    column: Column, above: float, below: float, height: int, name: str, inside: str, kind: str
) -> None:
    """Draw a layer that narrows, and its name on the right."""
    x, y, end = column.x, column.y, column.y + height
    corners = [(x - above / 2, y), (x + above / 2, y), (x + below / 2, end), (x - below / 2, end)]
    points = " ".join(f"{x:.4g},{y:.4g}" for x, y in corners)
    fill = FILLS.get(kind, "none")
    column.picture.elements.append(
        f'<polygon points="{points}" fill="{fill}" fill-opacity="0.3" '
        f'stroke="{fill if kind else "currentColor"}" stroke-linejoin="round"/>'
    )
    middle = y + height / 2
    column.picture.text(_NAMES, middle - 3 if inside else middle + 4, name, "start")
    if inside:
        column.picture.text(_NAMES, middle + 11, inside, "start", size=11)
    column.y = end


def _in_words(name: str, labels: list[list[str]], shapes: list[tuple[int, ...]]) -> str:
    steps = [
        f"{name}{f' ({inside})' if inside else ''} → {_times(shape, ' × ')}"
        for (name, inside, _), shape in zip(labels, shapes[1:], strict=True)
    ]
    return (
        f"{name} from top to bottom, with shapes without the batch: {_times(shapes[0], ' × ')} → "
        f"{' → '.join(steps)}. The layers are drawn as a funnel: the fewer positions, the "
        "narrower; the more channels, the higher"
    )
