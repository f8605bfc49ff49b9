"""One page for each student: points, and the reason where some are missing."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from classroom import gradebook
from classroom.cells import Source
from classroom.scoring import Result

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,  # names, texts and messages are what students wrote
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(source: Source, student: str, result: Result) -> str:
    """Return a page that needs no other file and runs no script."""
    return _ENVIRONMENT.get_template("feedback.html").render(
        source=source,
        student=student,
        result=result,
        total=gradebook.total(result),
        pending=gradebook.pending(result),
    )
