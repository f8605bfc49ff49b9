"""Every figure of the book. Importing this package sets the book's style."""

from mmtutor.figures.cube import kernel_cube
from mmtutor.figures.curves import (
    curve_panels,
    curves,
    downhill,
    lines,
    place_panels,
    speedups,
    sweep,
)
from mmtutor.figures.decisions import decision
from mmtutor.figures.diagrams import (
    beside,
    block,
    coordinated,
    meeting_places,
    network,
    receptive_fields,
)
from mmtutor.figures.display import show
from mmtutor.figures.encoder import encoder
from mmtutor.figures.enhancer import enhancer
from mmtutor.figures.fusions import fusion_flow
from mmtutor.figures.gradients import backward_pass, distillation
from mmtutor.figures.information import information
from mmtutor.figures.media import animation
from mmtutor.figures.padding import padding
from mmtutor.figures.pareto import front, pareto
from mmtutor.figures.paths import paths
from mmtutor.figures.pictures import (
    class_probabilities,
    confusion,
    example,
    feature_maps,
    footprints,
    found_names,
    found_pictures,
    heatmap,
    images,
    picture_table,
    weights,
)
from mmtutor.figures.planes import (
    attraction,
    clouds,
    exit_curves,
    predictors,
    regions,
    roofline,
    scatter,
    trades,
)
from mmtutor.figures.scores import dot_panels, intervals, score_panels, scores
from mmtutor.figures.slabs import slabs
from mmtutor.figures.sound import sound, sound_to_column, spectrograms, waveform
from mmtutor.figures.streams import mixed_streams, stream
from mmtutor.figures.style import COLORS, use_style
from mmtutor.figures.subsets import subset_scores
from mmtutor.figures.suspects import suspects
from mmtutor.figures.transformer import transformer_block

use_style()

__all__ = [
    "COLORS",
    "animation",
    "attraction",
    "backward_pass",
    "beside",
    "block",
    "class_probabilities",
    "clouds",
    "confusion",
    "coordinated",
    "curve_panels",
    "curves",
    "decision",
    "distillation",
    "dot_panels",
    "downhill",
    "encoder",
    "enhancer",
    "example",
    "exit_curves",
    "feature_maps",
    "footprints",
    "found_names",
    "found_pictures",
    "front",
    "fusion_flow",
    "heatmap",
    "images",
    "information",
    "intervals",
    "kernel_cube",
    "lines",
    "meeting_places",
    "mixed_streams",
    "network",
    "padding",
    "pareto",
    "paths",
    "picture_table",
    "place_panels",
    "predictors",
    "receptive_fields",
    "regions",
    "roofline",
    "scatter",
    "score_panels",
    "scores",
    "show",
    "slabs",
    "sound",
    "sound_to_column",
    "spectrograms",
    "speedups",
    "stream",
    "subset_scores",
    "suspects",
    "sweep",
    "trades",
    "transformer_block",
    "waveform",
    "weights",
]
