"""Draw the pictures of the prose pages: `python -m tools.pictures`."""

from pathlib import Path

from mmtutor import data, figures
from mmtutor.data.digits.audio import MORSE_SIGNALS
from tools.problems import problems

FOLDER = Path(__file__).parents[1] / "book" / "images"

SEVEN, FOUR = 43, 110  # rows of the scans; in `digits("train")`, 43 says sept and drifts up

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
        "network.svg": figures.network(encoders).data,
        "problems.html": problems(pixels[SEVEN], pixels[FOUR], "sept", MORSE_SIGNALS[7]).data,
    }


if __name__ == "__main__":
    for name, svg in pictures().items():
        (FOLDER / name).write_text(svg + "\n", encoding="utf-8")
