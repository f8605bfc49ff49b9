"""Number words, typing errors, and text as bytes."""

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from mmtutor.data import DIGIT_WORDS, Scene, Text, decode_text, encode_text


def scene(digit, count):
    labels = torch.full((count,), digit)
    return Scene(torch.zeros(count, 8, 8), labels, labels)


def typed(digit, count=1, seed=0, **fields):
    generator = torch.Generator().manual_seed(seed)
    return decode_text(Text(**fields)(scene(digit, count), generator))


def test_every_language_has_ten_words():
    assert len(DIGIT_WORDS) == 12
    assert all(len(words) == 10 for words in DIGIT_WORDS.values())


def test_no_word_means_two_digits():
    meanings = {(word, digit) for w in DIGIT_WORDS.values() for digit, word in enumerate(w)}
    words = [word for word, _ in meanings]
    assert len(words) == len(set(words))


def test_text_becomes_bytes_plus_one_and_zeros():
    # A is byte 65; é is the bytes 195 and 169.
    assert encode_text(["A", "é", ""], 3).tolist() == [[66, 0, 0], [196, 170, 0], [0, 0, 0]]
    assert encode_text(["A"], 3).dtype == torch.int64


@example(["\0", "a\0b"])
@given(st.lists(st.text(max_size=6), max_size=4))
def test_decoding_undoes_encoding(texts):
    assert decode_text(encode_text(texts, 24)) == texts


def test_bytes_that_are_not_utf8_are_marked():
    assert decode_text(torch.tensor([[196, 0]])) == ["\ufffd"]


def test_a_text_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="'zéro' has 5 bytes in UTF-8, more than length=4"):
        encode_text(["un", "zéro"], 4)


def test_the_message_names_the_text_and_a_length_that_is_enough_for_all():
    message = r"texts\[1\]: 'zéro' .* at least 6, or truncate=True"
    with pytest.raises(ValueError, match=message):
        encode_text(["un", "zéro", "quatre"], 4)


def test_long_texts_are_cut_off_after_a_whole_character():
    # z, e, r, o have one byte each, é has two.
    ids = encode_text(["zéro", "un"], 2, truncate=True)
    assert decode_text(ids) == ["z", "un"]
    assert decode_text(encode_text(["zéro"], 3, truncate=True)) == ["zé"]


@pytest.mark.parametrize("missing", [None, float("nan"), 7, b"sept"])
def test_what_is_no_text_is_named(missing):
    with pytest.raises(TypeError, match=rf"texts must be strings, but texts\[1\] is {missing!r}"):
        encode_text(["un", missing], 4)


def test_one_string_is_not_several():
    with pytest.raises(TypeError, match=r"like \['sept'\]"):
        encode_text("sept", 24)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (torch.tensor([66]), r"shape \(batch, length\), got \(1,\)"),
        (torch.tensor([[0, 257]]), "got 0 to 257"),
        (torch.tensor([[-1, 3]]), "got -1 to 3"),
    ],
)
def test_ids_that_are_no_text_are_refused(ids, message):
    with pytest.raises(ValueError, match=message):
        decode_text(ids)


def test_without_typos_every_language_gives_its_word():
    expected = {
        "seven", "sept", "siete", "sieben", "sette", "sete", "zeven", "yedi", "saba", "семь", "七",
        "なな",
    }  # fmt: skip
    assert set(typed(7, count=300)) == expected
    assert set(typed(0, count=50, languages=("german", "french"))) == {"null", "zéro"}


def test_the_four_typing_errors_occur():
    texts = set(typed(7, count=3000, languages=("english",), typos=0.05))
    assert {"sevn", "sevven", "sveen", "sevem", "seven"} <= texts
    # A swap uses up both characters: the v does not come again.
    assert "sveven" not in texts


def test_a_letter_becomes_one_of_its_neighbors_on_the_keyboard():
    texts = [text for text in typed(7, 3000, languages=("english",), typos=0.05) if len(text) == 5]
    # On QWERTY, w e lie above s, a and d beside it, z x below it; h j above n, b m beside it.
    assert {text[0] for text in texts if text.endswith("even")} == set("sweadzx")
    assert {text[-1] for text in texts if text.startswith("seve")} == set("nhjbm")


def test_letters_off_the_qwerty_keyboard_become_others_of_the_language():
    texts = set(typed(7, count=300, languages=("chinese",), typos=1.0))
    assert texts == {*"零一二三四五六八九", "七七"}


def test_the_rate_of_typing_errors_is_typos():
    texts = typed(3, count=20_000, languages=("english",), typos=0.2)
    untouched = sum(text == "three" for text in texts) / len(texts)
    # Swapping or doubling the two e changes nothing that shows, so a little more than 0.8 ** 5.
    assert 0.8**5 <= untouched < 0.8**5 + 0.04


def test_a_text_never_becomes_empty_nor_too_long():
    for digit in range(10):
        ids = Text(typos=1.0)(scene(digit, 200), torch.Generator().manual_seed(0))
        assert ids.shape == (200, 24)
        assert (ids[:, 0] > 0).all()


def test_more_typos_change_no_language():
    clean, typos = (typed(8, count=200, typos=rate) for rate in (0.0, 0.01))
    assert 150 < sum(a == b for a, b in zip(clean, typos, strict=True)) < 200


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"languages": ("klingon",)}, ValueError, "unknown language 'klingon'; choose from engl"),
        ({"languages": "english"}, TypeError, r'like \("english",\)'),
        ({"languages": ()}, ValueError, "at least one language"),
        ({"typos": -0.1}, ValueError, "typos must be from 0 to 1, got -0.1"),
        ({"typos": 1.1}, ValueError, "typos must be from 0 to 1, got 1.1"),
        ({"length": 23}, ValueError, "length must be at least 24, got 23"),
        ({"languages": ("chinese",), "length": 5}, ValueError, "length must be at least 6"),
    ],
)
def test_an_impossible_field_is_refused(fields, error, message):
    with pytest.raises(error, match=message):
        Text(**fields)
