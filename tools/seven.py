"""The opening of the book: one digit in four modalities, to see and to hear."""

import math

import torch
from IPython.display import HTML
from torch import Tensor

from mmtutor import figures
from tools.problems import Panel

RATE, PITCH = 8000, 600  # samples a second, swings of the tone a second
UNIT = 0.06  # seconds of a dot


def seven(scan: Tensor, words: tuple[str, ...], signals: str) -> HTML:
    """Return four small pictures of one digit, and a player for its sound.

    Args:
        scan: the digit, `(8, 8)` gray values from 0 to 1, where 1 is ink.
        words: its names.
        signals: its Morse code, like `"--..."`.
    """
    sound = figures.sound(morse_tone(signals), f"{words[0]} in Morse code").data
    sound = sound.replace("<audio ", '<audio style="max-width:100%;height:2.2rem" ')
    cells = (
        (_image(scan, words[0]), ""),
        (_words(words), ""),
        (_code(signals), sound),
        (_video(scan, words[0]), ""),
    )
    inside = "".join(
        f'<div style="flex:0 1 150px;text-align:center">{picture}{more}</div>'
        for picture, more in cells
    )
    style = "display:flex;flex-wrap:wrap;gap:1rem;justify-content:center"
    return HTML(f'<div style="{style};max-width:680px;margin:1.5rem auto">{inside}</div>')


def morse_tone(signals: str) -> Tensor:
    """Return the code as a tone that swells and fades at each signal, `(samples,)`."""
    samples = [0.0] * int(0.1 * RATE)
    for signal in signals:
        length = int(UNIT * RATE) * (3 if signal == "-" else 1)
        for i in range(length):
            edge = min(1.0, i / 80, (length - i) / 80)
            samples.append(0.5 * edge * math.sin(2 * math.pi * PITCH * i / RATE))
        samples += [0.0] * int(UNIT * RATE)
    return torch.tensor(samples, dtype=torch.float64)


def _image(scan: Tensor, word: str) -> str:
    panel = Panel("see it", "image")
    panel.scan(scan, 84, 40, dot=15)
    return panel.svg(f"A handwritten {word}, scanned at eight by eight pixels")


def _words(words: tuple[str, ...]) -> str:
    panel = Panel("read it", "text")
    for i, word in enumerate(words):
        panel.text(84, 70 + 36 * i, word, size=24)
    return panel.svg(f"The words {', '.join(words)}")


def _code(signals: str) -> str:
    panel = Panel("hear it", "audio")
    panel.morse(signals, 84, 96, unit=7, height=14)
    return panel.svg("Its Morse code: " + ", ".join("dash" if s == "-" else "dot" for s in signals))


def _video(scan: Tensor, word: str) -> str:
    panel = Panel("watch it move", "video")
    for i in range(3):
        x = 84 + 56 * (i - 1)
        panel.scan(scan, x, 98 - 18 * i, dot=5, framed=False)
        panel.frame(x, 58, 46, 84)
    for x in (56, 112):
        panel.arrow((x - 5, 100), (x + 5, 100))
    return panel.svg(f"Three frames of a video in their order: the {word} drifts upwards")
