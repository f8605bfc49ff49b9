"""What a convolutional network makes of a picture, and which pixels it looks at for that."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from mmtutor.figures.style import COLOURS


def footprints(
    influence: Mapping[str, ArrayLike],
    boxes: Sequence[Sequence[float]],
    names: Sequence[str],
) -> None:
    """Show how much each pixel matters to one output, a panel for each output.

    A pixel without any influence is white, so that even the faintest one can be told from it.

    Args:
        influence: title → size of the gradient at each pixel `(height, width)`, at least 0; the
            output looks at the middle of the picture.
        boxes: for each panel the sides, in pixels, of the squares around the middle that are
            drawn: the first solid, the second dashed.
        names: what the squares are, for the legend.
    """
    styles = ((COLOURS["orange"], "-"), ("black", "--"))
    size = (7, 0.75 + 6.6 / len(influence))
    figure, axes = plt.subplots(1, len(influence), figsize=size, squeeze=False)
    for axis, (title, values), sides in zip(axes[0], influence.items(), boxes, strict=True):
        pixels = np.asarray(values, dtype=float)
        rows, columns = pixels.shape
        shown = np.ma.masked_equal(pixels / pixels.max(), 0)
        axis.imshow(shown, cmap="Blues", norm=PowerNorm(0.4, vmin=-0.02, vmax=1))
        for side, name, (color, line) in zip(sides, names, styles, strict=False):
            corner = (columns // 2 - side / 2, rows // 2 - side / 2)
            box = Rectangle(corner, side, side, fill=False, color=color, linestyle=line, lw=1.5)
            box.set_label(name)
            axis.add_patch(box)
        axis.set_title(title, loc="center")
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set(visible=True, color=COLOURS["gray"])
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    plt.show()


def feature_maps(maps: Mapping[str, ArrayLike], columns: int = 8) -> None:
    """Show the first channels of each layer in a row, from black (0) to white (the row's highest).

    Args:
        maps: name of the layer → its output for one picture `(channels, height, width)`, at
            least 0. Layers may differ in size; all are drawn equally large.
        columns: channels in a row, at most.
    """
    size = (7, 6.2 / columns * len(maps))
    _, axes = plt.subplots(len(maps), columns, figsize=size, squeeze=False)
    for row, (name, layer) in zip(axes, maps.items(), strict=True):
        channels = np.asarray(layer)
        for axis in row:
            axis.axis("off")
        for axis, channel in zip(row, channels, strict=False):
            axis.imshow(channel, vmin=0, vmax=channels[:columns].max())
        label = f"{name}\n{channels.shape[1]}×{channels.shape[2]}"
        row[0].text(-0.15, 0.5, label, ha="right", va="center", transform=row[0].transAxes)
    plt.show()
