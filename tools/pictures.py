"""Draw the pictures of the prose pages: `python tools/pictures.py`."""

from pathlib import Path

from mmtutor import figures

FOLDER = Path(__file__).parents[1] / "book" / "images"

MODALITIES = [("image", "I"), ("text", "T"), ("audio", "A"), ("video", "V")]


def pictures() -> dict[str, str]:
    """Return file name → SVG."""
    branch = ["conv 3×3", "norm", "relu", "conv 3×3", "norm"]
    encoders = [
        (f"{name} x_{letter}", f"{name.title()}ResNet f_{letter}", f"h_{letter}")
        for name, letter in MODALITIES
    ]
    return {
        "block.svg": figures.block("Residual block", branch).data,
        "network.svg": figures.network(encoders).data,
    }


if __name__ == "__main__":
    for name, svg in pictures().items():
        (FOLDER / name).write_text(svg + "\n", encoding="utf-8")
