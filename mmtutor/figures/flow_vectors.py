"""The fusions that combine vectors number by number: sum, MLP, gate, FiLM, residual."""

from IPython.display import HTML

from mmtutor.figures.flow import LAYER, LEFT, MIDDLE, RIGHT, TOP, WIDTH, Flow


def added() -> HTML:
    """Return the diagram of a `SumFusion`."""
    flow = Flow("Sum")
    image, text = flow.column(LEFT, TOP), flow.column(RIGHT, TOP)
    image.box("W_I", "image")
    text.box("W_T", "text")
    y = image.y + 25
    flow.arrow((LEFT, image.y), (LEFT, y), (MIDDLE - 11, y))
    flow.arrow((RIGHT, text.y), (RIGHT, y), (MIDDLE + 11, y))
    flow.plus(MIDDLE, y)
    flow.result(flow.column(MIDDLE, y + 11))
    return HTML(
        flow.svg(
            "Sum: h_I passes the linear map W_I, and h_T the linear map W_T; the two results, now "
            "of one size, are added, which gives z"
        )
    )


def shared() -> HTML:
    """Return the diagram of a `SharedRepresentation`."""
    flow = Flow("Concatenation, residual MLP")
    column = flow.concatenation(TOP + 28)
    column.box("W_0", "joint")
    start = column.y + 8
    flow.text(MIDDLE + 8, column.y + 19, "u", "start")
    column.gap = 24
    column.box("norm", "joint")
    column.gap = 12
    column.box("W_1, relu", "joint")
    column.box("W_2", "joint")
    y = column.plus()
    flow.arrow((MIDDLE, start), (182, start), (182, y), (MIDDLE + 11, y))
    column.box("relu", "joint")
    flow.result(column)
    return HTML(
        flow.svg(
            "Concatenation and a residual MLP: h_I and h_T are joined to one vector, which passes "
            "W_0 and is u; a branch of norm, W_1, relu and W_2 is added to u, and the relu of the "
            "sum is z"
        )
    )


def gated() -> HTML:
    """Return the diagram of a `GatedFusion`."""
    flow = Flow("Gate")
    gate = flow.concatenation(TOP + 28)
    image, text = flow.column(LEFT, TOP, 56), flow.column(RIGHT, TOP, 56)
    image.gap = text.gap = gate.y + gate.gap - TOP
    gate.width = 44
    for column, matrix, function, kind in (
        (image, "W_I", "tanh", "image"),
        (gate, "V", "σ", "joint"),
        (text, "W_T", "tanh", "text"),
    ):
        column.box(matrix, kind)
        column.gap = 12
        column.box(function, kind)
    y = gate.y + 28
    for column, share, x in ((image, "a", 80), (text, "1 − a", 140)):
        column.arrow(y - 11 - column.y)
        flow.times(column.x, y)
        side = 11 if column is image else -11
        flow.arrow((MIDDLE, gate.y), (MIDDLE, y), (column.x + side, y))
        flow.text(x, y - 6, share)
        flow.arrow((column.x, y + 11), (column.x, y + 34), (MIDDLE - side, y + 34))
    flow.plus(MIDDLE, y + 34)
    flow.result(flow.column(MIDDLE, y + 45))
    return HTML(
        flow.svg(
            "Gate: h_I passes W_I and tanh, h_T passes W_T and tanh. Both vectors, joined, also "
            "pass V and σ, which gives a share a between 0 and 1 for each number. The image's "
            "side is multiplied by a, the text's by 1 − a, element by element; their sum is z"
        )
    )


def film() -> HTML:
    """Return the diagram of a `FiLMFusion`."""
    flow = Flow("FiLM")
    image, text = flow.column(LEFT, TOP), flow.column(RIGHT, TOP)
    image.box("W", "image")
    text.box("V", "text")
    scale, shift = image.y + 32, image.y + 70
    image.arrow(scale - 11 - image.y)
    flow.times(LEFT, scale)
    flow.arrow((LEFT, scale + 11), (LEFT, shift - 11))
    flow.plus(LEFT, shift)
    flow.arrow((RIGHT, text.y), (RIGHT, scale), (LEFT + 11, scale))
    flow.arrow((RIGHT, scale), (RIGHT, shift), (LEFT + 11, shift))
    flow.text(MIDDLE + 4, scale - 7, "1 + γ")
    flow.text(MIDDLE + 4, shift - 7, "β")
    flow.result(flow.column(LEFT, shift + 11))
    return HTML(
        flow.svg(
            "FiLM: h_I passes W on a straight way down to z. h_T passes V, which gives two "
            "vectors, γ and β. The image's vector is multiplied by 1 + γ, element by element, "
            "and then β is added"
        )
    )


def residual() -> HTML:
    """Return the diagram of a `ResidualFusion`."""
    flow = Flow("Residual")
    flow.frame(6, TOP + 14, WIDTH - 12, 122)
    branch = TOP + 26
    image, query, text = (
        flow.column(LEFT, TOP, 44),
        flow.column(102, branch, 60),
        flow.column(RIGHT, TOP),
    )
    flow.line((LEFT, branch), (query.x, branch))
    image.gap = text.gap = branch + query.gap - TOP
    image.box("W", "image")
    query.box("W_q, tanh", "image")
    text.box("W_1, tanh", "text")
    text.gap = 14
    text.box("W_2, tanh", "text")
    product, total = text.y - LAYER / 2, text.y + 20
    query.arrow(product - 11 - query.y)
    flow.times(query.x, product)
    flow.arrow((RIGHT - 32, product), (query.x + 11, product))
    image.arrow(total - 11 - image.y)
    flow.plus(LEFT, total)
    flow.arrow((query.x, product + 11), (query.x, total), (LEFT + 11, total))
    flow.text(LEFT - 6, branch + 4, "H", "end")
    flow.text(162, total - 3, "repeated,", size=11)
    flow.text(162, total + 10, "own weights", size=11)
    column = flow.column(LEFT, total + 11)
    column.gap = 30
    flow.result(column)
    return HTML(
        flow.svg(
            "Residual: the image travels straight down through blocks, from h_I to z. In each "
            "block it passes W, and a product is added: H through W_q and tanh, times "
            " h_T through W_1, tanh, W_2 and tanh, element by element. Every block gets h_T "
            "again and has its own weights"
        )
    )
