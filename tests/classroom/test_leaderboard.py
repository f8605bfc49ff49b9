"""The leaderboard judges rightly, refuses what is no submission, and shows what it may."""

import csv
import os
import re
from dataclasses import replace

import numpy as np
import pytest

from classroom.challenge.answers import Answers
from classroom.challenge.standings import standings
from classroom.challenge.statistics import (
    accuracy,
    difference,
    same_within_chance,
    shared_ranks,
)
from classroom.challenge.submissions import MAX_BYTES, Submission, read_folder

COUNT = 1000


@pytest.fixture
def answers():
    rng = np.random.default_rng(0)
    return Answers(
        ids=rng.permutation(np.arange(100_000, 100_000 + COUNT)),
        labels=rng.integers(3, size=COUNT),
        missing=np.tile([-1, -1, -1, -1, -1, -1, -1, 0, 1, 2], COUNT // 10),
        public=np.arange(COUNT) % 20 < 10,
        modalities=("image", "text", "sound"),
        seed="kept",
    )


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "submissions"
    path.mkdir()
    return path


def answered(answers, share, seed=0, public_share=None):
    """Predictions of which this share is right, or another share on the public half."""
    rng = np.random.default_rng(seed)
    chance = rng.random(COUNT)
    limit = np.where(answers.public, share if public_share is None else public_share, share)
    return np.where(chance < limit, answers.labels, (answers.labels + 1) % 3)


def text(answers, predictions):
    pairs = zip(answers.ids, predictions, strict=True)
    return "id,prediction\n" + "".join(f"{i},{k}\n" for i, k in pairs)


def right(*counts):
    """Rows of bool from runs, such as 3 right, 2 wrong, 1 right."""
    return np.repeat(np.arange(len(counts)) % 2 == 0, counts)


def test_an_accuracy_has_wilsons_interval():
    # (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n) with p = 0.8, n = 100, z = 1.96
    assert accuracy(right(80, 20)) == pytest.approx((0.8, 0.7112, 0.8666), abs=1e-4)
    assert accuracy(right(10)).high == 1
    with pytest.raises(ValueError, match="at least one example"):
        accuracy(right(0))


def test_a_difference_has_newcombes_interval():
    # The example (a) of Newcombe 1998, table II: 56 of 70 and 48 of 80
    gap = difference(right(56, 14), right(48, 32))
    assert gap == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_two_teams_are_told_apart_by_the_examples_that_one_of_them_has_right():
    # 1 against 7: 2 (1 + 8) / 2⁸ = 0.07; 1 against 8: 2 (1 + 9) / 2⁹ = 0.04
    assert same_within_chance(right(101, 7, 0), right(100, 1, 7))
    assert not same_within_chance(right(0, 1, 8, 100), right(1, 8, 100))
    assert same_within_chance(right(10, 5), right(10, 5))


def test_a_rank_is_shared_with_its_first_team_and_not_along_a_chain():
    best, close, far = right(80, 20), right(75, 25), right(70, 30)
    # Each has 5 right less than the one before, and nothing else differs: p = 0.06, then 0.002.
    assert shared_ranks([best, close, far]) == [1, 1, 3]
    assert shared_ranks([best]) == [1]
    assert shared_ranks([]) == []


def test_the_best_public_submission_counts_and_of_equals_the_last(answers):
    weak, strong = answered(answers, 0.5), answered(answers, 0.8)
    teams = [Submission("blue", 1, strong), Submission("blue", 2, strong)]
    teams += [Submission("blue", 3, weak), Submission("red", 1, weak)]
    blue, red = standings(teams, [], answers)
    assert (blue.name, blue.rank, blue.submissions, blue.number) == ("blue", 1, 3, 2)
    assert (red.name, red.rank, red.submissions) == ("red", 2, 1)


def test_the_private_half_does_not_choose_the_submission(answers):
    public_best = Submission("blue", 1, answered(answers, 0.4, public_share=0.9))
    private_best = Submission("blue", 2, answered(answers, 0.9, public_share=0.4))
    (row,) = standings([public_best, private_best], [], answers)
    assert row.number == 1 and row.private.value < 0.5


def test_baselines_stand_among_the_teams_and_take_no_rank(answers):
    teams = [Submission("a", 1, answered(answers, 0.9)), Submission("b", 1, answered(answers, 0.5))]
    rows = standings(teams, [Submission("net", 1, answered(answers, 0.7))], answers)
    assert [(row.name, row.rank) for row in rows] == [("a", 1), ("net", None), ("b", 2)]


def test_ranks_are_by_the_private_half_and_overuse_is_marked(answers):
    tuned = Submission("tuned", 1, answered(answers, 0.6, public_share=0.95))
    honest = Submission("honest", 1, answered(answers, 0.75, seed=1))
    first, second = standings([tuned, honest], [], answers)
    assert (first.name, first.rank, first.marked) == ("honest", 1, False)
    assert (second.name, second.rank, second.marked) == ("tuned", 2, True)
    assert second.gap.value == pytest.approx(0.35, abs=0.06)
    assert [row.name for row in standings([tuned, honest], [], answers, True)][0] == "tuned"


def test_few_honest_teams_are_marked(answers):
    teams = [Submission(str(i), 1, answered(answers, 0.7, seed=i)) for i in range(200)]
    marked = sum(row.marked for row in standings(teams, [], answers))
    assert marked <= 12  # 5 expected, one in forty


def test_accuracy_by_missing_modality_is_of_the_half_that_ranks(answers):
    lacks_text = answers.missing == 1
    predictions = np.where(lacks_text & ~answers.public, 3, answers.labels)
    (row,) = standings([Submission("a", 1, predictions)], [], answers)
    assert {name: each.value for name, each in row.by_missing.items()} == {
        "none": 1, "image": 1, "text": 0, "sound": 1,
    }  # fmt: skip
    (row,) = standings([Submission("a", 1, predictions)], [], answers, True)
    assert row.by_missing["text"].value == 1


def test_names_say_team_and_number(folder, answers):
    good = text(answers, answered(answers, 0.5))
    for name in ("blue.csv", "Blue-2.csv", "a-b.csv", "grün 7-12.CSV"):
        (folder / name).write_text(good, encoding="utf-8")
    accepted, refused = read_folder(folder, answers)
    assert not refused
    assert sorted((each.team, each.number) for each in accepted) == [
        ("Blue", 1), ("Blue", 2), ("a-b", 1), ("grün 7", 12),
    ]  # fmt: skip


def test_order_spaces_and_the_mark_of_excel_are_no_reason_to_refuse(folder, answers):
    predictions = answered(answers, 0.5)
    lines = text(answers, predictions).splitlines()
    lines = [lines[0].replace(",", ", "), *reversed(lines[1:]), "", ""]
    (folder / "blue.csv").write_text("\r\n".join(lines), encoding="utf-8-sig", newline="")
    ((only,), refused) = read_folder(folder, answers)
    assert not refused and np.array_equal(only.predictions, predictions)


HOSTILE = {
    "wrong header": (lambda t: t.replace("id,prediction", "id,label"), "first line must be"),
    "no header": (lambda t: t.split("\n", 1)[1], "first line must be"),
    "empty": (lambda t: "", "first line must be"),
    "missing id": (lambda t: t[: t.rindex("\n", 0, -1) + 1], "1 of 1,000 ids are missing"),
    "double id": (lambda t: t + t.splitlines()[1] + "\n", "came before"),
    "unknown id": (lambda t: t + "7,1\n", "7 is no id"),
    "text": (lambda t: re.sub(r",\d\n", ",image\n", t, count=1), "expected an id and a class"),
    "fraction": (lambda t: re.sub(r",\d\n", ",1.0\n", t, count=1), "expected an id and a class"),
    "nan": (lambda t: re.sub(r",\d\n", ",nan\n", t, count=1), "expected an id and a class"),
    "negative": (lambda t: re.sub(r",\d\n", ",-1\n", t, count=1), "expected an id and a class"),
    "other digits": (lambda t: re.sub(r",\d\n", ",١\n", t, count=1), "an id and a class"),
    "huge number": (lambda t: t + "9" * 5000 + ",1\n", "expected an id and a class"),
    "out of range": (lambda t: re.sub(r",\d\n", ",3\n", t, count=1), "must be 0 to 2; got 3"),
    "three columns": (lambda t: re.sub(r",\d\n", ",1,1\n", t, count=1), "an id and a class"),
    "formula": (lambda t: t + '=cmd|"/c calc"!A1,1\n', "expected an id and a class"),
    "open quote": (lambda t: t + '"1,1\n' + "x" * 200_000, "line 100"),
    "byte 0": (lambda t: t + "\0", "byte 0"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_broken_file_is_refused_with_its_reason(case, folder, answers):
    change, reason = HOSTILE[case]
    good = text(answers, answered(answers, 0.5))
    (folder / "bad.csv").write_text(change(good), encoding="utf-8")
    (folder / "good.csv").write_text(good, encoding="utf-8")
    accepted, refused = read_folder(folder, answers)
    assert [each.team for each in accepted] == ["good"]
    assert [each.file for each in refused] == ["bad.csv"]
    assert reason in refused[0].reason and len(refused[0].reason) < 150


def test_what_is_no_regular_text_file_is_refused(folder, answers, tmp_path):
    good = text(answers, answered(answers, 0.5))
    (tmp_path / "secret.csv").write_text(good)
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "dead.csv").symlink_to(tmp_path / "nothing")
    (folder / "folder.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    (folder / "binary.csv").write_bytes(bytes(range(256)))
    with open(folder / "huge.csv", "wb") as file:
        file.truncate(10 * 2**30)  # of holes, so it takes no room
    (folder / "edge.csv").write_text(good + "\n" * (MAX_BYTES + 1 - len(good)))
    (folder / "notes.txt").write_text("hello")
    (folder / ("n" * 61 + ".csv")).write_text(good)
    (folder / "turn\u202eed.csv").write_text(good)
    accepted, refused = read_folder(folder, answers)
    assert not accepted
    reasons = dict(refused)
    assert reasons["link.csv"] == reasons["dead.csv"] == "a link"
    assert reasons["folder.csv"] == reasons["pipe.csv"] == "not a regular file"
    assert reasons["binary.csv"] == "not a text in UTF-8"
    assert reasons["huge.csv"] == reasons["edge.csv"] == "larger than 1,000,000 bytes"
    assert reasons["notes.txt"] == "not named like team.csv or team-2.csv"
    assert "printable" in reasons["n" * 61 + ".csv"]
    assert "printable" in reasons["turn\\u202eed.csv"]


def test_a_number_counts_once(folder, answers):
    for name in ("blue.csv", "BLUE.csv", "blue-1.csv"):
        (folder / name).write_text(text(answers, answered(answers, 0.5)))
    accepted, refused = read_folder(folder, answers)
    assert len(accepted) == 1 and len(refused) == 2
    assert all("was read from another file" in each.reason for each in refused)


def judge(command, tmp_path, answers, *more):
    answers.save(tmp_path / "answers.npz")
    line = ["leaderboard", str(tmp_path / "submissions"), "--output", str(tmp_path)]
    code = command([*line, "--answers", str(tmp_path / "answers.npz"), *more])
    page = tmp_path / "leaderboard.html"
    return code, page.read_text("utf-8") if page.exists() else ""


def test_what_teams_write_is_text_on_the_page_and_in_the_table(command, folder, tmp_path, answers):
    names = [
        "<script>alert(1)<",
        '"><img src=x onerror=alert(1)>',
        "=1+1",
        "@SUM(A1)",
        "-2+3",
        "{{ 7*7 }}",
    ]
    for name in names:
        (folder / f"{name}.csv").write_text(text(answers, answered(answers, 0.5)))
    (folder / "<b>bold").write_text("")
    (folder / "bad.csv").write_text("<i>id</i>,prediction\n")
    (folder / os.fsdecode(b"latin\xe9.csv")).write_text("")
    code, page = judge(command, tmp_path, answers)
    assert code == 0
    assert not re.search(r"<(script|img|b>bold|i>)", page)
    assert "&lt;script&gt;alert(1)&lt;" in page and "&lt;i&gt;id" in page
    assert "{{ 7*7 }}" in page and "latin\\udce9.csv" in page
    with open(tmp_path / "leaderboard.csv", encoding="utf-8-sig", newline="") as file:
        cells = [row["name"] for row in csv.DictReader(file)]
    assert sorted(cells) == sorted(f"'{n}" if n[0] in "=@-" else n for n in names)


def test_the_page_stands_alone(command, folder, tmp_path, answers):
    (folder / "blue.csv").write_text(text(answers, answered(answers, 0.5)))
    _, page = judge(command, tmp_path, answers)
    assert "<script" not in page and "http:" not in page and "https:" not in page
    assert "Content-Security-Policy" in page


def test_a_public_page_needs_and_shows_nothing_private(command, folder, tmp_path, answers):
    for team, share in (("blue", 0.8), ("red", 0.5)):
        (folder / f"{team}.csv").write_text(text(answers, answered(answers, share)))
    _, page = judge(command, tmp_path, answers, "--public")
    table = (tmp_path / "leaderboard.csv").read_text()
    unknown = replace(answers, labels=np.where(answers.public, answers.labels, -1))
    assert judge(command, tmp_path, unknown, "--public") == (0, page)
    assert (tmp_path / "leaderboard.csv").read_text() == table
    assert "private" not in table and "over chance" not in page
    assert judge(command, tmp_path, answers)[1] != page


def test_baselines_beside_the_answers_are_found(command, folder, tmp_path, answers):
    (folder / "blue.csv").write_text(text(answers, answered(answers, 0.8)))
    (tmp_path / "baselines").mkdir()
    (tmp_path / "baselines" / "late fusion.csv").write_text(text(answers, answers.labels))
    _, page = judge(command, tmp_path, answers)
    assert page.index("late fusion") < page.index("blue")
    (tmp_path / "baselines" / "late fusion.csv").write_text("")
    assert judge(command, tmp_path, answers)[0] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["leaderboard", "nowhere", "--answers", "answers.npz"], "nowhere is no folder"),
        (["leaderboard", ".", "--answers", "none.npz"], "none.npz is not there"),
        (["leaderboard", ".", "--answers", "answers.npz"], "no file in . can be judged"),
        (["baselines", "nowhere"], "make the challenge first"),
    ],
)
def test_a_wrong_call_says_what_to_do(
    command, arguments, message, tmp_path, answers, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    answers.save(tmp_path / "answers.npz")
    assert command(arguments) == 1
    assert message in capsys.readouterr().err
