"""How a plot is shown."""

import re
import sys
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mmtutor import figures
from mmtutor.figures.style import COLORS, INK

pytestmark = pytest.mark.usefixtures("no_window")

Bundle = dict[str, str | bytes]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Bundle]:
    bundles: list[Bundle] = []
    module = sys.modules["mmtutor.figures.display"]
    monkeypatch.setattr(module, "display", lambda data, raw: bundles.append(data))
    return bundles


def plot() -> None:
    figures.lines({"a < b": [0, 1]}, xlabel="step", ylabel="loss")


def test_text_and_axes_take_the_color_of_the_page(shown: list[Bundle]) -> None:
    plot()
    figures.show(1, "It rises.", alt="A line.")
    markup = shown[0]["text/html"]
    assert INK not in markup and "currentColor" in markup
    assert "white" not in markup and "#ffffff" not in markup
    assert COLORS["blue"] in markup


def test_a_figure_is_numbered_and_has_words(shown: list[Bundle]) -> None:
    plot()
    figures.show(3, "a < b rises.", alt='The "line" goes up.')
    markup = str(shown[0]["text/html"])
    root = ElementTree.fromstring(markup)
    assert root.get("id") == "figure-3"
    assert "".join(root.find("figcaption").itertext()) == "Figure 3. a < b rises."
    narrow, wide = root.iter("{http://www.w3.org/2000/svg}svg")
    for svg in (narrow, wide):
        assert svg.get("role") == "img" and svg.get("aria-label") == 'The "line" goes up.'
        assert "a < b" in "".join(svg.itertext())  # text, not outlines: it can be searched
    assert shown[0]["text/plain"] == "Figure 3. a < b rises."
    assert shown[0]["image/png"].startswith(b"\x89PNG")


def test_two_plots_of_a_page_share_no_id_and_every_reference_leads_somewhere(
    shown: list[Bundle],
) -> None:
    for number in (1, 2):
        plot()
        figures.show(number, "It rises.", alt="A line.")
    page = "".join(str(bundle["text/html"]) for bundle in shown)
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', page))
    assert used and used <= set(ids)


def test_the_same_plot_gives_the_same_bytes(shown: list[Bundle]) -> None:
    for _ in range(2):
        plot()
        figures.show(1, "It rises.", alt="A line.")
    assert shown[0] == shown[1]


@pytest.mark.parametrize(
    ("columns", "label", "sizes"),
    [(1, "loss", [302, 504]), (2, "loss", [302, 504]), (3, "loss", [504]), (1, 60 * "m", [504])],
)
def test_a_phone_gets_a_narrow_plot_if_it_can_be_read(
    shown: list[Bundle], columns: int, label: str, sizes: list[int]
) -> None:
    _, axes = plt.subplots(1, columns, figsize=(7, 3), squeeze=False)
    axes[0, 0].set_xlabel(label)
    figures.show(1, "Panels.", alt="Empty.")
    markup = str(shown[0]["text/html"])
    assert [round(float(x)) for x in re.findall(r'viewBox="0 0 ([\d.]+)', markup)] == sizes
    assert ("max-width:600px" in markup) == (len(sizes) == 2)


def test_a_shown_plot_is_closed_and_nothing_cannot_be_shown(shown: list[Bundle]) -> None:
    plot()
    figures.show(1, "It rises.", alt="A line.")
    assert plt.get_fignums() == []
    with pytest.raises(RuntimeError, match="plot first"):
        figures.show(2, "Nothing.", alt="Nothing.")


def test_pictures_lie_inside(shown: list[Bundle]) -> None:
    figures.images(np.zeros((2, 8, 8)))
    figures.show(1, "Two digits.", alt="Black.")
    # Two in each form, the wide and the narrow one.
    assert str(shown[0]["text/html"]).count("data:image/png;base64") == 4


def test_a_diagram_gets_a_number_and_a_caption_and_keeps_its_own_words(shown: list[Bundle]) -> None:
    figures.show(2, "One block.", diagram=figures.block("Block", ["conv 3×3"]))
    root = ElementTree.fromstring(str(shown[0]["text/html"]))
    (svg,) = root.iter("{http://www.w3.org/2000/svg}svg")
    assert svg.get("aria-label").startswith("Block: x passes conv 3×3")
    assert root.get("id") == "figure-2" and "image/png" not in shown[0]


def test_a_plot_without_words_is_refused(shown: list[Bundle]) -> None:
    plot()
    with pytest.raises(ValueError, match="needs alt"):
        figures.show(1, "It rises.")
    plt.close()


def test_labels_keep_all_their_decimals(shown: list[Bundle]) -> None:
    plt.plot([0, 1], [0.1234567, 1])
    plt.yticks([0.0004, 0.775], ["0.0004", "0.775"])
    figures.show(1, "A line.", alt="A line.")
    html = shown[0]["text/html"]
    assert ">0.0004<" in html.replace(" ", "") and ">0.775<" in html.replace(" ", "")
