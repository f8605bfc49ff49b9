"""The data sets of the book, by their names in commands."""

from mmtutor.data.digits.scans import DIGITS
from mmtutor.data.glyphs.fonts import GLYPHS
from mmtutor.data.planted.planted import PLANTED
from mmtutor.data.real.av_mnist import AV_MNIST
from mmtutor.data.real.emoji import EMOJI
from mmtutor.data.real.fsdd import FSDD
from mmtutor.data.real.grid import GRID
from mmtutor.data.real.mnist import MNIST
from mmtutor.data.real.mosi import MOSI
from mmtutor.data.store import Entry

CATALOG: dict[str, Entry] = {
    entry.name: entry
    for entry in (DIGITS, GLYPHS, PLANTED, MNIST, FSDD, AV_MNIST, GRID, MOSI, EMOJI)
}
