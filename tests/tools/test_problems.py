import re
from xml.etree import ElementTree

import pytest
import torch

from mmtutor.figures.style import COLORS
from tools.problems import problems

SCAN = torch.zeros(8, 8)
SCAN[1, 2], SCAN[7, 0] = 1, 0.5
OTHER = torch.zeros(8, 8)
OTHER[0, 0] = 0.25


@pytest.fixture
def panels() -> dict[str, ElementTree.Element]:
    html = problems(SCAN, OTHER, "seven", "--...").data
    svgs = map(ElementTree.fromstring, re.findall(r"<svg.*?</svg>", html))
    return {texts(svg)[0]: svg for svg in svgs}


def texts(svg: ElementTree.Element) -> list[str]:
    return ["".join(node.itertext()) for node in svg.iter() if node.tag.endswith("}text")]


def marks(svg: ElementTree.Element, tag: str) -> list[ElementTree.Element]:
    return [node for node in svg.iter() if node.tag.endswith(f"}}{tag}")]


def scans(svg: ElementTree.Element) -> list[dict[str, str]]:
    """Return for each scan drawn its squares and how much ink they have."""
    return [{path.get("d"): path.get("fill-opacity") for path in g} for g in marks(svg, "g")]


def test_there_is_a_panel_for_the_data_and_one_for_each_of_the_five_problems(panels) -> None:
    problems = ["representation", "translation", "alignment", "fusion", "co-learning"]
    assert list(panels) == ["one digit", *problems]


def test_the_first_panel_shows_all_four_modalities(panels) -> None:
    panel = panels["one digit"]
    assert texts(panel)[1:] == ["scan", "seven", "word", "Morse code", "video"]
    tones = [rect.get("width") for rect in marks(panel, "rect") if rect.get("height") == "8"]
    assert tones == ["12", "12", "4", "4", "4"]  # a dash is as long as three dots
    assert len(scans(panel)) == 4  # the scan, and three frames


def test_every_scan_is_drawn_pixel_for_pixel(panels) -> None:
    drawn = {"M2 1h1v1h-1z": "1", "M0 7h1v1h-1z": "0.5"}
    other = {"M0 0h1v1h-1z": "0.25"}
    for title, panel in panels.items():
        first, *rest = scans(panel)
        assert first == drawn
        assert rest == {"alignment": [other], "one digit": 3 * [drawn]}.get(title, [])


def test_the_video_drifts_upwards(panels) -> None:
    frames = [g.get("transform") for g in marks(panels["one digit"], "g")[1:]]
    heights = [float(re.search(r"translate\(\S+ (\S+)\)", frame)[1]) for frame in frames]
    assert heights[0] > heights[1] > heights[2]


def test_alignment_links_each_word_to_the_digit_on_its_side(panels) -> None:
    panel = panels["alignment"]
    links = [path.get("d") for path in marks(panel, "path") if path.get("stroke")]
    starts, ends = zip(*(re.findall(r"(\d+) \d+", link) for link in links), strict=True)
    at = {"".join(node.itertext()): node.get("x") for node in marks(panel, "text")}
    assert list(starts) == [at["right"], at["left?"]]
    left, right = (
        float(re.search(r"translate\((\S+)", g.get("transform"))[1]) + 24 for g in marks(panel, "g")
    )
    assert [float(end) for end in ends] == [right, left]


def test_co_learning_is_fusion_whose_second_modality_comes_in_training_only(panels) -> None:
    dashes = [
        [
            path.get("stroke-dasharray")
            for path in marks(panels[title], "path")
            if path.get("stroke")
        ]
        for title in ("fusion", "co-learning")
    ]
    assert dashes == [[None, None, None], [None, None, "5 4"]]


def test_the_panels_take_the_color_of_the_page_and_have_words(panels) -> None:
    ours = {"currentColor", "none", None, *COLORS.values()}
    for title, panel in panels.items():
        assert panel.get("role") == "img" and len(panel.get("aria-label")) >= 40
        assert title.split()[0] in panel.get("aria-label").lower()
        for node in panel.iter():
            assert {node.get("fill"), node.get("stroke")} <= ours
        assert all(node.get("fill") == "currentColor" for node in marks(panel, "text"))


def test_the_word_for_the_digit_may_hold_brackets_quotes_and_ampersands() -> None:
    html = problems(SCAN, OTHER, '<&> "7', "--...").data
    svgs = [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", html)]
    assert ['<&> "7' in texts(svg) for svg in svgs] == [True, True, True, False, True, True]
    assert ['<&> "7' in svg.get("aria-label") for svg in svgs] == [
        *[True, True, True],
        *[False, True, True],
    ]
