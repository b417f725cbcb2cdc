"""Benchmarks still measure what they say, in small."""

from __future__ import annotations

from benchmarks import contact_exports as exports
from benchmarks import contact_lists as lists
from benchmarks import segments
from benchmarks.figures import Figure


def test_exports_are_compared_with_the_same_contacts_and_made_whole() -> None:
    page = [exports.contact(number) for number in range(50)]
    assert exports.plain([page]) < exports.ours([page]) < 1.1 * exports.plain([page])
    whole = exports.whole_export(1_600)
    assert (whole["done"], whole["parts"]) == (1_600, 1)


def test_an_account_of_a_million_knows_its_contacts() -> None:
    for number in (0, 10, 11, 131, 999_999):
        one = lists.contact(number)
        words = (one.name or "").lower().split()
        assert lists.id_of(number) == one.id
        assert lists.meets("maria", number) == (words[0] == "maria")
        assert lists.meets((one.mobile or "")[-4:], number) and lists.meets("example", number)


def test_filters_by_hand_and_interpreted_find_what_ours_finds() -> None:
    for name in segments.FILTERS:
        spent, _ = segments.compared(name, 1_500)
        assert min(spent.values()) > 0
    told = segments.previewed(20_000)
    assert told["bytes"] <= told["read_1"] <= 1.1 * told["bytes"]
    assert told["read_0"] < 0.1 * told["read_1"], "a day and an organization are bounds of what is read"


def test_a_figure_says_how_far_it_came() -> None:
    least = [Figure("P7", "", value, 0.7, 0.8).verdict for value in (0.6, 0.7, 0.8)]
    most = [Figure("P8", "", value, 1.3, 1.1, at_most=True).verdict for value in (1.4, 1.3, 1.1)]
    assert least == most == ["MISSED", "ok", "stretch"]
