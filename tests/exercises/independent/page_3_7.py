"""Answers on page 3.7; they stand in `gates`."""

from tests.exercises.independent import gates

RIGHT = {"3.7.e": gates.RIGHT}
WRONG = {"3.7.e": gates.WRONG}
