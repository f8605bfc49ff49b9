"""Each guard accepts a good page and finds what is wrong with a broken one."""

import dataclasses
from collections.abc import Callable

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.notebooks.guards import CARD_GUARDS, GUARDS, Page
from tests.notebooks.guards.anatomy import findings, numbered_figures, practice, reading_time
from tests.notebooks.guards.claims import (
    built_equals_packaged,
    claims,
    ignored_outputs,
    packaged_names,
)
from tests.notebooks.guards.example import (
    ADDRESS,
    BLOCK,
    REVISED_PATH,
    SAME,
    exercise,
    good_cells,
    printed,
    revised_cells,
    shown,
    store,
)
from tests.notebooks.guards.form import canonical_form, execution_counts, opening, setup
from tests.notebooks.guards.formulas import brackets, lost_brackets
from tests.notebooks.guards.letters import letters, letters_without_meaning
from tests.notebooks.guards.locked import locked_forms
from tests.notebooks.guards.outputs import alternative_text, clean_outputs, ticks
from tests.notebooks.guards.paths import machine_paths
from tests.notebooks.guards.repeats import repeated_definitions
from tests.notebooks.guards.sections import (
    CARD_SECTIONS,
    card_sections,
    closing_sections,
    exercises,
    objectives,
)
from tests.notebooks.guards.style import cell_sizes, comments, prose
from tests.notebooks.guards.words import words
from tools import canonical

Cells = list[NotebookNode]
FORMULA = r"$$\begin{aligned} [a; b] &= c. \end{aligned}$$"


def as_page(text: str) -> Page:
    return dataclasses.replace(store([]), text=text)


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


def add(source: str, tag: str | None = None, output: NotebookNode | None = None, times: int = 1):
    """Return a change that puts code cells after the third cell."""
    metadata = {"tags": [tag]} if tag else {}
    outputs = [output] if output else []

    def change(cells: Cells) -> None:
        for _ in range(times):
            cells.insert(3, new_code_cell(source, metadata=metadata, outputs=outputs))

    return change


def append(*more: NotebookNode) -> Callable[[Cells], None]:
    return lambda cells: cells.extend(more)


def remove(first: int, last: int) -> Callable[[Cells], None]:
    return lambda cells: cells.__delitem__(slice(first, last))


def replace_alt(alt: str) -> Callable[[Cells], None]:
    return lambda cells: cells[6].metadata.mystnb.image.update(alt=alt)


def swap_answers(cells: Cells) -> None:
    cells[-2], cells[-4] = cells[-4], cells[-2]


def untag(cells: Cells) -> None:
    cells[1].metadata = {}


def show(output: NotebookNode) -> Callable[[Cells], None]:
    return add("show()", output=output)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_a_good_page_has_no_problem(guard):
    assert guard(store(good_cells())) == []


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_guards_answer_on_an_empty_page(guard):
    assert isinstance(guard(store([])), list)


BROKEN = [
    (opening, replace("# Example", "Example"), "first cell must be\n# Example"),
    (opening, replace("# Example", "# "), "first cell must be"),
    (opening, replace("/notebooks/2-1-", "/notebooks/9-9-"), "2-1-example"),
    (opening, replace("owner/name/blob", "other/name/blob"), "owner/name/blob"),
    (opening, remove(0, 1), "first cell must be"),
    (setup, replace("--no-deps ", ""), "--no-deps"),
    (setup, replace("owner/name@", "other/name@"), f"git+{ADDRESS}"),
    (setup, remove(1, 2), "second cell must be the code"),
    (setup, untag, "hide-input"),
    (objectives, replace("**The question.**", "Question:"), "**The question.**"),
    (objectives, replace("**You will be able to**", "Aims"), "**You will be able to**"),
    (objectives, replace("- count its weights.", ""), "2 points"),
    (objectives, replace("- build", "- a\n- b\n- c\n- d\n- build"), "7 points"),
    (objectives, replace("[Notation](../book/notation.md)", "nothing"), "a link in the line"),
    (objectives, replace("about 30 minutes; the", "some time; the"), "minutes after **Time**"),
    (objectives, replace("●●○", "medium"), "**Difficulty**"),
    (objectives, replace("●●○", "○●●"), "**Difficulty**"),
    (objectives, remove(2, 3), "**The question.**"),
    (closing_sections, replace("## Summary", "## In short"), "## Summary"),
    (closing_sections, replace("## References", "## Notes"), "## References"),
    (closing_sections, append(new_markdown_cell("## More")), "last of all"),
    (closing_sections, replace("- Three.", ""), "summary has 2 lines"),
    (closing_sections, replace("- One.", "- a\n" * 5), "summary has 7 lines"),
    (closing_sections, replace("He et al. (2016).", ""), "no references"),
    (exercises, remove(-3, -1), "1 headings"),
    (exercises, append(*(cell for x in "cdefg" for cell in exercise(f"2.1.{x}"))), "7 headings"),
    (exercises, replace("Exercise 2.1.b", "Exercise 2.1.c"), "['2.1.a', '2.1.c']"),
    (exercises, replace("Exercise 2.1.a", "Exercise 3.1.a"), "expected ['2.1.a', '2.1.b']"),
    (exercises, replace("2.1.b · Add it\n\n**Difficulty**", "2.1.b · Add it\n\nEasy\n\n"), "2.1.b"),
    (exercises, replace('check("2.1.b"', 'hint("2.1.b"'), "2.1.b: no cell below it calls"),
    (exercises, replace('check("2.1.b"', 'check("2.1.a"'), "2.1.b: no cell below it calls"),
    (exercises, swap_answers, "2.1.a: no cell below it calls"),
    (cell_sizes, remove(11, 14), "11 code cells"),
    (cell_sizes, add("x", times=21), "35 code cells"),
    (cell_sizes, add("x\n" * 7, times=16), "median code cell has 7"),
    (cell_sizes, add("x\n" * 16, times=2), "up to 16 lines"),
    (cell_sizes, add("x\n" * 26), "longest code cell has 26"),
    (cell_sizes, add(""), "a code cell is empty"),
    (locked_forms, add('data.digits("locked")'), "code cell 2 mentions the locked split"),
    (locked_forms, add("rows = split_rows('locked')"), "code cell 2 mentions the locked split"),
    (prose, replace("word word", ""), "words of prose"),
    (prose, append(new_markdown_cell("word " * 1400)), "words of prose"),
    (comments, add("x = 1  # one\n# two"), "2 comments in 31 lines"),
    (brackets, replace("word word", FORMULA), "read as an optional argument: \\begin{aligned} [a"),
    (alternative_text, show(shown(image_png="AAAA")), "mystnb.image.alt"),
    (alternative_text, show(shown(**{"image/svg+xml": "<svg/>"})), "mystnb.image.alt"),
    (alternative_text, replace_alt("A curve."), "got 'A curve.'"),
    (alternative_text, show(shown(text_html="<p><img src='x'>")), "<img> without alt"),
    (alternative_text, show(shown(text_html="<img alt=''>")), "<img> without alt"),
    (alternative_text, show(shown(text_html="<audio></audio>")), "<audio> without"),
    (alternative_text, show(shown(text_html="<svg></svg>")), "<svg> without"),
    (clean_outputs, show(new_output("stream", name="stderr", text="hot")), "stderr: hot"),
    (clean_outputs, show(new_output("error", ename="E", evalue="off")), "an error: off"),
    (clean_outputs, show(printed("in /" + "home/ann/x.py")), "names a path of one machine"),
    (clean_outputs, show(shown(text_html="<b>/" + "root/x</b>")), "names a path of one machine"),
    (clean_outputs, show(shown(**{"application/vnd.jupyter.x+json": "{}"})), "stores a widget"),
    (ticks, add("print('✓ fine')"), "writes ✓ itself"),
    (ticks, show(printed("✓ fine\n")), "shows ✓ without a claim"),
    (claims, replace('claim(1 < 2, "less")', "1 < 2"), "2 claims"),
    (ignored_outputs, add("x", tag="nbval-skip"), "must not use nbval-skip"),
    (ignored_outputs, add("# NBVAL_IGNORE_OUTPUT\nx"), "must not use nbval-skip or an NBVAL_"),
    (ignored_outputs, add("x", tag="nbval-ignore-output", times=3), "4 of 18 code cells"),
    (ignored_outputs, add("x", tag="nbval-ignore-output", times=3), "no claim follows"),
    (built_equals_packaged, replace("claim_same_outputs(", "print("), "ResidualBlock is built"),
    (built_equals_packaged, replace("blocks.Residual", "Residual"), "ResidualBlock is built"),
    (built_equals_packaged, replace("(ours, ", "(other, "), "ResidualBlock is built"),
    (built_equals_packaged, add("def train(model):\n    return 0"), "train is built here"),
]


@pytest.mark.parametrize(("guard", "change", "problem"), BROKEN)
def test_a_broken_page_is_found(guard, change, problem):
    assert problem in "\n".join(guard(page_with(change)))


BROKEN_REVISED = [
    (setup, remove(2, 3), "third cell must be the code"),
    (
        objectives,
        replace("**You need** [Notation]", "**You need** [Notation"),
        "the second cell lacks",
    ),
    (objectives, replace("10 minutes · ", "10 minutes\n\n"), "one line **Time** N minutes"),
    (closing_sections, replace("## Quiz", "## Test"), "expected to end with"),
    (closing_sections, replace("He et al. 2016).", "somewhere)."), "names no source"),
    (closing_sections, replace("## By hand", "## With a pencil"), "By hand"),
    (cell_sizes, add("x", times=12), "31 code cells, expected 18 to 24"),
    (reading_time, replace("**Time** 10", "**Time** 30"), "30 minutes are stated"),
    (numbered_figures, replace("show(1, ", "show(2, "), "numbered [2]"),
    (numbered_figures, replace("The loss falls at once.", "Loss."), "a caption says too little"),
    (numbered_figures, replace("A curve that falls steeply and ", "x x x x"), "for a plot say too"),
    (numbered_figures, lambda cells: cells[7].metadata.update(mystnb={}), "mystnb"),
    (findings, replace("Deep nets learn", "but deep nets learn"), "cannot be read alone"),
    (findings, replace('"validation"', '"after"'), "2 of 3 bounds were set after"),
    (findings, replace("n < 2", "True"), "a constant is no claim"),
    (findings, add('claim(n < 2, "less")'), "for pages that are not revised"),
    (findings, show(printed("◇ Deep nets learn\n")), "does not hold"),
    (findings, lambda cells: cells.pop(8), "0 findings"),
    (words, replace("Never.", "The sense is dear."), "'dear': say expensive"),
    (letters, replace("Never.", "Never, as $\\Xi$ says."), r"$\Xi$ stands in no table"),
    (practice, replace("exercises.quiz(", "print("), "exercises.quiz"),
    (practice, replace("●●● at last", "●●○ at last"), "no exercise is ●●●"),
]


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_a_good_revised_page_has_no_problem(guard):
    assert guard(store(revised_cells(), REVISED_PATH)) == []


@pytest.mark.parametrize(("guard", "change", "problem"), BROKEN_REVISED)
def test_a_broken_revised_page_is_found(guard, change, problem):
    cells = revised_cells()
    change(cells)
    assert problem in "\n".join(guard(store(cells, REVISED_PATH)))


def test_a_claim_whose_failure_would_pass_is_found():
    page = page_with(add('claim(1 < 2, "less")', tag="raises-exception"))
    assert "may raise" in ignored_outputs(page)[0]


def test_every_guard_is_shown_to_fail():
    elsewhere = {execution_counts, canonical_form, card_sections}
    broken = {guard for guard, _, _ in BROKEN + BROKEN_REVISED}
    assert broken | elsewhere == set(GUARDS) | set(CARD_GUARDS)


@pytest.mark.parametrize(
    "formula",
    [
        r"\begin{aligned} [a; b] &= c \end{aligned}",
        r"\begin{array}{ll} [a; b] & c \end{array}",
        r"\begin{aligned} x &[a; b] \end{aligned}",
        "\\begin{aligned} x \\\\\n [a; b] \\end{aligned}",
    ],
)
def test_a_bracket_that_would_be_swallowed_is_found(formula):
    assert len(lost_brackets(formula)) == 1
    assert lost_brackets(formula.replace("[a", "{}[a")) == []


@pytest.mark.parametrize(
    "text",
    [
        r"$$\begin{aligned} a &= [b; c], \\[1ex] d &= \big[e\big] \end{aligned}$$",
        "Questions & [answers](6-1-questions-and-answers.ipynb)",
    ],
)
def test_other_brackets_are_accepted(text):
    assert lost_brackets(text) == []


def card(sections: tuple[str, ...], text: str = "Words.") -> Page:
    return store([new_markdown_cell(f"## {name}\n\n{text}") for name in sections])


def test_a_data_card_answers_every_question_in_order():
    assert card_sections(card(CARD_SECTIONS)) == []
    for sections in (CARD_SECTIONS[1:], CARD_SECTIONS[::-1], (*CARD_SECTIONS, "More")):
        assert "expected the sections Origin and license, " in card_sections(card(sections))[0]
    assert "## Splits is empty" in card_sections(card(CARD_SECTIONS, text=""))


def test_a_data_card_may_be_shorter_than_a_page():
    cells = good_cells()[:8]
    assert "5 code cells" in cell_sizes(store(cells))[0]
    assert cell_sizes(store(cells, path="notebooks/data/digits.ipynb")) == []
    assert "2 code cells" in cell_sizes(store(cells[:5], path="notebooks/data/digits.ipynb"))[0]


NOTATION = """
| symbol | meaning |
|---|---|
| $x_I$, $f_I$ | input and encoder of images |

| page | letters | meaning |
|---|---|---|
| 2.1 | $w$ | weight |
| 2.1 | $\\alpha$ | a scale |
| 3.5 | $v$ | a vector |
"""


@pytest.mark.parametrize(
    ("prose", "problems"),
    [
        (r"$x_I w$, $$\alpha f_\text{any words}$$", []),
        (r"$w + \alpha v$", ["$v$ stands in no table of book/notation.md"]),
        (r"$w \cdot \alpha$ costs 3 k", []),
    ],
)
def test_letters_that_no_table_explains_are_found(prose, problems):
    assert letters_without_meaning(prose, "2.1", NOTATION) == problems


def test_a_letter_with_two_meanings_on_a_page_is_found():
    twice = NOTATION + "| 2.1 | $w$ | width |\n"
    problems = letters_without_meaning(r"$w \alpha$", "2.1", twice)
    assert problems == ["$w$ has two meanings here"]


@pytest.mark.parametrize("counts", [(1, 2, 4), (None, 1, 2), (2, 1, 3), (2, 3, 4)])
def test_cells_that_were_not_executed_in_order_are_found(counts):
    cells = [new_code_cell("x", execution_count=count) for count in counts]
    page = as_page(canonical.write(new_notebook(cells=cells)))
    assert str(list(counts)) in execution_counts(page)[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"nbformat": 4', '"nbformat":4'),
        ("x + 1", "x+1"),
        ('"tags": [', '"collapsed": true,\n    "tags": ['),
        ('"language_info": {', '"language_info": {\n   "version": "3.13.0",'),
    ],
)
def test_a_page_in_another_form_is_found(old, new):
    good = store(good_cells()).text
    assert old in good
    assert "not in canonical form" in canonical_form(as_page(good.replace(old, new)))[0]


@pytest.mark.parametrize(
    "code",
    [
        "claim_same_outputs(ResidualBlock(16), blocks.ResidualBlock(16), x)",
        "claim_same_outputs(ResidualBlock(16), mmtutor.blocks.ResidualBlock(16), x)",
        "from mmtutor.blocks import ResidualBlock as Theirs\n"
        "claim_same_outputs(ResidualBlock(16), Theirs(16), x)",
        "for a, b in [(ResidualBlock(1), blocks.ResidualBlock(1))]:\n"
        "    claim_same_outputs(a, b, x)",
    ],
)
def test_ways_to_compare_a_class_with_the_packaged_one(code):
    assert built_equals_packaged(page_with(replace(SAME, code))) == []


@pytest.mark.parametrize(
    ("code", "accepted"),
    [
        ("claim(train(a) == training.train(b), 'same')", True),
        ("a, b = train(m), training.train(n)\nclaim(abs(a - b) < 1e-6, 'same')", True),
        ("claim(train(a) == training.evaluate(b)['accuracy'], 'same')", True),
        ("claim(train(a) > 0, 'it learns')", False),
        ("claim(train(blocks.ResidualBlock(1)) > 0, 'it learns')", False),
        ("claim(train(a) == train(b), 'same')", False),
        ("claim(train(a) == a.train(b), 'same')", False),
    ],
)
def test_ways_to_compare_a_function_with_the_packaged_one(code, accepted):
    page = page_with(add("def train(model):\n    return 0\n\n\n" + code))
    assert (built_equals_packaged(page) == []) is accepted


def test_hints_and_solutions_do_not_count_as_cells_of_the_lesson():
    assert cell_sizes(page_with(add('exercises.solution("2.1.a")', times=40))) == []


def test_an_exercise_with_the_name_of_something_packaged_is_not_built():
    assert (
        built_equals_packaged(page_with(add('def train(model):\n    """Do it."""\n    ...'))) == []
    )


def test_public_names_of_the_rooms_are_packaged(tmp_path):
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "loop.py").write_text("def train(): ...\ndef _step(): ...\n")
    (tmp_path / "blocks.py").write_text("class Block:\n    def forward(self): ...\n")
    (tmp_path / "figures.py").write_text("def lines(): ...\n")
    assert packaged_names(tmp_path) == {"train", "Block"}


def test_a_definition_in_two_notebooks_is_found():
    pages = [store(good_cells(), f"notebooks/2-{i}-example.ipynb") for i in (1, 2)]
    (problem,) = repeated_definitions(pages)
    assert problem.startswith("ResidualBlock is defined identically in notebooks/2-1-example")
    assert "notebooks/2-2-example.ipynb" in problem


def test_exercise_stubs_and_different_definitions_may_share_a_name():
    other = good_cells()
    replace(BLOCK, BLOCK.replace("return x", "return x + 1"))(other)
    pages = [store(good_cells()), store(other, "notebooks/2-2-example.ipynb")]
    assert repeated_definitions(pages) == []


@pytest.mark.parametrize(
    "path",
    ["root/x.py", "work/x", "home/ann/x", "Users/Ann/x", "tmp/x1"],
)
@pytest.mark.parametrize("before", ["", "see ", '"', "(", "file://"])
def test_paths_of_a_machine_are_found(before, path):
    assert machine_paths(f"one\n{before}/{path} two")[0].startswith("line 2 names a path")


def test_a_path_of_windows_is_found():
    assert machine_paths("at C:" + "\\Users\\ann")


@pytest.mark.parametrize(
    "text",
    [
        "network/root/x",
        "~/work/x",
        "{folder}/tmp/x",
        "$HOME/work/",
        "https://a.org/home/x/y",
        "/tmp",
    ],
)
def test_other_paths_are_accepted(text):
    assert machine_paths(text) == []
