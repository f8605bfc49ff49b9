from mmtutor import figures
from tests.figures.drawn import boxes, check, labels, lines, words

QUESTIONS = [
    ("Must one be read in\nthe light of the other?", "late fusion"),
    ("Does one side lead?", "FiLM"),
]


def test_a_decision_asks_in_order_and_nothing_collides() -> None:
    svg = check(figures.decision(QUESTIONS, "residual MLP").data)
    said = [text for text in labels(svg) if text]
    assert [text for text in said if text not in ("yes", "no")] == [
        "Must one be read in",
        "the light of the other?",
        "late fusion",
        "Does one side lead?",
        "FiLM",
        "residual MLP",
    ]
    assert said.count("yes") == said.count("no") == 2
    assert words(svg).startswith("Must one be read in the light of the other? If yes: late fusion.")
    assert words(svg).endswith("If no: residual MLP.")


def test_every_question_leads_to_the_next_and_to_its_answer() -> None:
    svg = check(figures.decision(QUESTIONS, "residual MLP").data)
    assert len(boxes(svg)) == 5
    level = [way for way in lines(svg) if way[0][1] == way[-1][1]]
    down = [way for way in lines(svg) if way[0][0] == way[-1][0]]
    assert len(level) == len(down) == 2
    assert all(start[0] < end[0] for start, end in level)
    assert all(start[1] < end[1] for start, end in down)
