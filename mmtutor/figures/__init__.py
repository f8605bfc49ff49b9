"""Every figure of the book. Importing this package sets the book's style."""

from mmtutor.figures.clouds import clouds
from mmtutor.figures.depth import curve_panels
from mmtutor.figures.diagrams import beside, block, network
from mmtutor.figures.dots import dot_panels
from mmtutor.figures.footprints import feature_maps, footprints
from mmtutor.figures.grids import picture_table
from mmtutor.figures.map import problems
from mmtutor.figures.media import animation, sound
from mmtutor.figures.panels import score_panels
from mmtutor.figures.plots import (
    confusion,
    curves,
    example,
    heatmap,
    images,
    learning_curves,
    lines,
    scatter,
    scores,
    waveform,
)
from mmtutor.figures.retrieval import found_names, found_pictures, intervals
from mmtutor.figures.spaces import coordinated
from mmtutor.figures.spectrograms import spectrograms
from mmtutor.figures.style import COLOURS, use_style
from mmtutor.figures.subsets import subset_scores
from mmtutor.figures.sweeps import sweep
from mmtutor.figures.taps import receptive_fields

use_style()

__all__ = [
    "COLOURS",
    "animation",
    "beside",
    "block",
    "clouds",
    "confusion",
    "coordinated",
    "curve_panels",
    "curves",
    "dot_panels",
    "example",
    "feature_maps",
    "footprints",
    "found_names",
    "found_pictures",
    "heatmap",
    "images",
    "intervals",
    "learning_curves",
    "lines",
    "network",
    "picture_table",
    "receptive_fields",
    "problems",
    "scatter",
    "score_panels",
    "scores",
    "sound",
    "spectrograms",
    "subset_scores",
    "sweep",
    "waveform",
]
