"""A small page that keeps every promise, for tests to break one promise at a time."""

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from tests.notebooks.guards.page import Page
from tools import canonical, links

PATH = "notebooks/2-1-example.ipynb"
ADDRESS = "https://github.com/owner/name"

OBJECTIVES = """\
**The question.** Why add the input?

**You will be able to**

- build a block;
- say why it works;
- count its weights.

**Before you start** · [Notation](../book/notation.md)

**Time** about 30 minutes; the cells run in under a minute · **Difficulty** ●●○"""
SUMMARY = "## Summary\n\n- One.\n- Two.\n- Three."
IMPORTS = "from mmtutor import blocks, claim, claim_same_outputs, exercises, training"
BLOCK = """\
class ResidualBlock:
    def forward(self, x):
        return x"""
SAME = """\
ours = ResidualBlock(16)
claim_same_outputs(ours, blocks.ResidualBlock(16), 1)"""


def exercise(number: str) -> list[NotebookNode]:
    """Return the cells of an exercise."""
    text = f"### Exercise {number} · Add it\n\n**Difficulty** ●○○ · **Time** 5 minutes"
    code = f'def answer(x): ...\n\n\nexercises.check("{number}", answer)'
    return [
        new_markdown_cell(text),
        new_code_cell(code, outputs=[printed(f"{number}: not attempted yet\n")]),
    ]


def printed(text: str) -> NotebookNode:
    """Return an output of printed text."""
    return new_output("stream", name="stdout", text=text)


def shown(**data: str) -> NotebookNode:
    """Return a displayed output, such as `shown(image_png="…")`."""
    return new_output("display_data", {kind.replace("_", "/"): v for kind, v in data.items()})


def good_cells() -> list[NotebookNode]:
    """Return the cells of a page without a problem; code cells start at 1 and 3."""
    picture = {"mystnb": {"image": {"alt": "A curve that falls steeply and then stays level."}}}
    code = [
        new_code_cell(IMPORTS),
        new_code_cell(BLOCK),
        new_code_cell(SAME, outputs=[printed("✓ the same\n")]),
        new_code_cell("plot(1)", metadata=picture, outputs=[shown(image_png="AAAA")]),
        new_code_cell("play(1)", outputs=[shown(text_html='<audio aria-label="one"></audio>')]),
        new_code_cell("train(1)", metadata={"tags": ["nbval-ignore-output"]}),
        new_code_cell('claim(1 < 2, "less")', outputs=[printed("✓ less\n")]),
        new_code_cell('claim(2 < 3, "less")', outputs=[printed("✓ less\n")]),
        *[new_code_cell(f"x = {i}\nx + {i}") for i in range(4)],
    ]
    return [
        new_markdown_cell(links.title_cell("Example", PATH, ADDRESS)),
        new_code_cell(links.setup_cell(ADDRESS), metadata={"tags": ["hide-input"]}),
        new_markdown_cell(OBJECTIVES),
        *code,
        new_markdown_cell("word " * 900),
        new_markdown_cell(SUMMARY),
        new_markdown_cell("## Exercises"),
        *exercise("2.1.a"),
        *exercise("2.1.b"),
        new_markdown_cell("## References\n\nHe et al. (2016)."),
    ]


REVISED_PATH = "notebooks/2-1-the-residual-block.ipynb"
CHIPS = """\
**The question.** Why add the input?

**You will be able to**

- build a block;
- say why it works;
- count its weights.

**Time** 10 minutes · **Difficulty** ●●○ · **You need** [Notation](../book/notation.md)"""
FINDING = """\
finding("Deep nets learn: loss", losses, below=1, origin="before")
finding("Wide nets learn: loss", losses, below=1, origin="after")
finding("Old nets learn: loss", losses, below=1, origin="validation")"""


def revised_cells() -> list[NotebookNode]:
    """Return the cells of a page in the second edition's anatomy, without a problem."""
    figure = "<figure class='mmtutor'><svg aria-label='a line'></svg></figure>"
    plot = (
        'plot(1)\nfigures.show(1, "The loss falls at once.", alt="A curve that falls steeply and "'
    )
    plot += '"then stays level.")'
    code = [
        new_code_cell(BLOCK),
        new_code_cell("check_same_outputs(ResidualBlock(16), blocks.ResidualBlock(16), 1)"),
        new_code_cell(plot, outputs=[shown(**{"text/html": figure, "image/png": "AAAA"})]),
        new_code_cell(FINDING),
        new_code_cell("n = 1\nexact(n < 2, 'less')", outputs=[printed("✓ less\n")]),
        *[new_code_cell(f"x = {i}\nx + {i}") for i in range(13)],
        new_code_cell("show_checks()", outputs=[printed("✓ 1 check\n")]),
    ]
    return [
        new_markdown_cell(links.title_cell("Example", REVISED_PATH, ADDRESS)),
        new_markdown_cell(CHIPS),
        new_code_cell(links.setup_cell(ADDRESS), metadata={"tags": ["hide-input"]}),
        new_code_cell(
            "from mmtutor import blocks, exercises, figures", metadata={"tags": ["hide-input"]}
        ),
        new_markdown_cell("## By hand: one number\n\n" + "word " * 1200),
        *code,
        new_markdown_cell("## When not to use it\n\nNever."),
        new_markdown_cell("## Where you meet this today\n\nIn ResNet (He et al. 2016)."),
        new_markdown_cell(SUMMARY),
        new_markdown_cell("## Quiz"),
        new_code_cell('exercises.quiz("2.1")'),
        new_markdown_cell("## Exercises"),
        *exercise("2.1.a"),
        *exercise("2.1.b"),
        new_markdown_cell("●●● at last"),
        new_markdown_cell("## Further\n\nMore."),
        new_markdown_cell("## References\n\nHe et al. (2016)."),
    ]


def store(cells: list[NotebookNode], path: str = PATH) -> Page:
    """Number the executed cells and return the page as it would be stored."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count
    for position, cell in enumerate(cells):
        cell.id = f"cell-{position}"
    text = canonical.write(nbformat.v4.new_notebook(cells=cells))
    return Page(path, text, ADDRESS, frozenset({"ResidualBlock", "train"}))
