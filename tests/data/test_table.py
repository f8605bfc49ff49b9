"""A table and the files that it names become a data set, or one sentence for each fault."""

import csv
import struct

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import wavfile

from mmtutor.data import (
    DataError,
    ImageFile,
    SoundFile,
    TextCell,
    decode_text,
    from_table,
)

HEAD = ["photo", "word", "sound", "digit", "person"]
COLUMNS = {
    "image": ImageFile("photo", 4),
    "text": TextCell("word"),
    "audio": SoundFile("sound", 8000),
}


def picture(folder, name, values, mode="L"):
    Image.fromarray(np.asarray(values, dtype=np.uint8)).convert(mode).save(folder / name)


def sound(folder, name, samples, rate=8000):
    wavfile.write(folder / name, rate, np.asarray(samples))


def table(folder, rows, head=HEAD, name="table.csv", **options):
    with open(folder / name, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, **options).writerows([head, *rows])
    return folder / name


@pytest.fixture
def folder(tmp_path):
    picture(tmp_path, "white.png", np.full((4, 4), 255))
    picture(tmp_path, "wide.png", np.full((2, 4), 255))
    sound(tmp_path, "two.wav", np.array([16384, -32768], dtype=np.int16))
    sound(tmp_path, "one.wav", np.array([16384], dtype=np.int16))
    return tmp_path


GOOD = [
    ["white.png", "sept", "two.wav", "7", "ann"],
    ["wide.png", "七", "one.wav", "10", "bob"],
    ["white.png", "", "two.wav", "7", "bob"],
    ["", "dix", "", "10", "ann"],
]


def read(folder, rows=GOOD, columns=COLUMNS, **options):
    return from_table(table(folder, rows), columns, **{"target": "digit", **options})


def message(folder, rows=GOOD, columns=COLUMNS, **options):
    with pytest.raises(DataError) as raised:
        read(folder, rows, columns, **options)
    return str(raised.value)


def changed(row, column, cell):
    """Return the good rows with one cell changed; the row counts as in a spreadsheet."""
    rows = [list(cells) for cells in GOOD]
    rows[row - 2][HEAD.index(column)] = cell
    return rows


# --- what is read -----------------------------------------------------------------------------


def test_images_are_fitted_and_filled_up_with_black(folder):
    images = read(folder).inputs["image"]
    assert images.shape == (4, 1, 4, 4) and images.dtype == torch.float32
    assert (images[0] == 1).all()
    assert images[1, 0, :, 0].tolist() == [0, 1, 1, 0], "4 × 2 keeps its shape in 4 × 4"
    assert (images[3] == 0).all()


def test_height_comes_before_width(folder):
    sized = {"image": ImageFile("photo", (2, 6))}
    assert read(folder, GOOD[:3], sized, target=None).inputs["image"].shape == (3, 1, 2, 6)


def test_texts_of_any_language_are_bytes(folder):
    dataset = read(folder)
    assert decode_text(dataset.inputs["text"]) == ["sept", "七", "", "dix"]
    assert dataset.inputs["text"].shape == (4, 4)


def test_a_length_cuts_texts_off_after_a_whole_character(folder):
    columns = {**COLUMNS, "text": TextCell("word", length=5)}
    rows = changed(3, "word", "七七")
    assert decode_text(read(folder, rows, columns).inputs["text"]) == ["sept", "七", "", "dix"]


def test_two_ways_to_type_a_letter_are_one(folder):
    rows = changed(2, "word", "e\u0301")
    assert decode_text(read(folder, rows).inputs["text"])[0] == "\u00e9"


def test_sounds_are_padded_and_their_lengths_kept(folder):
    dataset = read(folder)
    assert dataset.inputs["audio"].tolist() == [[0.5, -1], [0.5, 0], [0.5, -1], [0, 0]]
    assert dataset.lengths["audio"].tolist() == [2, 1, 2, 0]


def test_seconds_cut_sounds_off_and_fill_them_up(folder):
    cut = {"audio": SoundFile("sound", 8000, seconds=1 / 8000), "text": TextCell("word")}
    longer = {"audio": SoundFile("sound", 8000, seconds=3 / 8000), "text": TextCell("word")}
    assert read(folder, columns=cut).inputs["audio"].tolist() == [[0.5], [0.5], [0.5], [0]]
    padded = read(folder, columns=longer)
    assert padded.inputs["audio"].shape == (4, 3)
    assert padded.lengths["audio"].tolist() == [2, 1, 2, 0]


def test_an_empty_cell_is_a_missing_modality(folder):
    present = read(folder).present
    assert present["image"].tolist() == [True, True, True, False]
    assert present["text"].tolist() == [True, True, False, True]
    assert read(folder, GOOD[:1] * 2).present is None, "nothing is missing"


def test_classes_are_sorted_and_numbers_by_size(folder):
    dataset = read(folder)
    assert dataset.classes == ("7", "10") and dataset.targets.tolist() == [0, 1, 0, 1]
    named = read(folder, [[*row[:3], "xy"[i % 2], row[4]] for i, row in enumerate(GOOD)])
    assert named.classes == ("x", "y")


def test_rows_and_groups_are_kept(folder):
    metadata = read(folder, group="person").metadata
    assert metadata["row"].tolist() == [2, 3, 4, 5]
    assert metadata["group"].tolist() == [0, 1, 1, 0]


def test_a_blank_line_counts_as_a_row_but_is_no_example(folder):
    dataset = read(folder, [GOOD[0], [], GOOD[2]])
    assert dataset.metadata["row"].tolist() == [2, 4]


def test_new_examples_need_no_target_and_keep_the_classes(folder):
    dataset = read(folder, GOOD[:1], target=None, classes=("7", "10"))
    assert dataset.targets.tolist() == [-100] and dataset.classes == ("7", "10")
    known = read(folder, GOOD[1:2], classes=("7", "10"))
    assert known.targets.tolist() == [1], "one example of a class is enough here"


def test_targets_may_be_numbers(folder):
    dataset = read(folder, changed(2, "digit", "2.5"), values=True)
    assert dataset.targets.tolist() == [2.5, 10, 7, 10] and dataset.classes == ()


def test_what_spreadsheets_write_is_read(folder):
    path = table(folder, GOOD, delimiter=";")
    path.write_text("\ufeff" + path.read_text("utf-8"), encoding="utf-8")
    assert len(from_table(path, COLUMNS, target="digit", delimiter=";")) == 4


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([128, 0], dtype=np.uint8), [0, -1]),
        (np.array([2**30, -(2**31)], dtype=np.int32), [0.5, -1]),
        (np.array([0.25, -1], dtype=np.float32), [0.25, -1]),
    ],
)
def test_samples_of_any_width_run_from_minus_one_to_one(folder, samples, expected):
    sound(folder, "two.wav", samples)
    assert read(folder).inputs["audio"][0].tolist() == expected


def test_stereo_and_other_rates_are_converted_when_asked(folder):
    sound(folder, "two.wav", np.array([[0, 16384]] * 40, dtype=np.int16), rate=16000)
    columns = {"audio": SoundFile("sound", 8000, resample=True, mix=True)}
    dataset = read(folder, GOOD[:1] * 2, columns)
    assert dataset.lengths["audio"].tolist() == [20, 20]
    assert dataset.inputs["audio"][0, 5:15].numpy() == pytest.approx(0.25, abs=0.01)


def test_colors_are_converted_when_asked(folder):
    picture(folder, "wide.png", np.full((2, 4, 3), [255, 0, 0]), "RGB")
    gray = read(folder, columns={**COLUMNS, "image": ImageFile("photo", 4, mode="L")})
    assert gray.inputs["image"].shape == (4, 1, 4, 4)
    color = read(folder, columns={**COLUMNS, "image": ImageFile("photo", 4, mode="RGB")})
    assert color.inputs["image"][1, :, 1, 0].tolist() == [1, 0, 0]


def test_transparency_is_laid_on_black(folder):
    image = Image.new("RGBA", (4, 4), (255, 255, 255, 0))
    image.save(folder / "white.png")
    columns = {"image": ImageFile("photo", 4, mode="L")}
    assert (read(folder, GOOD[:1] * 2, columns).inputs["image"] == 0).all()


def test_a_photo_is_turned_as_its_camera_says(folder):
    image = Image.fromarray(np.array([[255, 0]] * 2, dtype=np.uint8))
    exif = image.getexif()
    exif[0x0112] = 6  # turn by 90° to the right
    image.save(folder / "white.png", exif=exif)
    columns = {"image": ImageFile("photo", 2)}
    assert read(folder, GOOD[:1] * 2, columns).inputs["image"][0, 0].tolist() == [[1, 1], [0, 0]]


# --- what is refused --------------------------------------------------------------------------


def test_every_problem_is_told_with_its_row(folder):
    rows = changed(3, "photo", "whit.png")
    rows[0][1], rows[3][3] = "  ", ""
    text = message(folder, [*rows, GOOD[0]])
    assert text.startswith("table.csv has 4 problems:\n  row 2, word: the text is nothing but")
    assert "\n  row 3, photo: there is no file 'whit.png'; paths start at the folder" in text
    assert "\n  row 5, digit: the target is empty" in text
    assert "\n  row 3, digit: the class '10' has this one example" in text


def test_of_many_problems_the_first_are_told(folder):
    text = message(folder, [["no.png", "x", "", "7", "ann"]] * 10)
    assert text.startswith("table.csv has 10 problems:") and text.endswith("… and 2 more")
    assert text.count("\n") == 9


@pytest.mark.parametrize(
    ("row", "column", "cell", "expected"),
    [
        (3, "digit", "11", "row 3, digit: the class '11' has this one example"),
        (4, "sound", "white.png", "row 4, sound: 'white.png' is not a WAV file, or damaged"),
        (4, "photo", "two.wav", "row 4, photo: 'two.wav' is not an image, or damaged"),
        (5, "word", "", "row 5: nothing in photo, word, sound; fill one in, or delete the row"),
        (2, "person", " ", "row 2, person: the group is empty; give an example"),
    ],
)
def test_a_wrong_cell_is_named(folder, row, column, cell, expected):
    assert expected in message(folder, changed(row, column, cell), group="person")


@pytest.mark.parametrize(
    ("samples", "rate", "expected"),
    [
        (np.zeros((5, 2), dtype=np.int16), 8000, "has 2 channels, expected 1; mix=True averages"),
        (
            np.zeros(5, dtype=np.int16),
            44100,
            "has 44,100 samples a second, expected 8,000; resample=True converts it",
        ),
        (np.zeros(0, dtype=np.int16), 8000, "is a sound without a single sample"),
        (np.array([np.nan], dtype=np.float32), 8000, "holds samples that are no finite numbers"),
    ],
)
def test_a_wrong_sound_is_named(folder, samples, rate, expected):
    sound(folder, "one.wav", samples, rate)
    assert f"row 3, sound: 'one.wav' {expected}" in message(folder)


def test_a_damaged_sound_is_named(folder):
    content = (folder / "two.wav").read_bytes()
    (folder / "one.wav").write_bytes(content[:20] + struct.pack("<H", 99) + content[22:])
    assert "row 3, sound: 'one.wav' is not a WAV file, or damaged" in message(folder)


def test_a_damaged_image_is_named(folder):
    content = (folder / "wide.png").read_bytes()
    (folder / "wide.png").write_bytes(content[: len(content) // 2])
    assert "row 3, photo: 'wide.png' is not an image, or damaged" in message(folder)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("RGB", "this image has the color mode RGB, and the first of the table L; mode="),
        ("RGBA", "'wide.png' has the color mode RGBA, expected L (gray) or RGB; mode="),
        ("I;16", "'wide.png' has more than 8 bits a pixel; save it with 8 bits"),
    ],
)
def test_mixed_color_modes_are_named(folder, mode, expected):
    Image.new(mode, (4, 2)).save(folder / "wide.png")
    assert f"row 3, photo: {expected}" in message(folder)


def test_a_label_must_be_among_the_classes_that_are_given(folder):
    text = message(folder, classes=("7", "8"))
    assert "row 3, digit: '10' is none of the classes 7, 8" in text


def test_a_target_must_be_a_number_if_it_is_to_be_one(folder):
    text = message(folder, changed(4, "digit", "seven"), values=True)
    assert "row 4, digit: 'seven' is not a number, such as 2.5" in text


def test_a_missing_column_is_named_beside_those_that_are_there(folder):
    text = message(folder, target="number")
    wanted = "no column 'number'; there is photo, word, sound, digit, person: check the spelling"
    assert wanted in text


def test_another_delimiter_is_suggested(folder):
    path = table(folder, GOOD, delimiter=";")
    with pytest.raises(DataError, match='separated by ";": give delimiter=";"'):
        from_table(path, COLUMNS)


def test_a_comma_without_quotes_is_named(folder):
    assert "row 3: 6 cells, expected 5" in message(folder, [GOOD[0], [*GOOD[1], "more"]])


def test_a_column_that_stands_twice_is_named(folder):
    path = table(folder, GOOD, head=["photo", "word", "sound", "word", "person"])
    with pytest.raises(DataError, match="2 columns 'word'; rename all but one"):
        from_table(path, COLUMNS)


def test_a_table_must_be_there_in_utf8_and_have_rows(folder):
    with pytest.raises(FileNotFoundError, match="there is no table '.*none.csv'"):
        from_table(folder / "none.csv", COLUMNS)
    path = table(folder, [])
    with pytest.raises(DataError, match="table.csv has no rows below the names"):
        from_table(path, COLUMNS)
    path.write_bytes("photo,wörd".encode("latin-1"))
    with pytest.raises(DataError, match="table.csv is not a table in UTF-8; in a spreadsheet"):
        from_table(path, COLUMNS)


def test_settings_that_make_no_sense_are_refused(folder):
    with pytest.raises(ValueError, match="name at least one column"):
        from_table(table(folder, GOOD), {})
    with pytest.raises(ValueError, match='mode must be "L"'):
        ImageFile("photo", 4, mode="gray")
    with pytest.raises(ValueError, match="size must be at least 1 pixel, got 0"):
        ImageFile("photo", 0)
    with pytest.raises(ValueError, match="must be positive, got 0, None"):
        SoundFile("sound", 0)
