"""Every figure of the book. Importing this package sets the book's style."""

from mmtutor.figures.clouds import clouds
from mmtutor.figures.depth import curve_panels
from mmtutor.figures.diagrams import beside, block, network
from mmtutor.figures.dots import dot_panels
from mmtutor.figures.exits import exit_curves
from mmtutor.figures.footprints import feature_maps, footprints
from mmtutor.figures.grids import picture_table
from mmtutor.figures.latency import predictors, roofline
from mmtutor.figures.map import problems
from mmtutor.figures.media import animation, sound
from mmtutor.figures.panels import score_panels
from mmtutor.figures.pareto import front, pareto
from mmtutor.figures.places import meeting_places, place_panels
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
from mmtutor.figures.speedups import speedups
from mmtutor.figures.style import COLOURS, use_style
from mmtutor.figures.subsets import subset_scores
from mmtutor.figures.sweeps import sweep
from mmtutor.figures.taps import receptive_fields
from mmtutor.figures.trades import trades

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
    "exit_curves",
    "feature_maps",
    "footprints",
    "found_names",
    "found_pictures",
    "front",
    "heatmap",
    "images",
    "intervals",
    "learning_curves",
    "lines",
    "meeting_places",
    "network",
    "pareto",
    "picture_table",
    "place_panels",
    "predictors",
    "problems",
    "receptive_fields",
    "roofline",
    "scatter",
    "score_panels",
    "scores",
    "sound",
    "spectrograms",
    "speedups",
    "subset_scores",
    "sweep",
    "trades",
    "waveform",
]
