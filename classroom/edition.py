"""Build the instructor's edition: `python -m classroom edition`.

A second, small book beside the public one, in its look: the teaching notes, the solution of every
exercise, the answers to the quizzes, and the sources of the assignments with their hidden tests.
"""

import argparse
import inspect
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from classroom import slides
from mmtutor import exercises
from mmtutor.exercises.question import Question
from tools import canonical

ROOT = Path(__file__).resolve().parents[1]
NOTES = ROOT / "classroom" / "notes"
ASSIGNMENTS = ROOT / "classroom" / "assignments"
FRONT = ROOT / "classroom" / "templates" / "edition.md"


def write(folder: Path, root: Path = ROOT) -> None:
    """Write the sources of the edition: its pages, its configuration and its table of contents.

    Args:
        folder: made anew; what was in it is deleted.
        root: of the repository, whose look the edition takes over.
    """
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "notes").mkdir(parents=True)
    for note in sorted(NOTES.glob("*.md")):
        shutil.copy(note, folder / "notes" / note.name)
    sources = sorted(ASSIGNMENTS.glob("*.ipynb")) if ASSIGNMENTS.is_dir() else []
    for source in sources:
        (folder / "assignments").mkdir(exist_ok=True)
        text = as_text(source)
        (folder / "assignments" / f"{source.stem}.md").write_text(text, encoding="utf-8")
    shutil.copy(FRONT, folder / "index.md")
    (folder / "solutions.md").write_text(solutions(), encoding="utf-8")
    (folder / "quizzes.md").write_text(quizzes(), encoding="utf-8")
    _dump(folder / "_toc.yml", contents([source.stem for source in sources]))
    _dump(folder / "_config.yml", configuration(root))


def solutions() -> str:
    """Return a page with the reference solution of every exercise, as Markdown."""
    titles = _titles()
    lines = ["# Solutions\n"]
    for number in exercises.numbers():
        exercise = exercises.find(number)
        code = textwrap.dedent(inspect.getsource(exercise.solution)).strip()
        heading = f"## {number} · {titles[number]}" if number in titles else f"## {number}"
        lines.append(f"{heading}\n\n```python\n{code}\n```\n\n{exercise.praise}\n")
    return "\n".join(lines)


def _titles() -> dict[str, str]:
    """Return the titles of the exercises, from the headings of their pages."""
    marker = "### Exercise "
    found = {}
    for page in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in canonical.read(page.read_text(encoding="utf-8")).cells:
            for line in cell.source.splitlines():
                if line.startswith(marker):
                    number, _, title = line.removeprefix(marker).partition(" · ")
                    found[number] = title
    return found


def quizzes() -> str:
    """Return a page with the answers to all quizzes, as Markdown."""
    lines = ["# Answers to the quizzes\n"]
    for page, questions in exercises.quizzes().items():
        lines.append(f"## Page {page}\n")
        lines.extend(_question(i, question) for i, question in enumerate(questions, start=1))
    return "\n".join(lines)


def _question(i: int, question: Question) -> str:
    rows = [f"**{i}.** {question.text}\n"]
    for letter, answer in zip("ABCDEF", question.answers, strict=False):
        text = f"**{answer.text}**" if answer.right else answer.text
        rows.append(f"- {letter}. {text} *{'Right' if answer.right else 'Wrong'}.* {answer.why}")
    return "\n".join(rows) + "\n"


def as_text(source: Path) -> str:
    """Return the source of an assignment as Markdown: to be read whole, not to be run."""
    parts = []
    for cell in canonical.read(source.read_text(encoding="utf-8")).cells:
        grading = cell.metadata.get("nbgrader", {})
        if grading.get("points"):
            parts.append(f"*{grading['grade_id']}, {grading['points']:g} points*")
        if cell.cell_type == "code" or grading:
            # A set-up cell has lines for the shell, which plain Python has not.
            language = "ipython3" if cell.cell_type == "code" else "markdown"
            parts.append(f"````{language}\n{cell.source}\n````")
        else:
            parts.append(cell.source)
    return "\n\n".join(parts) + "\n"


def contents(assignments: list[str]) -> dict[str, Any]:
    """Return the edition's table of contents, as the YAML file has it.

    Args:
        assignments: the names of their sources, without the ending.
    """
    notes = [
        {
            "caption": f"{part.number} · {part.title}: notes",
            "chapters": [{"file": f"notes/{name}"} for name in names],
        }
        for part in slides.parts().values()
        if (names := _notes_of(part))
    ]
    answers = {
        "caption": "Solutions and answers",
        "chapters": [{"file": "solutions"}, {"file": "quizzes"}],
    }
    sources = {
        "caption": "Assignments: their sources",
        "chapters": [{"file": f"assignments/{name}"} for name in assignments],
    }
    last = [sources] if assignments else []
    return {"format": "jb-book", "root": "index", "parts": [*notes, answers, *last]}


def _notes_of(part: slides.Part) -> list[str]:
    names = ["-".join(page.stem.split("-")[:2]) for page in part.pages]
    return [name for name in names if (NOTES / f"{name}.md").exists()]


def configuration(root: Path) -> dict[str, Any]:
    """Return the public book's configuration with what is different in the edition."""
    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    settings["title"] = "Instructor's edition"
    for public in ("repository", "launch_buttons", "bibtex_bibfiles"):
        settings.pop(public, None)
    settings["html"]["use_repository_button"] = False
    sphinx = settings["sphinx"]
    sphinx["local_extensions"] = {
        name: str(root / path) for name, path in sphinx["local_extensions"].items()
    }
    options = sphinx["config"]
    options["html_static_path"] = [str(root / path) for path in options["html_static_path"]]
    del options["html_extra_path"]  # the program of the welcome page, which is not in it
    for name in ("sphinxcontrib.bibtex", "sphinx_reredirects"):
        options["extensions"].remove(name)
    for name in ("bibtex_default_style", "redirects"):
        options.pop(name)
    # An assignment's links lead from where students get it, which is not where it is here.
    options["suppress_warnings"] = ["myst.xref_missing", "myst.header"]
    return dict(settings)


def _dump(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of this command."""
    parser.description = __doc__
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "_build" / "instructors",
        metavar="FOLDER",
        help="made anew (default: _build/instructors)",
    )


def main(args: argparse.Namespace) -> int:
    """Build the edition, and return the exit code."""
    write(args.output)
    options = ["--all", "-W", "-n", "--keep-going", "--quiet"]
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    program = [jupyter_book, "build", args.output, *options]
    code = subprocess.run(program).returncode
    if code == 0:
        print(f"The instructor's edition: {args.output / '_build' / 'html' / 'index.html'}")
    return code
