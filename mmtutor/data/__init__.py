"""The data sets of the book, and how they are cut into batches.

Those of parts 1 to 6 are real or exactly specified, made in seconds without a download, and the
same for the same seed. Those of part 7 are downloaded: `python -m mmtutor data` lists them.
"""

from mmtutor.batch import Batch
from mmtutor.data.about import About
from mmtutor.data.curves import Curves, curves
from mmtutor.data.dataset import MultimodalDataset
from mmtutor.data.digits.audio import Audio
from mmtutor.data.digits.dialogues import FOLLOW_UPS, OPENINGS, dialogue_grammar, dialogues
from mmtutor.data.digits.digits import CLASSES, RENDERERS, TARGETS, digits
from mmtutor.data.digits.grammar import ANSWERS, GRAMMARS
from mmtutor.data.digits.image import Image
from mmtutor.data.digits.pairs import sums
from mmtutor.data.digits.questions import QUESTIONS, question_grammar, questions
from mmtutor.data.digits.scans import SPLITS, Scans, scans
from mmtutor.data.digits.scene import MOTIONS, Renderer, Scene
from mmtutor.data.digits.text import Text
from mmtutor.data.digits.video import Video
from mmtutor.data.errors import DataError
from mmtutor.data.glyphs.fonts import FACES
from mmtutor.data.glyphs.glyphs import KINDS, SCRIPTS, glyphs
from mmtutor.data.loader import BatchIndices, loader
from mmtutor.data.own.columns import ImageFile, SoundFile, TextCell
from mmtutor.data.own.inspection import Report, inspect
from mmtutor.data.own.split import split_by_group
from mmtutor.data.own.table import from_table
from mmtutor.data.planted.decomposition import Decomposition, decompose
from mmtutor.data.planted.information import (
    Truth,
    best_accuracy,
    entropy,
    joint_table,
    mutual_information,
    noisy_channels,
    truths,
)
from mmtutor.data.planted.planted import planted, planted_truth
from mmtutor.data.real.av_mnist import av_mnist
from mmtutor.data.real.emoji import EMOJI_LANGUAGES, emoji
from mmtutor.data.real.fsdd import FSDD_SPEAKERS, fsdd_recordings
from mmtutor.data.real.grid import grid
from mmtutor.data.real.mnist import keep_components, mnist_pictures
from mmtutor.data.real.mosi import mosi, mosi_transcripts
from mmtutor.data.real.spectrogram import log_spectrogram
from mmtutor.data.text import decode_text, encode_text
from mmtutor.data.words import DIGIT_WORDS

__all__ = [
    # What all share
    "About", "Batch", "BatchIndices", "DIGIT_WORDS", "DataError", "MultimodalDataset",
    "decode_text", "encode_text", "loader",
    # Digits, and questions about them
    "ANSWERS", "Audio", "CLASSES", "FOLLOW_UPS", "GRAMMARS", "Image", "MOTIONS", "OPENINGS",
    "QUESTIONS", "RENDERERS", "Renderer", "SPLITS", "Scans", "Scene", "TARGETS", "Text", "Video",
    "dialogue_grammar", "dialogues", "digits", "question_grammar", "questions", "scans", "sums",
    # Planted information, and how much there is
    "Decomposition", "Truth", "best_accuracy", "decompose", "entropy", "joint_table",
    "mutual_information", "noisy_channels", "planted", "planted_truth", "truths",
    # Data of your own
    "ImageFile", "Report", "SoundFile", "TextCell", "from_table", "inspect", "split_by_group",
    # Glyphs
    "FACES", "KINDS", "SCRIPTS", "glyphs",
    # Measured once, since it takes minutes
    "Curves", "curves",
    # Real sets
    "EMOJI_LANGUAGES", "FSDD_SPEAKERS", "av_mnist", "emoji", "fsdd_recordings", "grid",
    "keep_components", "log_spectrogram", "mnist_pictures", "mosi", "mosi_transcripts",
]  # fmt: skip
