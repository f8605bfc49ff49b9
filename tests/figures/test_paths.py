from xml.etree.ElementTree import Element

import pytest

from mmtutor import figures
from tests.figures.drawn import check, labels, nodes, words


def ways(svg: Element) -> list[tuple[set[str], bool]]:
    """Return for each line with branches which they are, and whether it is faint."""
    return [
        (set(map("".join, (text.itertext() for text in nodes(group, "text")))), opacity < 1)
        for group in nodes(svg, "g")
        for opacity in [float(group.get("opacity", 1))]
    ]


def paths(blocks: int, **options: int) -> list[tuple[set[str], bool]]:
    return ways(check(figures.paths(blocks, **options).data))[blocks:]  # behind those of the chain


@pytest.mark.parametrize("blocks", [1, 2, 3, 4])
def test_every_choice_of_branches_is_one_path(blocks: int) -> None:
    found = paths(blocks)
    assert len(found) == len({frozenset(branches) for branches, _ in found}) == 2**blocks
    lengths = [len(branches) for branches, _ in found]
    assert lengths == sorted(lengths)
    assert not any(is_faint for _, is_faint in found)


@pytest.mark.parametrize(("blocks", "without"), [(1, 1), (2, 1), (3, 1), (3, 2), (3, 3), (4, 3)])
def test_half_of_the_paths_die_with_a_block_and_they_are_those_through_it(
    blocks: int, without: int
) -> None:
    found = paths(blocks, without=without)
    assert sum(is_faint for _, is_faint in found) == 2 ** (blocks - 1)
    assert all(is_faint == (f"F{without}" in branches) for branches, is_faint in found)


def test_the_deleted_block_is_faint_in_the_chain_too() -> None:
    chain = ways(check(figures.paths(3, without=2).data))[:3]
    assert chain == [({"F1"}, False), ({"F2"}, True), ({"F3"}, False)]


def test_the_picture_counts_the_paths() -> None:
    assert "8 paths" in labels(check(figures.paths(3).data))
    svg = check(figures.paths(3, without=1).data)
    assert "4 of 8 paths are left without F1" in labels(svg)
    assert words(svg).endswith("4 of 8 paths are left without F_1")


@pytest.mark.parametrize("blocks", [0, 5])
def test_a_chain_that_cannot_be_drawn_is_refused(blocks: int) -> None:
    with pytest.raises(ValueError, match="1 to 4 blocks"):
        figures.paths(blocks)


@pytest.mark.parametrize("without", [0, 4, -1])
def test_a_block_that_is_not_there_is_refused(without: int) -> None:
    with pytest.raises(ValueError, match="number of a block, 1 to 3"):
        figures.paths(3, without=without)
