"""Which of a question's options an answer means, and how options are shown where there are no buttons (PRODUCT F1).
Pure.

Nothing is guessed: an answer that may mean two options means none of them, and is asked again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from typing import Any
from unicodedata import category

from recado.domain.contact_search import fold

_WORD = re.compile(r"[^\W_]+(?:(?<=\d)[.,:/](?=\d)[^\W_]+)*")
"""1,5 and 10:30 are one word."""
_NUMBER = re.compile(r"([0-9]{1,15})([ao]?)")
"""An answer that is a number, or an ordinal: 2, 2ª."""
_OWN_NUMBER = re.compile(r"([0-9]{1,15})(?::[0-9]{2}|(?!(?:[ao]|st|nd|rd|th)$)[^\W\d_]{1,3})?")
"""What a label begins with that has a number of its own, be it with a unit: 3, 24h, 10:30. 1,5 and 2ª are none."""
_NUMERIC = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_ALIKE = str.maketrans({"\u20e3": None, "\ufe0f": None, "\u200d": None, "\U0001f51f": "10", "°": "º"})
"""What makes 1️⃣ of 1 and joins emojis; 🔟 is one sign; n° is nº."""
_PLACE_WORDS = frozenset({"opcao", "option", "item"})
_BEFORE_NUMBERS = _PLACE_WORDS | {"a", "o", "the", "numero", "number", "no", "n", "num"}
"""What stands before a number that is an answer: opção 1, nº 1, option 2."""
_COURTESIES = frozenset({"por", "favor", "pf", "pfv", "please", "pls", "obrigado", "obrigada", "thanks"})
_DOUBTS = frozenset({
    "nao", "nem", "nunca", "jamais", "not", "dont", "don", "never", "ou", "or", "mas", "but", "exceto", "except",
})  # fmt: skip
"""What may turn the words before it: `quero não`, `vendas ou suporte`."""
_LETTERS: Mapping[str, frozenset[str]] = {
    "s": frozenset({"sim"}), "n": frozenset({"nao", "no"}), "y": frozenset({"yes"}),
}  # fmt: skip


@dataclass(frozen=True)
class _Said:
    """A label or an answer as it is compared: without case and accents; words without punctuation, emojis apart."""

    whole: str
    words: tuple[str, ...]
    emojis: tuple[str, ...]


def choice(options: Sequence[Mapping[str, Any]], text: str) -> int | None:
    """Which of the options an answer means; None: none of them, or more than one. A label as it stands comes first,
    then one without emojis and punctuation. After these: a number; the words with which one label alone begins, or a
    label's words and more; `s`, `n`, `y` for sim, não or no, yes."""
    said, labels = _said(text), [_said(str(one["label"])) for one in options]
    for of in _SAMENESS:
        wanted = of(said)
        found = [index for index, one in enumerate(labels) if of(one) == wanted] if wanted else []
        if found:
            return found[0] if len(found) == 1 else None
    if not said.words:
        found = [index for index, one in enumerate(labels) if said.emojis and one.emojis == said.emojis]
        return found[0] if len(found) == 1 else None
    meant = _by_number(labels, said.words) | _by_words(labels, said.words)
    return meant.pop() if len(meant) == 1 and not _others_mentioned(labels, said.words, meant) else None


def shown_lines(labels: Sequence[str]) -> list[str]:
    """The options as lines of a text, each with the number that answers it. Numbers of their own are not numbered
    over."""
    said = [_said(label) for label in labels]
    counted = _places_count(said)
    return [
        label if not counted or (_own_number(one) == place and one.words[0][0].isdigit()) else f"{place}. {label}"
        for place, (label, one) in enumerate(zip(labels, said, strict=True), 1)
    ]


def repeated_labels(labels: Sequence[str]) -> list[int]:
    """The places, from 0, of labels that are the same as one before them but for case, accents and blanks: no typed
    answer can mean one of them."""
    wholes = [_said(label).whole for label in labels]
    return [index for index, whole in enumerate(wholes) if whole in wholes[:index]]


_SAMENESS: tuple[Callable[[_Said], Any], ...] = (
    lambda one: one.whole,
    lambda one: (one.words, one.emojis) if one.words else None,
    lambda one: one.words,
)
"""In what an answer and a label may be the same, the closest first."""


def _said(text: str) -> _Said:
    folded = fold(text.translate(_ALIKE))
    emojis = tuple(sign for sign in folded if category(sign) == "So")
    return _Said(" ".join(folded.split()), tuple(_WORD.findall(folded)), emojis)


# -- numbers -------------------------------------------------------------------------------------------------------


def _by_number(labels: Sequence[_Said], words: Sequence[str]) -> set[int]:
    """The options that an answer's number may mean: the one at that place, the one whose own number it is. `Opção 2`
    means a place also where numbers alone do not."""
    *before, number = _without_courtesies(words) or [""]
    found = _NUMBER.fullmatch(number)
    if found is None or not _BEFORE_NUMBERS.issuperset(before):
        return set()
    wanted, is_place = int(found[1]), bool(found[2] or _PLACE_WORDS.intersection(before))
    meant = {index for index, one in enumerate(labels) if _own_number(one) == wanted and not found[2]}
    if 1 <= wanted <= len(labels) and (is_place or _places_count(labels)):
        meant.add(wanted - 1)
    return meant


def _without_courtesies(words: Sequence[str]) -> list[str]:
    ignored = _COURTESIES | _PLACE_WORDS
    return list(dropwhile(ignored.__contains__, reversed(words)))[::-1]


def _own_number(label: _Said) -> int | None:
    words = list(dropwhile(_PLACE_WORDS.__contains__, label.words))
    found = _OWN_NUMBER.fullmatch(words[0]) if words else None
    return int(found[1]) if found else None


def _places_count(labels: Sequence[_Said]) -> bool:
    """Whether options may be answered by their places: no label is another number, or begins with one that could be
    taken for a place."""
    for place, one in enumerate(labels, 1):
        own = _own_number(one)
        is_number = len(one.words) == 1 and bool(_NUMERIC.fullmatch(one.words[0]))
        if own != place and (is_number or (own is not None and 1 <= own <= len(labels))):
            return False
    return True


# -- words ---------------------------------------------------------------------------------------------------------


def _by_words(labels: Sequence[_Said], words: tuple[str, ...]) -> set[int]:
    """The options with which the answer begins, or which begin with it; a number before a label may be left out."""
    return {
        index
        for index, one in enumerate(labels)
        if any(_meets(form, words) for form in (one.words, one.words[1:] if _own_number(one) else ()) if form)
    }


def _meets(label: tuple[str, ...], words: tuple[str, ...]) -> bool:
    if words[: len(label)] == label:
        return _DOUBTS.isdisjoint(words[len(label) :])
    return label[: len(words)] == words or (len(words) == 1 and label[0] in _LETTERS.get(words[0], ()))


def _others_mentioned(labels: Sequence[_Said], words: tuple[str, ...], meant: set[int]) -> bool:
    """Whether an answer has words of another option too, or is a letter with which another one begins."""
    text = f" {' '.join(words)} "
    return any(
        one.words
        and index not in meant
        and (f" {' '.join(one.words)} " in text or (words[0] in _LETTERS and one.words[0].startswith(words[0])))
        for index, one in enumerate(labels)
    )
