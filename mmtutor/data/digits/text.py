"""A digit as a number word, with typing errors."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mmtutor.data.checks import check_names, check_range
from mmtutor.data.digits.scene import Scene
from mmtutor.data.text import encode_text
from mmtutor.data.words import DIGIT_WORDS

_KEY_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


@dataclass(frozen=True)
class Text:
    """Renders the digit's word: int64 `(examples, length)`, as `encode_text` gives.

    Each example is in a random one of the languages. Each of its characters is mistyped with
    probability `typos`, in one of these ways, each alike likely where it is possible:

    - another character: a neighbor on the QWERTY keyboard for a to z, otherwise any other
      character of the language's number words;
    - doubled;
    - left out, but a text never becomes empty;
    - swapped with the next.

    Args:
        languages: names from `DIGIT_WORDS`.
        typos: probability that a character is mistyped.
        length: ids for each example. It must hold the longest word with every character
            doubled, whatever `typos` is: 24 is enough for all the languages.

    Raises:
        TypeError: `languages` is one string.
        ValueError: no or an unknown language, typos outside [0, 1], or too short a length.
    """

    languages: tuple[str, ...] = tuple(DIGIT_WORDS)
    typos: float = 0.0
    length: int = 24

    def __post_init__(self) -> None:
        check_names("language", self.languages, DIGIT_WORDS)
        check_range("typos", self.typos, 0, 1)
        words = [word for language in self.languages for word in DIGIT_WORDS[language]]
        check_range("length", self.length, max(2 * len(word.encode()) for word in words))

    def __call__(self, scene: Scene, generator: torch.Generator) -> Tensor:
        """Render a scene; see the class."""
        count = len(scene.labels)
        chosen = torch.randint(len(self.languages), (count,), generator=generator).tolist()
        # Three draws for each of up to `length` characters: whether, how, which.
        draws = torch.rand(count, self.length, 3, generator=generator).tolist()
        other = {language: _replacements(language) for language in self.languages}
        texts = []
        for label, index, draw in zip(scene.labels.tolist(), chosen, draws, strict=True):
            language = self.languages[index]
            texts.append(_mistyped(DIGIT_WORDS[language][label], draw, self.typos, other[language]))
        return encode_text(texts, self.length)


def _mistyped(word: str, draws: list[list[float]], typos: float, other: dict[str, str]) -> str:
    """Return the word as it is typed; `draws` are uniform in [0, 1), three per character."""
    typed = ""
    position = 0
    while position < len(word):
        character, following = word[position], word[position + 1 : position + 2]
        whether, how, which = draws[position]
        position += 1
        if whether >= typos:
            typed += character
            continue
        choices = other[character]
        ways = [choices[int(which * len(choices))], 2 * character]
        if typed or following:
            ways.append("")
        if following:
            ways.append(following + character)
        way = int(how * len(ways))
        typed += ways[way]
        position += way == 3  # the swap has used up the following character too
    return typed


def _replacements(language: str) -> dict[str, str]:
    """Return, for each character of a language's words, those that may be typed instead."""
    alphabet = sorted(set("".join(DIGIT_WORDS[language])))
    return {
        character: _key_neighbors(character) or "".join(c for c in alphabet if c != character)
        for character in alphabet
    }


def _key_neighbors(character: str) -> str:
    """Return the keys that touch a letter's key on a QWERTY keyboard; none for others."""
    for row, keys in enumerate(_KEY_ROWS):
        if character in keys:
            column = keys.index(character)
            near = [(row, column - 1), (row, column + 1)]
            # Each row sits a little to the right of the one above.
            near += [(row - 1, column), (row - 1, column + 1)]
            near += [(row + 1, column - 1), (row + 1, column)]
            return "".join(_KEY_ROWS[r][c : c + 1] for r, c in near if 0 <= r < 3 and c >= 0)
    return ""
