"""Each guard accepts a good page and finds what is wrong with a broken one."""

import dataclasses
from collections.abc import Callable

import pytest
from guards import GUARDS, Page
from guards.claims import built_equals_packaged, claims, ignored_outputs, packaged_names
from guards.example import ADDRESS, BLOCK, exercise, good_cells, printed, shown, store
from guards.form import canonical_form, execution_counts, opening, setup
from guards.outputs import alternative_text, clean_outputs, ticks
from guards.paths import machine_paths
from guards.repeats import repeated_definitions
from guards.sections import closing_sections, exercises, objectives
from guards.style import cell_sizes, comments, prose
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

Cells = list[NotebookNode]


def page_with(change: Callable[[Cells], object]) -> Page:
    cells = good_cells()
    change(cells)
    return store(cells)


def replace(old: str, new: str) -> Callable[[Cells], None]:
    """Return a change of the one cell that contains a text."""

    def change(cells: Cells) -> None:
        (cell,) = [cell for cell in cells if old in cell.source]
        cell.source = cell.source.replace(old, new)

    return change


def add(source: str, **options: object) -> Callable[[Cells], None]:
    """Return a change that puts a code cell after the first three cells."""
    return lambda cells: cells.insert(3, new_code_cell(source, **options))


def remove(position: int) -> Callable[[Cells], object]:
    return lambda cells: cells.pop(position)


def retag(old: str, *new: str) -> Callable[[Cells], None]:
    def change(cells: Cells) -> None:
        (cell,) = [cell for cell in cells if old in cell.metadata.get("tags", [])]
        cell.metadata.tags = list(new)

    return change


def store_output(output: NotebookNode) -> Callable[[Cells], None]:
    return add("show()", outputs=[output])


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_a_good_page_has_no_problem(guard):
    assert guard(store(good_cells())) == []


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_guards_answer_on_an_empty_page(guard):
    assert isinstance(guard(store([])), list)


BROKEN = [
    (opening, replace("# Example", "Example"), "first cell must be\n# Example"),
    (opening, replace("# Example", "# "), "first cell must be"),
    (opening, replace("blob/main/notebooks/2-1-", "blob/main/notebooks/9-9-"), "2-1-example"),
    (opening, replace("owner/name/blob", "other/name/blob"), "owner/name/blob"),
    (opening, remove(0), "first cell must be"),
    (setup, replace("--no-deps ", ""), "--no-deps"),
    (setup, replace("owner/name\"", "other/name\""), "git+https://github.com/owner/name"),
    (setup, remove(1), "second cell must be the code"),
    (setup, retag("hide-input"), "hide-input"),
    (objectives, replace("**The question.**", "Question:"), "**The question.**"),
    (objectives, replace("**You will be able to**", "Aims"), "**You will be able to**"),
    (objectives, replace("- count its weights.", ""), "2 points"),
    (objectives, replace("- build", "- a\n- b\n- c\n- d\n- build"), "7 points"),
    (objectives, replace("[Notation](../book/notation.md)", "nothing"), "a link in the line"),
    (objectives, replace("about 30 minutes; the", "some time; the"), "minutes after **Time**"),
    (objectives, replace("●●○", "medium"), "**Difficulty**"),
    (objectives, replace("●●○", "○●●"), "**Difficulty**"),
    (objectives, remove(2), "**The question.**"),
    (closing_sections, replace("## Summary", "## In short"), "## Summary"),
    (closing_sections, replace("## References", "## Notes"), "## References"),
    (closing_sections, lambda cells: cells.append(new_markdown_cell("## More")), "last of all"),
    (closing_sections, replace("- Three.", ""), "summary has 2 lines"),
    (closing_sections, replace("- One.", "- a\n" * 5), "summary has 7 lines"),
    (closing_sections, replace("He et al. (2016).", ""), "no references"),
    (exercises, lambda cells: cells.__delitem__(slice(-3, -1)), "1 headings"),
    (exercises, lambda cells: cells.extend(exercise("2.1.c") * 3), "5 headings"),
    (exercises, replace("Exercise 2.1.b", "Exercise 2.1.c"), "['2.1.a', '2.1.c']"),
    (exercises, replace("Exercise 2.1.a", "Exercise 3.1.a"), "expected ['2.1.a', '2.1.b']"),
    (exercises, lambda cells: cells[-3].update(source="### Exercise 2.1.b · T\n\nHard."), "2.1.b"),
    (exercises, replace('check("2.1.b"', 'hint("2.1.b"'), '2.1.b: no cell below it calls'),
    (exercises, replace('check("2.1.b"', 'check("2.1.a"'), '2.1.b: no cell below it calls'),
    (cell_sizes, lambda cells: cells.__delitem__(slice(11, 15)), "11 code cells"),
    (cell_sizes, lambda cells: [add("x")(cells) for _ in range(20)], "35 code cells"),
    (cell_sizes, lambda cells: [add("x\n" * 7)(cells) for _ in range(16)], "median code cell has 7"),
    (cell_sizes, lambda cells: [add("x\n" * 16)(cells) for _ in range(2)], "up to 16 lines"),
    (cell_sizes, add("x\n" * 26), "longest code cell has 26"),
    (cell_sizes, add(""), "a code cell is empty"),
    (prose, replace("word word", ""), "words of prose"),
    (prose, lambda cells: cells.append(new_markdown_cell("word " * 1400)), "words of prose"),
    (comments, add("x = 1  # one\n# two\n%pip list  # three"), "3 comments in"),
    (alternative_text, store_output(shown(image_png="AAAA")), "mystnb.image.alt"),
    (alternative_text, store_output(shown(**{"image/svg+xml": "<svg/>"})), "mystnb.image.alt"),
    (alternative_text, store_output(shown(text_html="<p><img src='x'>")), "<img> without alt"),
    (alternative_text, store_output(shown(text_html="<img alt=''>")), "<img> without alt"),
    (alternative_text, store_output(shown(text_html="<audio></audio>")), "<audio> without"),
    (alternative_text, store_output(shown(text_html="<svg></svg>")), "<svg> without"),
    (clean_outputs, store_output(new_output("stream", name="stderr", text="hot")), "stderr: hot"),
    (clean_outputs, store_output(new_output("error", ename="E", evalue="off")), "an error: off"),
    (clean_outputs, store_output(printed("in /" + "home/ann/x.py")), "names a path of one machine"),
    (clean_outputs, store_output(shown(text_html="<b>/" + "root/x</b>")), "names a path of one"),
    (
        clean_outputs,
        store_output(shown(**{"application/vnd.jupyter.widget-view+json": "{}"})),
        "stores a widget",
    ),
    (ticks, add("print('✓ fine')"), "writes ✓ itself"),
    (ticks, store_output(printed("✓ fine\n")), "shows ✓ without a claim"),
    (claims, replace('claim(1 < 2, "less")', "1 < 2"), "2 claims"),
    (ignored_outputs, add("x", metadata={"tags": ["nbval-skip"]}), "must not use nbval-skip"),
    (ignored_outputs, add("# NBVAL_IGNORE_OUTPUT\nx"), "must not use nbval-skip or an NBVAL_"),
    (
        ignored_outputs,
        lambda cells: [add("x", metadata={"tags": ["nbval-ignore-output"]})(cells)] * 1
        and [add("y", metadata={"tags": ["nbval-ignore-output"]})(cells) for _ in range(3)],
        "5 of 19 code cells",
    ),
    (
        ignored_outputs,
        lambda cells: cells.append(
            new_code_cell("x", metadata={"tags": ["nbval-ignore-output"]})
        ),
        "no claim follows",
    ),
]


@pytest.mark.parametrize(("guard", "change", "problem"), BROKEN)
def test_a_broken_page_is_found(guard, change, problem):
    assert problem in "\n".join(guard(page_with(change)))
