"""One look for all plots."""

import matplotlib.pyplot as plt
from cycler import cycler

# Okabe and Ito's palette: told apart with every common kind of color blindness.
COLORS = {
    "blue": "#0072b2",
    "orange": "#d55e00",
    "green": "#009e73",
    "purple": "#cc79a7",
    "yellow": "#e69f00",
    "sky": "#56b4e9",
    "gray": "#5c6370",
}
# Of the things that a figure compares; gray is left for what they are compared with.
SERIES_COLORS = [color for name, color in COLORS.items() if name != "gray"]
SERIES_MARKERS = "osD^vP"


def use_style() -> None:
    """Set the book's style for all figures that follow.

    Figures keep a white ground in both themes; the book's style sheet sets them on a card.
    """
    plt.rcParams.update(
        {
            "axes.prop_cycle": cycler(color=list(COLORS.values())),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": COLORS["gray"],
            "axes.titlesize": 11,
            "axes.titlelocation": "left",
            "figure.dpi": 144,
            "figure.figsize": (7.0, 3.2),
            "figure.constrained_layout.use": True,
            "font.size": 10,
            "image.cmap": "gray",
            "image.interpolation": "nearest",
            "legend.frameon": False,
            "lines.linewidth": 2,
            "savefig.facecolor": "white",
            "figure.facecolor": "white",
        }
    )
