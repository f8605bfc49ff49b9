"""The two paths of a network that cleans a sound with the help of lips."""

from IPython.display import HTML

from mmtutor.figures.column import Column
from mmtutor.figures.svg import Picture

_LOCAL, _SOUND, _BOTH, _LIPS = 64, 168, 222, 276  # middles of the columns
_WIDTH, _HEIGHT = 340, 330


def enhancer() -> HTML:
    """Return the diagram: a local path on the left, what is likely and a factor on the right."""
    picture = Picture(_WIDTH, _HEIGHT, font=12)
    picture.text((_LOCAL + _SOUND) / 2, 16, "noisy sound")
    picture.text(_LIPS, 16, "lips")
    middle = (_LOCAL + _SOUND) / 2
    picture.line((middle, 22), (middle, 34))
    local = Column(picture, _LOCAL, 34, gap=70, width=96)
    sound, lips = (Column(picture, x, y, gap=16, width=96) for x, y in ((_SOUND, 34), (_LIPS, 22)))
    picture.line((_LOCAL, 34), (_SOUND, 34))
    for column, kind, gap in ((local, "audio", 70), (sound, "audio", 16), (lips, "video", 28)):
        column.box("local path" if column is local else "FrameResNet", kind, gap=gap)
    for column in (sound, lips):
        column.arrow(26)
    picture.box(_BOTH, sound.y, "gated fusion", "fusion", 204)
    both = Column(picture, _BOTH, sound.y + 28, gap=14, width=204)
    both.box("linear layer", "head")
    factor = Column(picture, _SOUND, both.y, gap=16, width=96)
    factor.box("sigmoid")
    product, total = factor.y + 30, factor.y + 78
    picture.arrow((_SOUND, factor.y), (_SOUND, product), (_LOCAL + 11, product))
    picture.text((_SOUND + _LOCAL) / 2 + 6, product - 7, "factor")
    local.arrow(product - 11 - local.y)
    picture.circle(_LOCAL, product, "")
    picture.elements.append(f'<circle cx="{_LOCAL}" cy="{product:g}" r="2.5" fill="currentColor"/>')
    picture.arrow((_LOCAL, product + 11), (_LOCAL, total - 11))
    picture.plus(_LOCAL, total)
    picture.arrow((_LIPS, both.y), (_LIPS, total), (_LOCAL + 11, total))
    picture.text((_SOUND + _LIPS) / 2, total - 7, "likely")
    picture.arrow((_LOCAL, total + 11), (_LOCAL, total + 32))
    picture.text(_LOCAL, total + 47, "clean sound")
    picture.height = round(total + 56)
    return HTML(
        picture.svg(
            "The noisy sound takes two paths. The local path goes straight down. On the other, the "
            "sound passes a FrameResNet, and so do the lips; gated fusion and a linear layer make "
            "two results of both. One passes a sigmoid and is a factor, by which the local path is "
            "multiplied; the other says what is likely, and is added. The sum is the clean sound"
        )
    )
