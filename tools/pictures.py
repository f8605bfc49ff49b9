"""Draw the pictures of the prose pages: `python -m tools.pictures`."""

from pathlib import Path

from mmtutor import data, figures
from mmtutor.data.digits.audio import MORSE_SIGNALS
from tools.problems import problems
from tools.seven import seven
from tools.timeline import timeline

FOLDER = Path(__file__).parents[1] / "book" / "images"

SEVEN, FOUR = 504, 110  # rows of the scans

MODALITIES = [("image", "I"), ("text", "T"), ("audio", "A"), ("video", "V")]


def pictures() -> dict[str, str]:
    """Return file name → SVG, or several SVGs side by side in HTML."""
    branch = ["conv 3×3", "norm", "relu", "conv 3×3", "norm"]
    encoders = [
        (f"{name} x_{letter}", f"{name.title()}ResNet f_{letter}", f"h_{letter}")
        for name, letter in MODALITIES
    ]
    pixels = data.scans().pixels
    return {
        "block.svg": figures.block("Residual block", branch).data,
        "network.html": scrolling(figures.network(encoders).data, "The network of this book"),
        "problems.html": problems(pixels[SEVEN], pixels[FOUR], "sept", MORSE_SIGNALS[7]).data,
        "seven.html": seven(pixels[SEVEN], ("seven", "sept", "siete"), MORSE_SIGNALS[7]).data,
        "timeline.html": timeline().data,
    }


def scrolling(svg: str, name: str) -> str:
    """Return a picture that a phone scrolls sideways, where its labels would be too small."""
    return (
        f'<div style="overflow-x:auto" tabindex="0" role="group" aria-label="{name}">'
        f'<div style="min-width:560px">{svg}</div></div>'
    )


if __name__ == "__main__":
    for name, svg in pictures().items():
        (FOLDER / name).write_text(svg + "\n", encoding="utf-8")
