"""What every page of the book promises, as functions from a page to a list of problems."""

from collections.abc import Callable

from tests.notebooks.guards.anatomy import findings, numbered_figures, practice, reading_time
from tests.notebooks.guards.claims import built_equals_packaged, claims, ignored_outputs
from tests.notebooks.guards.form import canonical_form, execution_counts, opening, setup
from tests.notebooks.guards.formulas import brackets
from tests.notebooks.guards.letters import letters
from tests.notebooks.guards.locked import locked_forms
from tests.notebooks.guards.outputs import alternative_text, clean_outputs, ticks
from tests.notebooks.guards.page import Page
from tests.notebooks.guards.sections import card_sections, closing_sections, exercises, objectives
from tests.notebooks.guards.style import cell_sizes, comments, prose
from tests.notebooks.guards.words import words

GUARDS: tuple[Callable[[Page], list[str]], ...] = (
    execution_counts,
    canonical_form,
    opening,
    setup,
    objectives,
    closing_sections,
    exercises,
    cell_sizes,
    prose,
    comments,
    brackets,
    alternative_text,
    clean_outputs,
    ticks,
    claims,
    ignored_outputs,
    built_equals_packaged,
    locked_forms,
    reading_time,
    numbered_figures,
    findings,
    practice,
    words,
    letters,
)

CARD_GUARDS: tuple[Callable[[Page], list[str]], ...] = (
    execution_counts,
    canonical_form,
    opening,
    setup,
    card_sections,
    cell_sizes,
    comments,
    brackets,
    alternative_text,
    clean_outputs,
    ticks,
    claims,
    ignored_outputs,
    locked_forms,
)

__all__ = ["CARD_GUARDS", "GUARDS", "Page"]
