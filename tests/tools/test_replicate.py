"""Notebooks under other conditions, and the table of what their findings came to."""

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mmtutor.claims import Finding
from mmtutor.data import SPLITS, Audio, digits, scans
from mmtutor.data.digits import audio
from mmtutor.data.digits import scans as scans_module
from mmtutor.data.real.fsdd import Recordings
from mmtutor.data.seeds import generator_for
from tests.data.real_data import needs
from tools import canonical, conditions, notebooks, replicate, replication
from tools.conditions import CONTROL, OTHER_SCANS, SEED_CONDITIONS
from tools.replication import Result

ROOT = Path(__file__).resolve().parents[2]

MEASURES = """\
import torch
from mmtutor import claim
from mmtutor.claims import finding


def fall(seed):
    torch.manual_seed(seed)
    weight = torch.nn.Parameter(1 + 0.1 * torch.rand(3))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    before = weight.sum().item()
    for _ in range(5):
        optimizer.zero_grad()
        weight.square().sum().backward()
        optimizer.step()
    return before - weight.sum().item()


falls = [fall(seed) for seed in range(3)]
generators = [torch.Generator().manual_seed(seed) for seed in range(3)]
draws = [torch.rand(1, generator=generator).item() for generator in generators]
finding("Training shrinks weights", falls, above=0.1, origin="before")
finding("Draws are small", draws, below=9, origin="before", trained=False)"""
STOPS = """\
claim(falls[0] > 0, "the weights shrink")
never_reached = 1"""
PAGES = {
    "1-1-whole": [MEASURES],
    "1-2-plain": ["print(1)"],
    "1-3-stops": [MEASURES, STOPS, "print(never_reached)", 'finding("Last", draws, below=9, '
                  'origin="before")'],
}  # fmt: skip


def put(root: Path, name: str, *cells: str, output: str = "") -> Path:
    outputs = [new_output("stream", name="stdout", text=output)] if output else []
    code = [new_code_cell(source, outputs=outputs) for source in cells]
    notebook = new_notebook(cells=[new_markdown_cell(f"# {name[:3]} · A page"), *code])
    path = root / "notebooks" / f"{name}.ipynb"
    path.write_text(canonical.write(notebook), encoding="utf-8")
    return path


def empty_book(root: Path) -> Path:
    for folder in ("notebooks", "book/tables", "mmtutor"):
        (root / folder).mkdir(parents=True)
    contents = "".join(f"  - file: notebooks/{name}\n" for name in PAGES)
    (root / "_toc.yml").write_text(f"parts:\n- chapters:\n{contents}")
    return root


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A repository whose pages print nothing."""
    root = empty_book(tmp_path)
    for name in PAGES:
        put(root, name, "x = 1")
    return root


@pytest.fixture(scope="module")
def replicated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of three pages, executed under two conditions."""
    root = empty_book(tmp_path_factory.mktemp("replicated") / "root")
    for name, cells in PAGES.items():
        put(root, name, *cells)
    assert notebooks.main(["execute"], root) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replication, "CONDITIONS", (SEED_CONDITIONS[0], CONTROL))
        assert replicate.main([], root) == 1, "one page stops"
    return root


def found(root: Path, page: str, condition: str) -> dict[str, Finding]:
    result = replication.load(root)[f"{page}.ipynb"][condition]
    return {finding.sentence: finding for finding in Finding.read_all(result.findings)}


def test_other_seeds_draw_something_else(replicated):
    shifted = found(replicated, "1-1-whole", "seeds + 100")
    (shrinks, small) = replication.findings_of(
        replication.code_cells(replicated / "notebooks" / "1-1-whole.ipynb")
    )
    assert shifted["Draws are small"].effect != small.effect
    assert shifted["Training shrinks weights"].holds and shrinks.holds
    draws = [torch.rand(1, generator=torch.Generator().manual_seed(s)) for s in (100, 101, 102)]
    assert float(shifted["Draws are small"].effect) == pytest.approx(np.mean(draws), abs=1e-3)


def test_without_learning_a_finding_about_training_fails_and_another_holds(replicated):
    control = found(replicated, "1-1-whole", CONTROL.name)
    assert not control["Training shrinks weights"].holds
    assert control["Draws are small"].holds


def test_a_page_without_findings_is_left_out(replicated):
    assert list(replication.load(replicated)) == ["1-1-whole.ipynb", "1-3-stops.ipynb"]
    assert "1-2-plain" not in (replicated / replication.TABLE).read_text()


def test_a_page_that_stops_is_named_and_keeps_what_it_reached(replicated):
    result = replication.load(replicated)["1-3-stops.ipynb"][CONTROL.name]
    assert result.notes == "a claim of code cell 2 did not hold; stopped in code cell 3 (NameError)"
    assert set(found(replicated, "1-3-stops", CONTROL.name)) == {
        "Training shrinks weights",
        "Draws are small",
    }
    lines = (replicated / replication.TABLE).read_text().splitlines()
    assert f"- {CONTROL.name}: {result.notes}." in lines
    (last,) = [line for line in lines if line.startswith("| Last")]
    assert last.count("held") == 2 and last.endswith("| not reached |")


def test_the_notebooks_themselves_are_not_changed(replicated):
    cells = replication.code_cells(replicated / "notebooks" / "1-1-whole.ipynb")
    assert [cell.source for cell in cells] == [MEASURES]
    assert all(finding.holds for finding in replication.findings_of(cells))


# --- what is run, without running it ----------------------------------------------------------

SMALL = Finding("Small", "0.5", ("0.4", "0.6"), 3, "below 1", "before", True)
LARGE = Finding("Large | x", "2", ("1", "3"), 3, "above 0", "after", True, trained=False)
MISSED = Finding("Small", "7", ("6", "8"), 3, "below 1", "before", False)


@pytest.fixture
def runs(monkeypatch):
    """Note which notebooks would be executed, in place of doing it."""
    noted = []

    def run(page, condition):
        noted.append((page.stem, condition.name))
        return Result(replication.digest_of(page), str(SMALL), finished=True)

    monkeypatch.setattr(replicate, "run", run)
    return noted


def test_what_has_finished_is_not_run_again(book, runs):
    page = put(book, "1-1-whole", "x = 1", output=str(SMALL))
    put(book, "1-2-plain", "x = 1", output=str(SMALL))
    assert replicate.main(["1-1-whole"], book) == 0
    general = [c.name for c in conditions.CONDITIONS if not c.pages]
    assert sorted(runs) == sorted(("1-1-whole", name) for name in general)
    runs.clear()
    replicate.main(["1-1-whole"], book)
    assert runs == []
    replicate.main(["--all", "1-1-whole"], book)
    assert len(runs) == len(general)
    runs.clear()
    put(book, page.stem, "x = 2", output=str(SMALL))
    replicate.main(["--table"], book)
    text = (book / replication.TABLE).read_text()
    assert runs == [] and "- two threads: measured before the page's last change." in text
    replicate.main(["1-1-whole"], book)
    assert len(runs) == len(general)
    assert "last change" not in (book / replication.TABLE).read_text()


def test_conditions_are_for_the_pages_that_they_can_touch(book):
    def names(code: str) -> set[str]:
        special = {c.name for c in conditions.CONDITIONS if c.pages}
        page = put(book, "1-1-whole", code)
        return {c.name for c in replication.applicable(page)} & special

    assert names("x = 1") == set()
    assert names('data.digits("test")') == {"MNIST scans"}
    assert names('data.digits("public", ("audio",))') == {
        "MNIST scans",
        "locked forms",
        "spoken digits",
    }
    assert names('sounds = {"audio": data.Audio("dtmf")}') == set()


def test_data_that_are_not_here_are_named(book, runs, monkeypatch):
    monkeypatch.setenv("MMTUTOR_DATA", str(book))
    put(book, "1-1-whole", 'data.digits("test")', output=str(SMALL))
    assert replicate.main([], book) == 0
    assert OTHER_SCANS.name not in [name for _, name in runs]
    lines = (book / replication.TABLE).read_text().splitlines()
    assert "- MNIST scans: not run, for mnist was not at hand." in lines
    assert [line for line in lines if "| not run |" in line]


def test_an_unknown_page_is_named(book, capsys):
    assert replicate.main(["9-9-none"], book) == 1
    assert "no notebook 9-9-none" in capsys.readouterr().err


# --- the table --------------------------------------------------------------------------------


EXPECTED = """\
1 of 2 findings hold under all conditions of their page.

- On the UCI scans, but not on those of MNIST, hold: “Small” (1-1 · A page).
- Under some seed fail: none.
- Where nothing is learned, of 1 findings about training hold: “Small” (1-1 · A page).

### [1-1 · A page](../notebooks/1-1-whole.ipynb)

```{table}
:class: replication

| finding | as stored | seeds + 100 | MNIST scans | nothing learned |
|---|---|---|---|---|
| Small (below 1, n = 3) | held 0.5 [0.4, 0.6] | held 0.5 [0.4, 0.6] | **missed** 7 [6, 8] | \
held 0.5 [0.4, 0.6] |
| Large \\| x (above 0, n = 3) | held 2 [1, 3] | held 2 [1, 3] | held 2 [1, 3] | held 2 [1, 3] |
```
"""


def test_the_table_says_what_held_and_its_summary_counts(book, monkeypatch):
    chosen = (SEED_CONDITIONS[0], OTHER_SCANS, CONTROL)
    monkeypatch.setattr(replication, "CONDITIONS", chosen)
    page = put(book, "1-1-whole", "data.digits()", output=f"{SMALL}\n{LARGE}\n")
    code = replication.digest_of(page)
    printed = {
        "seeds + 100": f"{SMALL}\n{LARGE}",
        "MNIST scans": f"{MISSED}\n{LARGE}",
        "nothing learned": f"{SMALL}\n{LARGE}",
    }
    of_page = {name: Result(code, text, finished=True) for name, text in printed.items()}
    written = replication.table(book, {"1-1-whole.ipynb": of_page})
    assert written.replace(replication.NO_BREAK, " ") == EXPECTED


def test_a_book_without_findings_says_so(book):
    assert replication.table(book, {}).startswith("No page prints a finding yet.")


def test_the_stored_table_is_that_of_the_stored_notebooks():
    stored = (ROOT / replication.TABLE).read_text(encoding="utf-8")
    assert stored == replication.table(ROOT, replication.load(ROOT)), (
        "run make replicate, or, if no page's code has changed, python -m tools.replicate --table"
    )


def stored_rows() -> list[replication.Row]:
    results = replication.load(ROOT)
    return [
        row
        for page in notebooks.find(ROOT, [])
        for row in replication.rows_of(page, results.get(notebooks.name_of(ROOT, page), {}))
    ]


def test_every_stored_finding_is_in_the_table():
    stored = (ROOT / replication.TABLE).read_text(encoding="utf-8").splitlines()
    rows = stored_rows()
    assert sum(line.startswith("| ") and "| finding |" not in line for line in stored) == len(rows)
    names = Counter((row.title, row.finding.sentence) for row in rows)
    assert [name for name, count in names.items() if count > 1] == []


def test_no_stored_finding_about_training_holds_where_nothing_is_learned():
    wrong = {
        row.finding.sentence: row.cells[CONTROL.name]
        for row in stored_rows()
        if row.finding.trained and not row.misses(CONTROL.name)
    }
    assert wrong == {}


@pytest.mark.parametrize("condition", conditions.CONDITIONS, ids=lambda condition: condition.name)
def test_the_book_explains_every_condition(condition):
    assert f"**{condition.name}**" in (ROOT / "book" / "replication.md").read_text("utf-8")


# --- the conditions ---------------------------------------------------------------------------


@pytest.fixture
def undone(monkeypatch):
    """Undo after the test what a condition has changed."""
    optimizers = [kind for kind in vars(torch.optim).values() if hasattr(kind, "step")]
    changed = {
        torch: ["Generator", "manual_seed"],
        np.random: ["RandomState", "default_rng", "seed"],
        random: ["seed"],
        scans_module: ["_read"],
        audio.Audio: ["__call__"],
        **{kind: ["step"] for kind in optimizers},
    }
    for owner, names in changed.items():
        for name in names:
            monkeypatch.setattr(owner, name, getattr(owner, name))
    parts = scans_module.TEST_PARTS
    monkeypatch.setitem(parts, "public", parts["public"])
    return monkeypatch


def drawn(seed: int = 0) -> list[float]:
    """Draw one number from each source."""
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    return [
        torch.rand(()).item(),
        np.random.rand(),
        random.random(),
        torch.rand((), generator=torch.Generator().manual_seed(seed)).item(),
        np.random.default_rng(seed).random(),
        np.random.RandomState(seed).rand(),
    ]


def test_shifted_seeds_draw_what_the_sum_would(undone):
    expected = {by: drawn(by) for by in (0, 100, 300)}
    named = torch.rand((), generator=generator_for(0, "x")).item()
    conditions.shift_seeds(100)
    assert drawn() == expected[100] == drawn()
    assert not set(drawn()) & set(expected[0])
    assert torch.rand((), generator=generator_for(0, "x")).item() != named
    conditions.shift_seeds(200)
    assert drawn() == expected[300], "a second shift adds to the first"


def test_a_seed_stays_in_the_range_that_numpy_takes(undone):
    conditions.shift_seeds(100)
    assert drawn(2**32 - 1)
    assert np.random.default_rng([1, 2]).random() > 0


def test_steps_that_learn_nothing_leave_the_weights_alone(undone):
    conditions.learn_nothing()
    for kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW):
        weight = torch.nn.Parameter(torch.ones(2))
        optimizer = kind([weight], lr=0.1)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=2)
        weight.sum().backward()
        optimizer.step()
        schedule.step()
        assert weight.tolist() == [1, 1]
        assert optimizer.step(lambda: 3) == 3


def test_unlocked_the_public_split_is_the_locked_forms(undone):
    conditions.unlock()
    assert digits("public").metadata["form"].unique().tolist() == [12, 13]


def recordings(split: str) -> Recordings:
    """Return one recording for each digit, of a length that tells split and digit."""
    base = {"train": 1000, "validation": 2000, "test": 3000}[split]
    lengths = torch.tensor([base + 10 * digit for digit in range(10)])
    sounds = (torch.arange(8000) < lengths[:, None]).float()
    return Recordings(sounds, lengths, torch.arange(10), torch.zeros(10), torch.arange(10))


def test_spoken_digits_are_those_of_the_example_from_its_own_split(undone):
    undone.setattr(conditions, "fsdd_recordings", recordings)
    dtmf = {"audio": Audio("dtmf")}
    tones = digits("test", dtmf).inputs["audio"]
    conditions.speak()
    for split, base in [("train", 1000), ("validation", 2000), ("test", 3000), ("public", 3000)]:
        spoken = digits(split, ["audio"], reliability={"audio": 0.5})
        lengths = (spoken.inputs["audio"] != 0).sum(dim=1)
        assert torch.equal(lengths, base + 10 * spoken.metadata["shown_audio"])
        assert spoken.inputs["audio"].amax(dim=1).unique().numel() > 100, "the level is drawn"
    assert torch.equal(digits("test", dtmf).inputs["audio"], tones)


def test_spoken_digits_take_the_rate_the_length_and_the_noise_of_the_sound(undone):
    undone.setattr(conditions, "fsdd_recordings", recordings)
    conditions.speak()
    halved = digits("test", {"x": Audio(sample_rate=4000, seconds=1.5)}).inputs["x"]
    assert halved.shape == (768, 6000)
    heard = (halved != 0).sum(dim=1)
    assert 1490 < heard.min() <= heard.max() < 1560
    noisy = digits("test", {"x": Audio(snr_db=0)}).inputs["x"]
    assert (noisy != 0).float().mean() > 0.999
    assert ((noisy.abs().amax(dim=1) > 0.29) & (noisy.abs().amax(dim=1) < 0.91)).all()


@needs("fsdd")
def test_real_recordings_take_the_place_of_morse(undone):
    conditions.speak()
    spoken = digits("validation", ["audio"]).inputs["audio"]
    assert spoken.shape == (253, 8000) and spoken.isfinite().all()
    assert spoken.abs().amax(dim=1).max() <= 0.9


@needs("mnist")
def test_reduced_mnist_is_like_the_scans_in_form_and_number(undone):
    before = scans()
    conditions.scan_mnist()
    after = scans()
    assert torch.equal(after.labels, before.labels) and torch.equal(after.forms, before.forms)
    assert after.pixels.shape == (1797, 8, 8) and after.pixels.dtype == torch.float32
    assert torch.equal(after.pixels * 16, (after.pixels * 16).round())
    assert (after.pixels.min(), after.pixels.max()) == (0, 1)
    assert after.pixels.mean().item() == pytest.approx(before.pixels.mean().item(), abs=0.03)
    assert not (after.pixels == before.pixels).all(dim=(1, 2)).any()
    assert [len(digits(split)) for split in SPLITS] == [776, 253, 768]


def test_a_reduced_picture_keeps_its_form_and_fills_the_height():
    picture = torch.zeros(1, 28, 28, dtype=torch.uint8)
    picture[0, 4:24, 10:14] = 255
    picture[0, 20:24, 4:24] = 255  # an upright T, head down
    (scan,) = conditions.reduced(picture)
    assert scan.shape == (8, 8)
    assert scan[0].sum() > 0 and (scan[7, 2:6] == 1).all()
    assert scan[:, 0].sum() == scan[:, 7].sum() == 0
    assert (scan[1:6, 3] > 0.4).all() and scan[1:5, 5:].sum() == 0
