import re
from xml.etree import ElementTree

import matplotlib
import matplotlib.pyplot as plt
import pytest

from mmtutor import figures
from mmtutor.figures.style import COLORS
from mmtutor.figures.svg import FILLS
from tools import pictures

matplotlib.use("Agg")

pytestmark = pytest.mark.usefixtures("no_window")


def texts(html: str) -> list[str]:
    svg = html[html.index("<svg") : html.rindex("</svg>") + 6]
    return [
        "".join(node.itertext())
        for node in ElementTree.fromstring(svg).iter()
        if "text" in node.tag
    ]


@pytest.mark.parametrize("name", pictures.pictures())
def test_the_pictures_of_the_prose_pages_are_up_to_date(name: str) -> None:
    assert (pictures.FOLDER / name).read_text(encoding="utf-8") == pictures.pictures()[name] + "\n"


def test_a_block_names_its_layers_from_x_to_y() -> None:
    html = figures.block("Small", ["conv 3×3", "norm"]).data
    assert texts(html) == ["Small", "x", "conv 3×3", "norm", "identity", "relu", "y"]
    assert 'aria-label="Small: x passes conv 3×3, norm, with a shortcut (identity)' in html
    assert "currentColor" in html  # legible in both themes


@pytest.mark.parametrize(
    "diagram",
    [
        lambda name: figures.block(name, [name], shortcut=name, after=[name]),
        lambda name: figures.network([(name, name, name)], name, name, name),
        lambda name: figures.coordinated([(name, name, name)], name, name),
    ],
    ids=["block", "network", "coordinated"],
)
def test_names_in_a_diagram_may_hold_brackets_quotes_and_ampersands(diagram) -> None:
    html = diagram('a <&> "b')
    assert 'a <&> "b' in texts(html.data)
    words = ElementTree.fromstring(html.data).get("aria-label")
    assert 'a <&> "b' in words


def test_every_arrow_of_a_block_starts_where_something_ends() -> None:
    for shortcut in ("identity", None):
        html = figures.block("Small", ["conv", "norm"], shortcut=shortcut).data
        boxes = {float(y) + 28 for y in re.findall(r'<rect [^>]* y="([\d.]+)"', html)}
        plus = {float(y) + 11 for y in re.findall(r'<circle [^>]* cy="([\d.]+)"', html)}
        starts = {float(y) for y in re.findall(r'<path d="M84 ([\d.]+) L84', html)}
        assert starts == boxes | plus | {50.0}  # 50: below the letter x


def test_a_plain_block_has_no_plus_sign() -> None:
    assert "<circle" in figures.block("Residual", ["conv"]).data
    assert "<circle" not in figures.block("Plain", ["conv"], shortcut=None).data


def test_a_network_shows_every_modality() -> None:
    html = figures.network([("a x_I", "f_I", "h_I"), ("b x_T", "f_T", "h_T")]).data
    assert [t for t in texts(html) if t.startswith(("a", "b"))] == ["a xI", "b xT"]
    assert html.count("<rect") == 4  # two encoders, a fusion, a head


def test_a_modality_has_one_color_in_all_diagrams() -> None:
    names = {"image": "I", "text": "T", "audio": "A", "video": "V"}
    colors = {name: FILLS[name] for name in names}
    assert len(set(colors.values())) == 4
    sides = [(name, f"f_{letter}", f"h_{letter}") for name, letter in names.items()]
    for diagram in (figures.network(sides), figures.coordinated(sides)):
        drawn = re.findall(r'y="50" [^>]*fill="([^"]+)"', diagram.data)
        assert drawn == list(colors.values())
    for name in ("image", "text"):
        assert f'fill="{colors[name]}"' in figures.backward_pass().data


def test_an_encoder_of_no_known_modality_is_drawn_too() -> None:
    assert f'fill="{FILLS["encoder"]}"' in figures.network([("x", "f", "h_9")]).data


def test_a_coordinated_representation_has_encoders_and_no_fusion() -> None:
    sides = [("x_I", "f_I", "h_I"), ("x_T", "f_T", "h_T")]
    html = figures.coordinated(sides).data
    assert html.count("<rect") == 3  # the space and two encoders
    fusion = f'fill="{figures.COLORS["brown"]}"'
    assert fusion in figures.network(sides).data and fusion not in html
    assert 'aria-label="x_I → f_I → h_I; x_T → f_T → h_T; coordinated: one space, near' in html


def test_the_arrows_between_coordinated_features_point_outwards() -> None:
    html = figures.coordinated([("a", "b", "c"), ("d", "e", "f")]).data
    level = re.findall(r'<path d="M([\d.]+) 172 L([\d.]+) 172"', html)
    assert [(float(start), float(end)) for start, end in level] == [(166, 83), (166, 249)]
    tips = re.findall(r'<polygon points="([\d.]+),172 ([\d.]+),', html)
    assert [float(tip) < float(back) for tip, back in tips] == [True, False]


PLACES = {name: COLORS[color] for name, color in
         (("own", "sky"), ("meeting", "brown"), ("shared", "green"))}  # fmt: skip


def boxes(markup: str, kind: str) -> int:
    return len(re.findall(f'fill="{PLACES[kind]}"', markup)) - 1  # one is in the legend


def test_the_diagram_has_every_layer_of_every_network() -> None:
    markup = figures.meeting_places(3).data
    # Own layers are drawn twice: a first layer, 0 to 3 blocks, and in the fifth the answer too.
    assert boxes(markup, "own") == 2 * (1 + 2 + 3 + 4 + 5)
    assert boxes(markup, "meeting") == 5
    # Shared: the blocks that are left, and the answer; none where answers are added.
    assert boxes(markup, "shared") == 4 + 3 + 2 + 1 + 0
    for name in ("0", "1", "2", "3", "answers"):
        assert f">{name}</text>" in markup


def test_the_diagram_has_words_for_those_who_cannot_see_it() -> None:
    markup = figures.meeting_places(2).data
    assert 'aria-label="4 networks of two paths with 2 blocks' in markup
    assert "after 0, 1, 2 blocks" in markup


def test_the_diagram_stays_inside_its_frame() -> None:
    markup = figures.meeting_places(3).data
    frame = re.search(r'viewBox="0 0 (\d+) (\d+)"', markup)
    assert frame is not None
    width, height = map(int, frame.groups())
    for x, y, wide in re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', markup):
        assert float(x) + float(wide) <= width
        assert float(y) < height


def draw_fields() -> list[plt.Axes]:
    panels = {
        "narrow": ([1, 1], [0, 0, 1, 2, 3, 2, 1, 0, 0]),
        "holes": ([2, 2], [1, 0, 2, 0, 3, 0, 2, 0, 1]),
    }
    figures.receptive_fields(panels)
    return plt.gcf().axes


def dots(axis: plt.Axes, color: str) -> list[list[int]]:
    return [list(line.get_xdata()) for line in axis.lines if line.get_color() == COLORS[color]]


def test_each_panel_has_its_title_above_its_dots() -> None:
    assert [axis.get_title(loc="left") for axis in draw_fields()] == ["narrow", "", "holes", ""]


def test_the_dots_of_the_input_are_those_that_the_middle_output_reads() -> None:
    axes = draw_fields()
    assert dots(axes[0], "orange") == [[0], [-2, -1, 0, 1, 2]]
    assert dots(axes[2], "orange") == [[0], [-4, -2, 0, 2, 4]]


def test_the_dots_between_are_those_on_the_way() -> None:
    axes = draw_fields()
    assert dots(axes[0], "blue") == [[-1, 0, 1]]
    assert dots(axes[2], "blue") == [[-2, 0, 2]]


def test_every_dot_that_is_read_has_a_line_for_each_tap() -> None:
    assert [len(dots(axis, "gray")) for axis in draw_fields()[::2]] == [3 + 9, 3 + 9]


def test_the_bars_stand_at_the_positions_of_the_dots() -> None:
    bars = draw_fields()[1].patches
    assert [bar.get_height() for bar in bars] == [0, 0, 1, 2, 3, 2, 1, 0, 0]
    assert [bar.get_x() + bar.get_width() / 2 for bar in bars] == pytest.approx(range(-4, 5))


def test_the_rows_name_the_dilations_from_the_input_up() -> None:
    figures.receptive_fields({"": ([1, 3], [1] * 9)})
    ticks = plt.gcf().axes[0].get_yticklabels()
    assert [tick.get_text() for tick in ticks] == ["input", "d = 1", "d = 3"]
