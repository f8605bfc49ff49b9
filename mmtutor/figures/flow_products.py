"""The fusions that multiply each number of one modality with each of the other."""

from IPython.display import HTML

from mmtutor.figures.flow import CELL, LEFT, MIDDLE, RIGHT, TOP, WIDTH, Flow


def tensor() -> HTML:
    """Return the diagram of a `TensorFusion`."""
    flow = Flow("Tensor")
    middle, top = RIGHT - 5, TOP + 52  # of the table of products
    flow.arrow((RIGHT, TOP), (RIGHT, top - 26))
    flow.cells(middle, top - 26, (3, "text"), (1, ""))
    beside = middle - 4 * CELL
    flow.arrow((LEFT, TOP), (LEFT, top + 3 * CELL), (beside - CELL / 2 - 1, top + 3 * CELL))
    flow.cells(beside, top, (5, "image"), (1, ""), upright=True)
    flow.times(beside, top - 21, "⊗")
    for row in range(5):
        flow.cells(middle, top + CELL * row, (3, "joint"), (1, "image"))
    flow.cells(middle, top + 5 * CELL, (3, "text"), (1, ""))
    column = flow.column(middle, top + 6 * CELL)
    flow.text(column.x + 9, column.y + 15, "vec", "start")
    column.gap = 22
    column.box("W", "joint")
    column.gap = 14
    flow.result(column)
    return HTML(
        flow.svg(
            "Tensor: to h_I, five numbers, a 1 is appended, and to h_T, three numbers, another. "
            "Their outer product ⊗ is a table of six rows and four columns: fifteen products of "
            "a number of the image and one of the text, the image's five numbers, the text's "
            "three, and a 1. The table, as one vector (vec), passes W, which gives z"
        )
    )


def low_rank() -> HTML:
    """Return the diagram of a `LowRankFusion`."""
    flow = Flow("Low rank")
    x, y, wide, high = 8, TOP + 46, WIDTH - 20, 86  # the first of some sheets, one for each rank
    for back in (8, 4, 0):
        left, top, right, foot = x + back, y - back, x + back + wide, y - back + high
        hull = [(left, top), (right, top), (right, foot)]
        # Of the sheets behind, only what stands out is seen.
        seen = [(left, top + 4), *hull, (right - 4, foot)] if back else [*hull, (x, foot), (x, y)]
        flow.line(*seen)
    product = y + 60
    sides = ((LEFT, 5, "image", "W_I^(i)", -11), (RIGHT, 3, "text", "W_T^(i)", 11))
    for middle, size, kind, matrix, side in sides:
        flow.arrow((middle, TOP), (middle, TOP + 14))
        flow.cells(middle + CELL / 2, TOP + 14, (size, kind), (1, ""))
        flow.arrow((middle, TOP + 14 + CELL), (middle, y + 12))
        flow.box(middle, y + 12, matrix, kind, 52, 24)
        flow.arrow((middle, y + 36), (middle, product), (MIDDLE + side, product))
    flow.times(MIDDLE, product)
    flow.text(16, y + high - 7, "i = 1, …, r", "start", size=11)
    column = flow.column(MIDDLE, product + 11)
    column.gap = 29
    column.box("sum over i", "joint", width=80)
    column.gap = 14
    flow.result(column)
    return HTML(
        flow.svg(
            "Low rank: a 1 is appended to h_I and to h_T. Then, on each of r sheets, numbered i: "
            "the image's vector passes W_I^(i), the text's passes W_T^(i), and the results are "
            "multiplied element by element. The sum over the sheets is z"
        )
    )
