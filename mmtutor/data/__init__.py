"""The data sets of the book, and how they are cut into batches.

Real or exactly specified, made in seconds without a download, and the same for the same seed.
"""

from mmtutor.data.about import About
from mmtutor.data.audio import Audio
from mmtutor.data.dataset import Batch, BatchIndices, MultimodalDataset, loader
from mmtutor.data.digits import RENDERERS, SPLITS, TARGETS, Scans, digits, scans
from mmtutor.data.image import Image
from mmtutor.data.scene import MOTIONS, Renderer, Scene
from mmtutor.data.text import Text, decode_text, encode_text
from mmtutor.data.video import Video
from mmtutor.data.words import DIGIT_WORDS

__all__ = [
    "About",
    "Audio",
    "Batch",
    "BatchIndices",
    "DIGIT_WORDS",
    "Image",
    "MOTIONS",
    "MultimodalDataset",
    "RENDERERS",
    "Renderer",
    "SPLITS",
    "Scans",
    "Scene",
    "TARGETS",
    "Text",
    "Video",
    "decode_text",
    "digits",
    "encode_text",
    "loader",
    "scans",
]
