"""Which option of a question an answer means (PRODUCT F1): as people type it in Brazil and in English."""

from __future__ import annotations

import pytest

from recado.domain.flow_choices import choice, repeated_labels, shown_lines

AREAS = ("Vendas", "Suporte técnico", "2ª via do boleto", "Falar com atendente")
YES_NO = ("Sim 👍", "Não")
STARS = ("5", "4", "3", "2", "1")
MONTHS = ("3 meses", "6 meses", "12 meses")
CAPS = ("1️⃣ Comprar", "2️⃣ Vender")
NAMED = ("Opção 2", "Opção 1")


def meant(labels: tuple[str, ...], text: str) -> str | None:
    index = choice([{"label": one, "next": "b"} for one in labels], text)
    return None if index is None else labels[index]


@pytest.mark.parametrize(
    ("labels", "text", "wanted"),
    [
        # by its label, whatever case, accents, punctuation and emojis
        (AREAS, "vendas", "Vendas"),
        (AREAS, "SUPORTE  TECNICO", "Suporte técnico"),
        (AREAS, "Vendas!", "Vendas"),
        (AREAS, "*vendas* 😀", "Vendas"),
        (YES_NO, "SIM", "Sim 👍"),
        (YES_NO, "sim!", "Sim 👍"),
        (YES_NO, "👍", "Sim 👍"),
        (YES_NO, "👍🏽", "Sim 👍"),
        (YES_NO, "nao", "Não"),
        (("Yes", "No"), "YES.", "Yes"),
        (("1,5 kg", "15 kg"), "1,5 KG", "1,5 kg"),
        (("⭐", "⭐⭐", "⭐⭐⭐"), "⭐⭐", "⭐⭐"),
        (("C", "C++", "C#"), "c++", "C++"),
        (("Sim 👍", "Sim 👎"), "sim👎", "Sim 👎"),
        # by its number
        (AREAS, "1", "Vendas"),
        (AREAS, " 2. ", "Suporte técnico"),
        (AREAS, "01", "Vendas"),
        (AREAS, "²", "Suporte técnico"),
        (AREAS, "(1)", "Vendas"),
        (AREAS, "1)", "Vendas"),
        (AREAS, "1️⃣", "Vendas"),
        (AREAS, "4️⃣", "Falar com atendente"),
        (AREAS, "opção 1", "Vendas"),
        (AREAS, "a opcao 4, por favor", "Falar com atendente"),
        (AREAS, "nº 1", "Vendas"),
        (AREAS, "N° 1", "Vendas"),
        (AREAS, "número 2", "Suporte técnico"),
        (AREAS, "1 please", "Vendas"),
        (AREAS, "Option 2", "Suporte técnico"),
        (AREAS, "1ª opção", "Vendas"),
        (YES_NO, "1️⃣", "Sim 👍"),
        (tuple(f"Item {letter}" for letter in "ABCDEFGHIJ"), "1️⃣0️⃣", "Item J"),
        (tuple(f"Item {letter}" for letter in "ABCDEFGHIJ"), "🔟", "Item J"),
        # by whole words
        (YES_NO, "Sim, por favor", "Sim 👍"),
        (YES_NO, "sim por favor 🙏", "Sim 👍"),
        (YES_NO, "Não, obrigado", "Não"),
        (YES_NO, "s", "Sim 👍"),
        (YES_NO, "N", "Não"),
        (("Yes", "No"), "yes please", "Yes"),
        (("Yes", "No"), "No, thanks", "No"),
        (("Yes", "No"), "y", "Yes"),
        (("Yes", "No"), "n", "No"),
        (AREAS, "suporte", "Suporte técnico"),
        (AREAS, "2ª via", "2ª via do boleto"),
        (AREAS, "vendas no atacado", "Vendas"),
        (CAPS, "comprar", "1️⃣ Comprar"),
        (CAPS, "Vender, por favor", "2️⃣ Vender"),
        (CAPS, "1", "1️⃣ Comprar"),
        (CAPS, "2️⃣", "2️⃣ Vender"),
        # a number that is written on it comes before its place
        (STARS, "5", "5"),
        (STARS, "1", "1"),
        (STARS, "5!", "5"),
        (STARS, "5, adorei", "5"),
        (STARS, "nº 5", "5"),
        (("5 ⭐", "4 ⭐", "3 ⭐", "2 ⭐", "1 ⭐"), "4", "4 ⭐"),
        (MONTHS, "3", "3 meses"),
        (MONTHS, "12", "12 meses"),
        (NAMED, "opção 2", "Opção 2"),
        (NAMED, "2", "Opção 2"),
        (("10", "20", "30"), "20", "20"),
        (("14:00", "15:00"), "14", "14:00"),
    ],
)
def test_a_choice(labels: tuple[str, ...], text: str, wanted: str | None) -> None:
    assert meant(labels, text) == wanted


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (AREAS, "0"),
        (AREAS, "5"),
        (AREAS, "99"),
        (AREAS, "talvez"),
        (AREAS, ""),
        (AREAS, "?"),
        (AREAS, "🤔"),
        (AREAS, "1 ou 2"),
        (AREAS, "1 2"),
        (AREAS, "1,5"),
        (AREAS, "2a"),  # the second, or `2ª via`
        (AREAS, "vendas ou suporte técnico"),
        (AREAS, "Vendas, não"),
        (AREAS, "vendasx"),
        (AREAS, "quero vendas"),
        (YES_NO, "sim ou não?"),
        (YES_NO, "sim, não sei"),
        (YES_NO, "talvez sim"),
        (YES_NO, "claro"),
        (("Sim 👍", "Sim 👎"), "sim"),
        (("Quero", "Não quero"), "quero não"),
        (("Sim, de manhã", "Sim, à tarde"), "sim"),
        (("Sim, de manhã", "Sim, à tarde"), "s"),
        (("Sim", "Sul"), "s"),
        (("Norte", "Sul"), "n"),
        (("Não", "Não sei"), "não sei por quê"),
        (("Yes", "No"), "no 1"),
        (STARS, "opção 5"),
        (STARS, "5 ou 4"),
        (STARS, "6"),
        (MONTHS, "2"),
        (MONTHS, "meses"),
        (STARS, "nota 5"),
        (("3 meses", "3 dias"), "3"),
        (("10", "20", "30"), "1"),
        (("0,5", "1,5", "2,5"), "1"),
        (("A", "á"), "a"),
    ],
)
def test_what_may_mean_two_options_or_none_is_asked_again(labels: tuple[str, ...], text: str) -> None:
    assert meant(labels, text) is None


@pytest.mark.parametrize("labels", [AREAS, YES_NO, STARS, MONTHS, CAPS, NAMED, ("10", "20"), ("Yes", "No")])
def test_each_option_is_answered_by_its_label_and_by_the_number_that_is_shown(labels: tuple[str, ...]) -> None:
    for label, line in zip(labels, shown_lines(labels), strict=True):
        assert meant(labels, label) == meant(labels, label.upper()) == label
        number, dot, rest = line.partition(". ")
        if dot and rest == label:
            assert meant(labels, number) == label, line


@pytest.mark.parametrize(
    ("labels", "lines"),
    [
        (AREAS, ["1. Vendas", "2. Suporte técnico", "3. 2ª via do boleto", "4. Falar com atendente"]),
        (STARS, ["5", "4", "3", "2", "1"]),
        (("1", "2", "3"), ["1", "2", "3"]),
        (MONTHS, ["3 meses", "6 meses", "12 meses"]),
        (("30 dias", "60 dias"), ["1. 30 dias", "2. 60 dias"]),
        (("1 - Vendas", "2 - Suporte", "Outro"), ["1 - Vendas", "2 - Suporte", "3. Outro"]),
        (("Opção 1", "Opção 2"), ["1. Opção 1", "2. Opção 2"]),
        (NAMED, ["Opção 2", "Opção 1"]),
        (("👍", "👎"), ["1. 👍", "2. 👎"]),
    ],
)
def test_how_options_are_shown_as_lines(labels: tuple[str, ...], lines: list[str]) -> None:
    assert shown_lines(labels) == lines


def test_labels_that_no_answer_tells_apart() -> None:
    assert repeated_labels(("A", "B", "á ", "a")) == [2, 3]
    assert repeated_labels(("C", "C++", "Sim 👍", "Sim 👎", "⭐", "⭐⭐")) == []
