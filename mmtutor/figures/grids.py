"""Pictures in a table, whose rows and columns are named."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from torch import Tensor

from mmtutor.figures.style import COLOURS


def picture_table(
    pictures: Tensor, rows: Sequence[str], columns: Sequence[str], *, xlabel: str, ylabel: str
) -> None:
    """Show pictures in rows and columns, all on one scale: black is 0, white the largest value.

    Args:
        pictures: `(rows, columns, height, width)`, none below 0.
        rows: the name of each row.
        columns: the name of each column.
        xlabel: what the columns are.
        ylabel: what the rows are.
    """
    shape = (len(rows), len(columns))
    size = (6.0, 6.0 * shape[0] / shape[1] * pictures.shape[2] / pictures.shape[3] + 0.3)
    figure, axes = plt.subplots(*shape, figsize=size, squeeze=False)
    highest = pictures.max().item()
    for axis, picture in zip(axes.flat, pictures.flatten(0, 1), strict=True):
        axis.imshow(picture.numpy(), vmin=0, vmax=highest)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set(visible=True, color=COLOURS["gray"], linewidth=1.5)
    for axis, name in zip(axes[0], columns, strict=True):
        axis.set_title(name, loc="center")
    for axis, name in zip(axes[:, 0], rows, strict=True):
        axis.set_ylabel(name, fontsize=11)
    figure.suptitle(xlabel, fontsize=11)
    figure.supylabel(ylabel, fontsize=11)
    plt.show()
