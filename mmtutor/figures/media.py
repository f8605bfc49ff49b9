"""Sound and moving pictures inside a page, without files and without requests."""

import base64
import html
import io
import wave

import numpy as np
from IPython.display import HTML
from PIL import Image
from torch import Tensor


def sound(waveform: Tensor, label: str, sample_rate: int = 8000) -> HTML:
    """Return a player for a waveform.

    Args:
        waveform: `(samples,)` in [-1, 1].
        label: what is heard, for screen readers.
        sample_rate: samples per second.
    """
    samples = (waveform.clamp(-1, 1) * 32767).round().numpy().astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(samples.tobytes())
    label, source = html.escape(label), _uri(buffer, "audio/wav")
    return HTML(f'<audio controls aria-label="{label}" src="{source}"></audio>')


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
    alt, source = html.escape(alt), _uri(buffer, "image/gif")
    # A reader must be able to stop what moves: closing the fold hides it.
    return HTML(
        "<details open><summary>Moving picture (close to stop)</summary>"
        f'<img alt="{alt}" width="{pixels}" src="{source}"></details>'
    )


def _uri(buffer: io.BytesIO, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
