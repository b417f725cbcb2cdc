"""What columns mean, how rows are divided, what a row changed and what gives it back."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from recado.domain import contact_import_lanes
from recado.domain.contact_columns import header
from recado.domain.contact_import_columns import RowReader, importable, proposed
from recado.domain.contact_import_lanes import LANES, lanes_for, lanes_of, windows
from recado.domain.contact_imports import given_back, mark_of, updated_row
from recado.domain.contacts import Contact, Identity
from recado.domain.csv_files import Layout, Record
from recado.domain.custom_fields import CustomField

AT = datetime(2026, 3, 2, tzinfo=UTC)
CONTACT = Contact("ct", AT, AT, name="Ana", mobile="+5511987654321", mobile_given="11 98765-4321")
COLOR = CustomField("cf_1", "contacts", "cor", "Cor favorita", "multi_list", AT, options=("azul", "verde"))
AGE = CustomField("cf_2", "contacts", "idade", "Idade", "number", AT)
GONE = CustomField("cf_3", "contacts", "velho", "Velho", "text", AT, active=False)


def test_exports_header_means_itself() -> None:
    columns = header([COLOR, AGE])
    assert proposed(columns, [COLOR, AGE, GONE]) == {column: column for column in columns}
    assert set(importable([COLOR, AGE, GONE])) == set(columns)


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("NOME", "name"),
        ("Nome completo", "name"),
        ("E-mail", "email"),
        ("Data de Nascimento", "birthday"),
        ("Município", "city"),
        ("UF", "state"),
        ("Observações", "notes"),
        ("Company", "organization"),
        ("Número do celular", "mobile"),
        ("Phone 1 - Value", "phone"),
        ("E-mail 1 - Value", "email"),
        ("Cor Favorita", "cf_cor"),
        ("idade", "cf_idade"),
        ("Pigeon", "mobile"),
        ("Telefone", "phone"),
        ("velho", None),
        ("Sapato", None),
        ("", None),
    ],
)
def test_columns_mean_what_their_names_say(column: str, name: str | None) -> None:
    assert proposed([column], [COLOR, AGE, GONE], ["pigeon", "telefone"]).get(column) == name


def test_a_row_says_what_is_not_blank() -> None:
    columns = ["Nome", "Grupos", "cf_cor", "cf_idade", "Celular"]
    reader = RowReader(Layout("utf-8", ",", tuple(columns), 0, 2), proposed(columns, [COLOR, AGE]), [COLOR, AGE])
    said = reader.given([" '=Ana ", "VIP| a\\|b |", "azul|verde", "7.5", "  "], "BR")
    assert (said.texts, said.groups) == ({"name": "'=Ana"}, ["VIP", "a|b"])
    assert said.custom_fields == {"cor": ["azul", "verde"], "idade": 7.5}
    assert said.key and said.key != reader.given(["Bia", "", "", "", ""], "BR").key
    assert reader.given(["'=Ana", "", "", "", "1"], "BR").texts == {"name": "=Ana", "mobile": "1"}
    assert [reader.column_of(one) for one in ("/mobile", "/group_ids/0", "/custom_fields/cor", "/email")] == [
        "Celular",
        "Grupos",
        "cf_cor",
        None,
    ]


def test_rows_that_share_a_key_are_in_one_lane_in_every_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_import_lanes, "WINDOW_ROWS", 64)
    monkeypatch.setattr(contact_import_lanes, "ROWS_FOR_A_LANE", 4)
    chance, tangled, sliced = random.Random(2), 0, 0
    for few in (20, 20_000):
        keys = {row: [f"k{chance.randrange(few)}" for _ in range(2)] for row in range(2, 402)}
        rows = [Record(row, [], None, 10 * row) for row in keys]
        found = list(windows(rows, lambda record: keys[record.row], 10, 2))  # noqa: B023
        assert sum(window.rows for window in found) == 400
        assert [one.row for one in found[1:]] == [one.next_row for one in found[:-1]]
        for window in found:
            own = range(window.row, window.next_row)
            if window.slices:
                lane_of = {
                    row: lane
                    for lane in range(LANES)
                    if (part := window.slice_of(lane))
                    for row in own
                    if part[0] < 10 * row <= part[1]
                }
                sliced += 1
            else:
                lane_of = dict(zip(own, lanes_of([keys[row] for row in own], LANES), strict=True))
                tangled += 1
            assert set(lane_of) == set(own)
            assert all(lane_of[a] == lane_of[b] for a in own for b in own if set(keys[a]) & set(keys[b]))
    assert tangled and sliced


def test_a_file_has_as_many_lanes_as_it_needs() -> None:
    assert [lanes_for(total) for total in (0, 1, 500, 501, 7_501, 1_000_000)] == [1, 1, 1, 2, 16, 16]


def test_what_a_row_changed_is_given_back_unless_somebody_changed_it_since() -> None:
    after = replace(
        CONTACT,
        name="Ana Maria",
        mobile=None,
        mobile_given=None,
        group_ids=("gr",),
        custom_fields={"cor": ["azul"]},
        version=2,
    )
    row = updated_row(2, CONTACT, after)
    back = {"name": "Ana", "mobile": "11 98765-4321", "group_ids": [], "custom_fields": {"cor": None}}
    assert given_back(row, after) == (back, [])
    since = replace(after, name="Bia", custom_fields={"cor": ["verde"]})
    del back["name"], back["custom_fields"]
    assert given_back(row, since) == (back, ["name", "custom.cor"])


def test_a_mark_tells_whatever_changed_but_not_when() -> None:
    assert mark_of(replace(CONTACT, version=9, updated_at=AT.replace(year=2027))) == mark_of(CONTACT)
    for changed in (
        {"notes": "x"},
        {"custom_fields": {"a": 1}},
        {"identities": (Identity("ch", "1"),)},
        {"linked_ids": ("ct_2",)},
        {"photo_file_id": "fi"},
    ):
        assert mark_of(replace(CONTACT, **changed)) != mark_of(CONTACT)  # type: ignore[arg-type]
