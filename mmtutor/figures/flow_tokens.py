"""The fusions in which tokens of the modalities exchange by attention."""

from IPython.display import HTML

from mmtutor.figures.column import Column
from mmtutor.figures.flow import LAYER, LEFT, MIDDLE, RIGHT, TOP, WIDTH, Flow

_TOKEN, _SPACE = (9, 16), 3  # size of a token, and the space to the next one
_SIDES = ((LEFT, "image", "I", 1), (RIGHT, "text", "T", -1))  # 1: the other one is on the right


def attention() -> HTML:
    """Return the diagram of a `CrossAttentionFusion`."""
    flow = Flow("Cross-attention")
    image, text = _tokens(flow)
    above, asked = image.y, image.y + 40  # where tokens end, and where the attention begins
    flow.text(MIDDLE, above + 11, "k, v")
    flow.cells(MIDDLE, asked + 2, (1, "joint"), size=_TOKEN)
    flow.text(MIDDLE, asked + 32, "null", size=11)
    for column, (x, kind, letter, way) in zip((image, text), _SIDES, strict=True):
        flow.arrow((x + 22 * way, above + 3), (WIDTH - x - 20 * way, asked))
        flow.arrow((MIDDLE - 6 * way, asked + 10), (x + 33 * way, asked + 10))
        flow.text(x - 7 * way, above + 27, "q", "end" if way > 0 else "start")
        for layer, gap in (("attention", 40), ("MLP", 18)):
            start = (x, column.y + 7)
            column.box(layer, kind, gap=gap)
            y = column.plus(gap=10)
            outside = x - 38 * way
            flow.arrow(start, (outside, start[1]), (outside, y), (x - 11 * way, y))
        flow.text(x + 8 * way, column.y + 16, f"Y_{letter}", "start" if way > 0 else "end")
    return _mean(
        flow,
        image,
        text,
        "Cross-attention: linear maps turn h_I into four tokens X_I, and h_T into four tokens "
        "X_T. The image's tokens ask (queries q) those of the text, which give keys and values "
        "(k, v), and the other way round; both may also attend to one learned null token. A "
        "shortcut adds X to the answer; an MLP with another shortcut makes the tokens Y_I and "
        "Y_T, and their mean is z",
    )


def bottleneck() -> HTML:
    """Return the diagram of a `BottleneckFusion` with two layers."""
    flow = Flow("Bottleneck tokens")
    image, text = _tokens(flow)
    flow.text(MIDDLE, image.y - 22, "B")
    flow.cells(MIDDLE, image.y - _TOKEN[1], (2, "joint"), size=_TOKEN, space=_SPACE)
    _layer(flow, image, text)
    y = image.y + 14
    for way in (1, -1):
        flow.arrow((MIDDLE - 34 * way, image.y), (MIDDLE - 34 * way, y), (MIDDLE - 20 * way, y))
    flow.box(MIDDLE, y - LAYER / 2, "mean", "joint", 40, LAYER)
    mean = flow.column(MIDDLE, y + LAYER / 2)
    mean.arrow()
    flow.text(MIDDLE + 14, mean.y + 12, "B'", "start")
    flow.cells(MIDDLE, mean.y, (2, "joint"), size=_TOKEN, space=_SPACE)
    for column, (x, kind, *_) in zip((image, text), _SIDES, strict=True):
        column.arrow(mean.y - column.y)
        flow.cells(x, column.y, (4, kind), size=_TOKEN, space=_SPACE)
        column.y += _TOKEN[1]
    _layer(flow, image, text)
    return _mean(
        flow,
        image,
        text,
        "Bottleneck tokens: linear maps turn h_I and h_T into four tokens each; between them are "
        "two learned tokens B. In the first layer, a transformer of the image reads its own "
        "tokens and B, another one those of the text and B. Each returns new tokens of its own "
        "and a new B; the mean of the two is B'. In the second layer each reads its own tokens "
        "and B', so only now something of the other. The mean of all tokens of both is z",
    )


def _layer(flow: Flow, image: Column, text: Column) -> None:
    """Draw a transformer for each modality, below its tokens and those that they share."""
    y = image.y
    for column, (_, kind, _, way) in zip((image, text), _SIDES, strict=True):
        column.arrow(24)
        start, inner = MIDDLE - 6 * way, MIDDLE - 22 * way
        flow.arrow((start, y), (start, y + 9), (inner, y + 9), (inner, y + 24))
        flow.box(MIDDLE - 56 * way, column.y, "transformer", kind, 94, LAYER)
        column.y += LAYER


def _tokens(flow: Flow) -> tuple[Column, Column]:
    """Draw a linear map to four tokens for each modality; return the columns below them."""
    columns: list[Column] = []
    for x, kind, letter, way in _SIDES:
        column = flow.column(x, TOP)
        column.box(f"W_{letter}", kind)
        column.arrow()
        flow.cells(x, column.y, (4, kind), size=_TOKEN, space=_SPACE)
        column.y += _TOKEN[1]
        flow.text(x + 26 * way, column.y - 4, f"X_{letter}", "start" if way > 0 else "end")
        columns.append(column)
    return columns[0], columns[1]


def _mean(flow: Flow, image: Column, text: Column, words: str) -> HTML:
    """Draw z as the mean of what both columns end with."""
    y = image.y + 30
    flow.arrow((LEFT, image.y), (LEFT, y), (MIDDLE - 30, y))
    flow.arrow((RIGHT, text.y), (RIGHT, y), (MIDDLE + 30, y))
    flow.box(MIDDLE, y - LAYER / 2, "mean", "joint", 60, LAYER)
    flow.result(flow.column(MIDDLE, y + LAYER / 2))
    return HTML(flow.svg(words))
