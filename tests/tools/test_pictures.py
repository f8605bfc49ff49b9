"""What the pictures of the prose pages show; that they are stored is tested with the diagrams."""

import re

import torch

from tools.seven import morse_tone, seven
from tools.timeline import HISTORY, timeline


def test_the_time_line_has_every_event_in_the_order_of_years() -> None:
    years = [int(year) for year in re.findall(r">(\d{4})</div>", timeline().data)]
    assert years == sorted(years) == [event.year for event in HISTORY]
    assert all(event.who in timeline().data for event in HISTORY)


def test_the_two_lines_of_work_stand_apart_until_they_meet() -> None:
    lines = [event.line for event in HISTORY]
    meeting = lines.index("both")
    assert {"modalities", "depth"} == set(lines[:meeting])
    assert {"both"} == set(lines[meeting:])


def test_the_seven_is_seen_read_heard_and_watched() -> None:
    html = seven(torch.eye(8), ("seven", "sept"), "--...").data
    for words in ("see it", "read it", "hear it", "watch it move", "sept", "<audio"):
        assert words in html
    assert html.count("aria-label") == 5


def test_the_tone_has_a_pulse_for_each_signal() -> None:
    sound = morse_tone("-.")
    loud = (sound.abs().unfold(0, 40, 10).amax(dim=1) > 0.1).long()
    assert (loud.diff() == 1).sum() == 2
    assert sound.abs().max() <= 0.5
