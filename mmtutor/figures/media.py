"""Moving pictures inside a page, without files and without requests."""

import base64
import html
import io

import numpy as np
from IPython.display import HTML
from PIL import Image
from torch import Tensor


def animation(video: Tensor, alt: str, seconds: float = 2.0, pixels: int = 160) -> HTML:
    """Return a moving picture that the reader can fold away.

    Args:
        video: `(frames, height, width)` in [0, 1].
        alt: what is seen, for screen readers.
        seconds: time for one round.
        pixels: width on the page.
    """
    scale = max(1, pixels // video.shape[-1])
    frames = (video.clamp(0, 1) * 255).round().numpy().astype(np.uint8)
    pictures = [Image.fromarray(frame.repeat(scale, 0).repeat(scale, 1)) for frame in frames]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer,
        "GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=int(1000 * seconds / len(pictures)),
        loop=0,
    )
    alt, source = html.escape(alt), data_uri(buffer, "image/gif")
    # A reader must be able to stop what moves: closing the fold hides it.
    return HTML(
        "<details open><summary>Moving picture (close to stop)</summary>"
        f'<img alt="{alt}" width="{pixels}" src="{source}"></details>'
    )


def data_uri(buffer: io.BytesIO, kind: str) -> str:
    """Return a file as an address that holds it, for a page without requests."""
    return f"data:{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
