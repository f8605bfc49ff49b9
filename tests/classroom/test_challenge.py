"""The challenge is fair, cannot be looked up, and is submitted as it should be."""

import json
import zipfile
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import torch

from classroom.challenge import make, submit
from classroom.challenge.answers import Answers, ChallengeError
from classroom.challenge.baselines import late_fusion, load
from classroom.challenge.task import MODALITIES, _fresh_scans, draw_digits, odd_one_out
from mmtutor.data import decode_text, scans

SEED = "a sentence that only the tests know"


@pytest.fixture(scope="module")
def drawn():
    return make.draw(SEED, train=120, test=600)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    output = tmp_path_factory.mktemp("challenge")
    make.write(SEED, output, train=120, test=600)
    return output


@pytest.fixture
def at_home(folder, tmp_path, monkeypatch):
    """A student's folder with the test set in it."""
    (tmp_path / "test.npz").write_bytes((folder / "hand-out" / "test.npz").read_bytes())
    monkeypatch.chdir(tmp_path)
    return np.load("test.npz")["id"]


@pytest.mark.parametrize(
    ("digits", "answer"),
    [
        ((2, 9, 3), 1),
        ((0, 5, 6), 0),
        ((4, 4, 5), 2),
        ((9, 1, 9), 1),
        ((3, 5, 7), -1),  # both neighbors are two away
        ((6, 6, 6), -1),
    ],
)
def test_the_odd_one_out_is_farthest_from_the_middle_one(digits, answer):
    assert odd_one_out(np.array([digits])).tolist() == [answer]


def best_without(known):
    """The accuracy of the best guess from some of the digits, by counting all triples."""
    triples = np.array(list(product(range(10), repeat=3)))
    answers = odd_one_out(triples)
    counts: dict[tuple[int, ...], list[int]] = {}
    for triple, answer in zip(triples[answers >= 0].tolist(), answers[answers >= 0], strict=True):
        counts.setdefault(tuple(triple[i] for i in known), [0, 0, 0])[answer] += 1
    return Fraction(sum(map(max, counts.values())), int((answers >= 0).sum()))


def test_one_modality_says_little_two_more_and_three_all():
    assert best_without([]) == Fraction(1, 3)
    assert [float(best_without([m])) for m in range(3)] == pytest.approx([0.3816] * 3, abs=1e-4)
    assert float(best_without([0, 2])) == pytest.approx(0.6299, abs=1e-4)
    assert best_without([0, 1, 2]) == 1


def test_every_triple_with_an_answer_is_drawn_equally_often():
    digits = draw_digits(87_000, np.random.default_rng(0))
    counts = np.unique(digits, axis=0, return_counts=True)[1]
    assert len(counts) == 870
    assert 50 < counts.min() and counts.max() < 150  # 100 each, ± 5 deviations


def test_the_same_seed_gives_the_same_and_another_gives_other_labels(drawn):
    again, other = make.draw(SEED, 120, 600), make.draw(SEED + "!", 120, 600)
    for part, same in zip(drawn[:2], again[:2], strict=True):
        assert all(np.array_equal(part[name], same[name]) for name in part)
    assert np.array_equal(drawn[2].labels, again[2].labels)
    assert (drawn[2].labels == other[2].labels).mean() < 0.5
    assert not np.array_equal(drawn[1]["image"], other[1]["image"])


def test_training_is_complete_and_three_in_ten_of_the_test_lack_one(drawn):
    training, testing, answers = drawn
    assert set(training) == {*MODALITIES, "label"}
    assert all(training[name].reshape(120, -1).any(axis=1).all() for name in MODALITIES)
    lacking = ~testing["present"]
    assert lacking.sum(axis=0).tolist() == [60, 60, 60]
    assert lacking.sum(axis=1).max() == 1
    assert np.array_equal(np.where(lacking.any(1), lacking.argmax(1), -1), answers.missing)
    for name, there in zip(MODALITIES, testing["present"].T, strict=True):
        assert np.array_equal(testing[name].reshape(600, -1).any(axis=1), there)


def test_the_noise_of_the_test_is_stronger(drawn):
    training, testing, _ = drawn
    corner = np.s_[:, :2, :2]  # seldom reached by ink
    seen = testing["present"][:, 0]
    assert testing["image"][seen][corner].mean() > 1.5 * training["image"][corner].mean()
    words = decode_text(torch.from_numpy(training["text"]).long())
    assert len(set(words)) > 30  # of 40 words in four languages, some mistyped


def test_the_halves_are_alike(drawn):
    answers = drawn[2]
    assert abs(int(answers.public.sum()) - 300) <= 1
    for label, missing in product(range(3), range(-1, 3)):
        group = answers.public[(answers.labels == label) & (answers.missing == missing)]
        assert abs(2 * int(group.sum()) - len(group)) <= 1


def test_ids_and_order_say_nothing(drawn):
    _, testing, answers = drawn
    ids = testing["id"]
    assert len(set(ids.tolist())) == 600
    for values in (ids, np.arange(600)):
        for facts in (answers.labels, answers.public, answers.missing):
            assert abs(np.corrcoef(values, facts)[0, 1]) < 0.15


def test_no_scan_of_the_file_is_shown_as_it_is():
    labels = torch.arange(10).repeat(5)
    fresh = _fresh_scans(labels, "test", np.random.default_rng(0))
    file = scans()
    nearest = torch.cdist(fresh.flatten(1), file.pixels.flatten(1)).min(dim=1)
    assert nearest.values.min() > 0.1 and nearest.values.median() > 0.5  # gray levels, summed up
    assert (file.labels[nearest.indices] == labels).float().mean() > 0.9


def test_what_is_handed_out_holds_no_answer(folder):
    students = folder / "hand-out"
    names = sorted(path.name for path in students.iterdir())
    assert names == ["README.md", "starter.ipynb", "test.npz", "train.npz"]
    with np.load(students / "test.npz") as file:
        assert set(file.files) == {"id", *MODALITIES, "present"}
    for path in students.iterdir():
        parts = [path.read_bytes()]
        if path.suffix == ".npz":
            with zipfile.ZipFile(path) as archive:
                parts = [archive.read(name) for name in archive.namelist()]
        assert not any(SEED.encode() in part for part in parts)
    assert [path.name for path in (folder / "teacher").iterdir()] == ["answers.npz"]


def test_the_answers_are_read_as_they_were_written(folder, drawn):
    answers = Answers.load(folder / "teacher" / "answers.npz")
    assert answers.seed == SEED and answers.modalities == MODALITIES
    assert np.array_equal(answers.labels, drawn[2].labels)
    with pytest.raises(ChallengeError, match="make the challenge first"):
        Answers.load(folder / "nowhere.npz")
    with pytest.raises(ChallengeError, match="is no answers.npz"):
        Answers.load(folder / "hand-out" / "test.npz")


def test_a_seed_that_can_be_guessed_is_warned_of(command, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(make, "write", lambda seed, output: None)
    assert command(["make", "--seed", "17", "--output", str(tmp_path)]) == 0
    assert "'17' can be guessed" in capsys.readouterr().err
    assert command(["make", "--output", str(tmp_path)]) == 0
    first = capsys.readouterr()
    assert not first.err
    assert command(["make", "--output", str(tmp_path)]) == 0
    assert capsys.readouterr().out != first.out  # another seed is drawn each time


def test_a_challenge_that_is_under_way_is_not_overwritten(command, folder, capsys):
    before = (folder / "teacher" / "answers.npz").read_bytes()
    for more in ([], ["--seed", "another sentence for a class"]):
        assert command(["make", "--output", str(folder), *more]) == 1
        assert "answers of another seed" in capsys.readouterr().err
    assert (folder / "teacher" / "answers.npz").read_bytes() == before


def test_submit_writes_one_file_after_another(at_home):
    predictions = torch.arange(600) % 3
    assert submit.submit(predictions, "blue").name == "blue.csv"
    second = submit.submit(predictions.tolist()[::-1], "blue", ids=at_home[::-1])
    assert second.name == "blue-2.csv"
    first = open("blue.csv").read().splitlines()
    assert first[:3] == ["id,prediction", f"{at_home[0]},0", f"{at_home[1]},1"]
    assert sorted(second.read_text().splitlines()) == sorted(first)


WRONG = {
    "shape": (np.zeros(599), {}, r"the shape \(600,\); got \(599,\)"),
    "scores": (np.zeros((600, 3)), {}, r"argmax\(1\)"),
    "column": (np.zeros((600, 1)), {}, r"got \(600, 1\)"),
    "range": ([*[0] * 599, 3], {}, r"predictions\[599\] is 3"),
    "negative": ([-1] * 600, {}, r"predictions\[0\] is -1"),
    "fraction": ([0.5] * 600, {}, r"predictions\[0\] is 0.5"),
    "nan": ([0.0, float("nan")] * 300, {}, r"predictions\[1\] is NaN"),
    "text": (["image"] * 600, {}, "must be numbers"),
    "ids": ([0] * 600, {"ids": [1] * 600}, "those of test.npz"),
    "few ids": ([0] * 600, {"ids": [1]}, "those of test.npz"),
    "path": ([0] * 600, {"team": "../blue"}, "must be a name"),
    "number": ([0] * 600, {"team": "blue-2"}, "does not end like"),
    "no name": ([0] * 600, {"team": ""}, "must be a name"),
}


@pytest.mark.parametrize("case", WRONG)
def test_submit_says_what_is_wrong_and_writes_nothing(case, at_home, tmp_path):
    predictions, more, message = WRONG[case]
    with pytest.raises(ValueError, match=message):
        submit.submit(predictions, **{"team": "blue", **more})
    assert not list(tmp_path.glob("**/*.csv"))


def test_the_starter_notebook_carries_submit_and_runs(folder, tmp_path, monkeypatch):
    notebook = json.loads((folder / "hand-out" / "starter.ipynb").read_text("utf-8"))
    cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    assert sum("def submit(" in cell for cell in cells) == 1
    for name in ("train.npz", "test.npz"):
        (tmp_path / name).write_bytes((folder / "hand-out" / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    program = "\n".join(cells[1:])  # without the set-up for Colab
    for long, short in (("epochs=5", "epochs=1"), ("slice(11_000", "slice(100")):
        assert long in program
        program = program.replace(long, short)
    exec(compile(program, "starter.ipynb", "exec"), {"__name__": "starter"})
    assert len((tmp_path / "team.csv").read_text().splitlines()) == 601


def test_late_fusion_asks_only_what_is_there(folder):
    test_set = load(folder / "hand-out" / "test.npz")
    scores = {name: torch.full((600, 3), -float(i + 1)) for i, name in enumerate(MODALITIES)}
    totals = late_fusion(scores, test_set)[:, 0]
    lacks_sound = ~test_set.present["sound"]
    assert totals[lacks_sound].unique().tolist() == [-3]  # −1 of the image, −2 of the text
    assert set(totals.tolist()) == {-6, -5, -4, -3}
