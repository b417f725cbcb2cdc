"""Imports of contacts, whole: what becomes of each row, interrupted anywhere, run again, undone."""

from __future__ import annotations

import random
from typing import Any

import pytest

from recado.domain.custom_fields import CustomField
from recado.domain.errors import Conflict, Invalid
from tests.import_world import ADMIN, A, ImportWorld, csv_of

HEADER = ("Nome", "Celular", "E-mail", "Cidade", "Grupos", "Empresa")


@pytest.fixture
def world(clock: Any, ids: Any) -> ImportWorld:
    return ImportWorld(clock, ids)


def people(count: int, city: str = "Recife") -> list[tuple[str, ...]]:
    return [
        (
            f"João da Silva {n}",
            f"(11) 9{8000_0000 + n}",
            f"joao{n}@example.com",
            city,
            "VIP|Clientes" if n % 3 else "",
            f"Empresa {n % 7}",
        )
        for n in range(count)
    ]


def counts(done: dict[str, Any]) -> tuple[int, int, int, int]:
    return done["created"], done["updated"], done["unchanged"], done["rejected"]


def test_an_import_makes_contacts_by_the_names_of_its_columns(world: ImportWorld) -> None:
    done = world.run(csv_of(people(3), HEADER, ";"))
    assert (done["state"], done["total"], done["done"], counts(done)) == ("done", 3, 3, (3, 0, 0, 0))
    assert done["mapping"]["Celular"] == "mobile"
    first = world.memory.of_phone("+5511980000000")
    assert (first.name, first.mobile, first.email, first.city) == (
        "João da Silva 0",
        "+5511980000000",
        "joao0@example.com",
        "Recife",
    )
    assert {one.name for one in world.memory.groups.values()} == {
        "VIP",
        "Clientes",
        "Empresa 0",
        "Empresa 1",
        "Empresa 2",
    }


def test_a_group_that_is_deleted_meanwhile_is_made_again(world: ImportWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name was found for the rows before: a worker would write its id until it gave up, and the lane with it."""
    written = world.contacts.__class__.write

    def write(self: Any, *given: Any) -> None:
        if len(world.memory.contacts) == 2:
            world.memory.groups.pop(next(iter(world.memory.groups)))
            monkeypatch.undo()
        written(self, *given)

    monkeypatch.setattr("tests.import_stores.MemoryContacts.write", write)
    header = ("name", "email", "groups")
    done = world.run(csv_of([(f"Ana {n}", f"a{n}@example.com", "VIP") for n in range(4)], header))
    assert (done["state"], counts(done)) == ("done", (4, 0, 0, 0))
    *_, last = world.memory.contacts.values()
    assert [last.group_ids] == [tuple(world.memory.groups)]


def test_2000_rows_interrupted_anywhere_run_again_and_undone(world: ImportWorld) -> None:
    """ISSUE 5: interrupted at random and resumed; run twice: created 0; counts are of all rows; undo restores."""
    world.run(csv_of(people(300, "Olinda"), HEADER))
    before = world.state()
    rows = [*people(1960), *(("", "123", "", "", "", ""),) * 20, *people(20, "Natal")]
    random.Random(3).shuffle(rows)
    body = csv_of(rows, HEADER)
    world.memory.deaths.each = 0.004
    turns = random.Random(4)
    import_id = world.begin(body)
    done = world.finish(import_id, lambda: turns.randrange(1, 40))
    assert world.memory.deaths.count > 5
    assert (done["state"], done["total"], sum(counts(done))) == ("done", 2000, 2000)
    assert (done["created"], done["rejected"]) == (1660, 20)
    outcomes = world.outcomes(import_id)
    assert [row for row, *_ in outcomes] == list(range(2, 2002))
    for at, outcome in enumerate(("created", "updated", "unchanged", "rejected")):
        assert counts(done)[at] == sum(one == outcome for _, one, *_ in outcomes), outcome
    assert len(world.memory.contacts) == 1960
    world.memory.deaths.each = 0.0
    after = world.state()
    again = world.run(body)
    assert (again["created"], again["rejected"], sum(counts(again))) == (0, 20, 2000)
    assert world.state() == after, "the rows end as they ended before"
    world.memory.deaths.each = 0.002
    world.imports.undo(ADMIN, import_id)
    undone = world.finish(import_id, lambda: turns.randrange(1, 40))
    assert (undone["state"], undone["undo"]["left"], undone["undo"]["removed"]) == ("undone", 0, 1660)
    assert world.state() == before


def test_of_two_rows_for_one_contact_the_later_updates_wherever_they_stand(world: ImportWorld) -> None:
    rows = people(1200)
    rows[3] = ("Early", "11 98888-0001", "e@example.com", "Recife", "", "")
    rows[1100] = ("Late", "+55 11 8888-0001", "", "", "", "")
    rows[1150] = ("Last", "", "E@example.com", "Natal", "", "")
    done = world.run(csv_of(rows, HEADER))
    assert counts(done) == (1198, 2, 0, 0)
    contact = world.memory.of_phone("+5511988880001")
    assert (contact.name, contact.city, contact.mobile) == ("Last", "Natal", "+5511988880001")


def test_a_list_of_years_ago_leaves_the_number_that_is_called_today(world: ImportWorld) -> None:
    """It lacks Brazil's ninth digit; the other way round the number becomes that of today."""
    header = ("name", "mobile", "phone")
    world.run(csv_of([("Ana", "+55 11 98888-0001", "+55 11 98888-0003"), ("Bia", "+55 11 8888-0002", "")], header))
    rows = [("Ana", "(11) 8888-0001", "1188880003"), ("Bia", "(11) 98888-0002", "")]
    for dry_run in (True, False):
        done = world.run(csv_of(rows, header), dry_run=dry_run)
        assert [outcome for _, outcome, *_ in world.outcomes(done["id"])] == ["unchanged", "updated"]
    ana, bia = world.memory.contacts.values()
    assert (ana.mobile, ana.mobile_given, ana.phone) == ("+5511988880001", "+55 11 98888-0001", "+5511988880003")
    assert bia.mobile == "+5511988880002"


@pytest.mark.parametrize(
    ("cell", "groups"),
    [
        ("Clientes, VIP", ["Clientes", "VIP"]),
        ("Clientes; VIP", ["Clientes", "VIP"]),
        ("Clientes|VIP", ["Clientes", "VIP"]),
        ("Clientes, VIP|", ["Clientes, VIP"]),
    ],
)
def test_one_cell_may_name_several_groups(world: ImportWorld, cell: str, groups: list[str]) -> None:
    world.run(csv_of([("Ana", cell)], ("name", "groups")))
    assert [one.name for one in world.memory.groups.values()] == groups


def test_a_dry_run_says_what_would_be_and_writes_no_contact(world: ImportWorld) -> None:
    world.run(csv_of(people(2), HEADER))
    before, groups = world.state(), set(world.memory.groups)
    rows = [
        *people(4, "Natal"),
        *people(1, "Natal")[:1],
        ("", "", "", "Natal", "", ""),
        ("Ana", "", "", "", "Novo", ""),
    ]
    body = csv_of(rows, HEADER)
    dry = world.run(body, dry_run=True)
    assert (dry["state"], counts(dry)) == ("done", (3, 2, 1, 1))
    assert (world.state(), set(world.memory.groups)) == (before, groups)
    with pytest.raises(Conflict) as refused:
        world.imports.undo(ADMIN, dry["id"])
    assert refused.value.code == "nothing_to_undo"
    real = world.run(body)
    assert world.outcomes(real["id"]) == world.outcomes(dry["id"])


def test_every_field_is_written_and_a_blank_cell_leaves_what_is_there(world: ImportWorld) -> None:
    names = ("name", "mobile", "phone", "email", "birthday", "address", "city", "district", "state", "country", "notes")
    full = (
        "Zoë 👩‍🚀",
        "+5511987654321",
        "+551133334444",
        "z@example.com",
        "1990-02-28",
        "Rua A, 1",
        "SP",
        "Sé",
        "SP",
        "BR",
        "a\nb",
    )
    world.run(csv_of([full], names))
    [contact] = world.memory.contacts.values()
    assert tuple(getattr(contact, name) for name in names) == full
    other = ("'=cmd()", "'+5511987654321", *[" "] * 8, "")
    done = world.run(csv_of([other], names))
    assert counts(done) == (0, 1, 0, 0)
    [contact] = world.memory.contacts.values()
    assert tuple(getattr(contact, name) for name in names) == ("=cmd()", *full[1:])


@pytest.mark.parametrize(
    ("cells", "reason", "column"),
    [
        (("", "", "", "Recife", "", ""), "required", "Nome"),
        (("Ana", "12", "", "", "", ""), "invalid_phone", "Celular"),
        (("Ana", "", "nobody", "", "", ""), "invalid_email", "E-mail"),
        (("x" * 1001, "", "", "", "", ""), "too_long", "Nome"),
        (("a\nb", "", "", "", "", ""), "not_one_line", "Nome"),
        (("Ana", "", "", "", "|".join("abcdefghijk"), ""), "too_many", "Grupos"),
        (("Ana", "", "", "", "", "x" * 201), "invalid_name", "Empresa"),
    ],
)  # fmt: skip
def test_a_row_that_is_wrong_is_told_with_its_column(
    world: ImportWorld, cells: tuple[str, ...], reason: str, column: str
) -> None:
    done = world.run(csv_of([*people(1), cells, *people(2)[1:]], HEADER))
    assert counts(done) == (2, 0, 0, 1)
    assert world.outcomes(done["id"])[1] == (3, "rejected", reason, column)
    assert [(one["row"], one["reason"], one["column"]) for one in done["errors"]] == [(3, reason, column)]


def test_a_row_tells_all_that_is_wrong_with_it(world: ImportWorld) -> None:
    world.memory.fields += [
        CustomField("cf_1", "contacts", "idade", "Idade", "number", world.clock.now()),
        CustomField("cf_2", "contacts", "cpf", "CPF", "cpf", world.clock.now(), required=True),
    ]
    header = ("Nome", "Celular", "Fixo", "E-mail", "Nascimento", "Grupos", "Empresa", "Idade", "id")
    rows = [
        ("x" * 1001, "12", "9" * 41, "nobody", "31/02/2026", "|".join("abcdefghijk"), "x" * 201, "old", "ct_x"),
        ("", "", "", "", "31/02/2026", "", "", "old", ""),
        ("Ana", "11 98888-0001", "", "", "", "", "", "old", ""),
    ]
    for dry_run in (True, False):
        done = world.run(csv_of(rows, header), dry_run=dry_run)
        found = world.imports.rows(ADMIN, done["id"], 9, None)[0]
        first, second, third = ({one["column"]: one["reason"] for one in row["errors"]} for row in found)
        assert first == {
            "id": "not_found",
            "Nome": "too_long",
            "Celular": "invalid_phone",
            "Fixo": "too_long",
            "E-mail": "invalid_email",
            "Nascimento": "invalid_date",
            "Grupos": "too_many",
            "Empresa": "invalid_name",
            "Idade": "invalid",
        }
        assert second == {"Nome": "required", "Nascimento": "invalid_date", "Idade": "invalid", None: "required"}
        assert third == {"Idade": "invalid", None: "required"}
        assert (found[0]["reason"], found[0]["column"]) == ("not_found", "id")
        assert [one["row"] for one in done["errors"]] == [2] * 9 + [3] * 4 + [4] * 2


def test_so_many_errors_of_one_row_and_of_one_import_are_told(world: ImportWorld) -> None:
    columns = [f"n{n}" for n in range(15)]
    now = world.clock.now()
    world.memory.fields += [CustomField(f"cf_{one}", "contacts", one, one, "number", now) for one in columns]
    done = world.run(csv_of([("Ana", *["x"] * 15)] * 3, ("name", *columns)))
    found = world.imports.rows(ADMIN, done["id"], 9, None)[0]
    assert [len(row["errors"]) for row in found] == [10, 10, 10]
    assert len(done["errors"]) == 20


def test_a_row_may_name_its_contact_by_id(world: ImportWorld) -> None:
    world.run(csv_of(people(2), HEADER))
    first, second = (one.id for one in world.memory.contacts.values())
    stranger = first[:-1] + "0"
    rows = [(first, "Ana", ""), (stranger, "Bia", ""), ("ct_x", "Caio", ""), (second, "", "joao0@example.com")]
    done = world.run(csv_of(rows, ("id", "name", "email")))
    assert world.outcomes(done["id"]) == [
        (2, "updated", None, None),
        (3, "rejected", "not_found", "id"),
        (4, "rejected", "not_found", "id"),
        (5, "rejected", "contact_exists", "email"),
    ]
    assert world.memory.contacts[first].name == "Ana"


def test_rows_with_nothing_but_a_name_are_found_again_by_all_they_say(world: ImportWorld) -> None:
    body = csv_of([("Maria", "Recife"), ("Maria", "Natal"), ("Maria", "Recife")], ("name", "city"))
    assert counts(world.run(body)) == (2, 0, 1, 0)
    assert counts(world.run(body)) == (0, 0, 3, 0)


def test_a_file_that_cannot_be_read_fails_with_the_row_and_the_reason(world: ImportWorld) -> None:
    for body, row, reason in (
        (b"\xef\xbb\xbf", 1, "empty_file"),
        (b"name,name\nAna,Bia\n", 1, "duplicate_column"),
        (",".join(f"c{n}" for n in range(10_000)), 1, "too_many_columns"),
        (b"cidade\nRecife\n", 1, "nobody_known"),
    ):
        failed = world.run(body)
        assert (failed["state"], failed["reason"], failed["errors"][0]["row"]) == ("failed", reason, row)
    assert counts(world.run(b"name\n")) == (0, 0, 0, 0)
    for mapping, code in (
        ({"nome": "name"}, "missing_column"),
        ({"name": "shoe_size"}, "unknown_field"),
        ({"name": "name", "x": "name"}, "repeated"),
        ({"x": "city"}, "nobody_known"),
    ):
        with pytest.raises(Invalid) as refused:
            world.begin(b"name,x\nAna,Bia\n", mapping)
        assert refused.value.errors[0].code == code


def test_a_row_that_breaks_every_worker_is_told_and_the_others_are_done(
    world: ImportWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = world.contacts.__class__.write

    def write(self: Any, before: Any, after: Any, *others: Any) -> None:
        if after is not None and after.city == "poison":
            raise OSError
        if after is not None and after.city == "death":
            world.memory.deaths.each = 1.0
        try:
            written(self, before, after, *others)
        finally:
            world.memory.deaths.each = 0.0

    monkeypatch.setattr("tests.import_stores.MemoryContacts.write", write)
    rows = [(f"Ana {n}", f"a{n}@example.com", {9: "poison", 17: "death"}.get(n, "")) for n in range(30)]
    import_id = world.begin(csv_of(rows, ("name", "email", "city")))
    done = None
    while done is None:
        try:
            done = world.finish(import_id)
        except OSError:
            continue
    assert counts(done) == (28, 0, 0, 2)
    assert [(row, reason) for row, _, reason, _ in world.outcomes(import_id) if reason] == [
        (11, "failed"),
        (19, "failed"),
    ]
    assert [(stage, row, type(error)) for stage, row, error in world.told.rows] == [("rows", 11, OSError)]


def test_an_import_is_done_without_its_results_rather_than_not_at_all(
    world: ImportWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.import_world.NoResults.write", lambda *_: 1 / 0)
    import_id, tries = world.begin(csv_of(people(1), HEADER)), 0
    while world.memory.imports[import_id].stage is not None:
        try:
            world.finish(import_id)
        except ZeroDivisionError:
            tries += 1
    done = world.imports.get(ADMIN, import_id)
    assert (tries, done["state"], done["created"], done["result_url"]) == (3, "done", 1, None)


def test_one_that_cannot_be_read_stands_before_no_other(world: ImportWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, other = (world.begin(csv_of(people(3), HEADER)) for _ in range(2))
    get = world.store.get
    world.clock.move(121)
    with monkeypatch.context() as patch:
        patch.setattr(world.store, "get", lambda a, one: 1 / 0 if one == broken else get(a, one))
        swept = world.work.sweep(160)
        assert (swept.done, list(swept.failed)) == (1, [broken])
        assert world.work.sweep(160).seen == 0, "it is looked at again at once, for ever"
    world.clock.move(60)
    assert world.work.sweep(160).done == 1
    assert [world.finish(one)["state"] for one in (broken, other)] == ["done", "done"]


def test_a_preview_tells_how_the_file_is_read_and_what_rows_would_become(world: ImportWorld) -> None:
    body = "Nome;Pigeon;Cidade;Cor\nJosé;11 98765-4321;Belém;azul\n;;;\n".encode("latin-1")
    seen = world.imports.preview(ADMIN, world.file(body), {})
    assert (seen["encoding"], seen["separator"]) == ("windows-1252", ";")
    assert [(one["name"], one["field"]) for one in seen["columns"]] == [
        ("Nome", "name"),
        ("Pigeon", "mobile"),
        ("Cidade", "city"),
        ("Cor", None),
    ]
    first, second = seen["rows"]
    assert first["contact"] == {"name": "José", "mobile": "+5511987654321", "city": "Belém"}
    assert (first["outcome"], first["contact_id"], second["outcome"]) == ("created", None, "rejected")
    assert not world.memory.contacts


def test_an_import_is_undone_when_it_is_over_and_while_its_rows_are_remembered(world: ImportWorld) -> None:
    import_id = world.begin(csv_of(people(1), HEADER))
    with pytest.raises(Conflict) as refused:
        world.imports.undo(ADMIN, import_id)
    assert refused.value.code == "import_not_over"
    world.finish(import_id)
    world.clock.move(31 * 24 * 3600)
    with pytest.raises(Conflict) as refused:
        world.imports.undo(ADMIN, import_id)
    assert refused.value.code == "too_late_to_undo"


def test_an_account_has_a_few_imports_at_once(world: ImportWorld) -> None:
    for _ in range(5):
        world.begin(csv_of(people(1), HEADER))
    with pytest.raises(Conflict) as refused:
        world.begin(csv_of(people(1), HEADER))
    assert refused.value.code == "too_many_imports"
    world.finish(min(world.memory.imports))
    assert world.begin(csv_of(people(1), HEADER)).startswith(f"im_{A}")


def test_a_preview_reads_so_much_of_a_file_and_not_the_whole_line(world: ImportWorld) -> None:
    """The first line is the file: a call of the API would read 500 MB of it."""
    read = list[int]()
    real = world.objects.read

    def counted(key: str, found: Any, offset: int, length: int) -> bytes:
        read.append(length)
        return bytes(real(key, found, offset, length))

    world.objects.read = counted
    seen = world.imports.preview(ADMIN, world.file(b"name\n" + b"x" * (24 << 20) + b"\nAna\n"), {})
    assert [(one["row"], one["reason"]) for one in seen["rows"]] == [(2, "row_too_long")]
    assert sum(read) <= 9 << 20, "the head, and as much again"
    long = 'Ana,"' + ("😀" * 25 + "\n") * 4_900 + '"\n'
    rows = world.imports.preview(ADMIN, world.file("name,address\n" + long * 10), {})["rows"]
    assert len(rows) in (6, 7), "the others may go on behind what was read"
    assert {one["cells"][0] for one in rows} == {"Ana"}


def test_a_mapping_is_not_kept_that_nobody_could_check(world: ImportWorld) -> None:
    import_id = world.begin(b"", {f"{n}" + "ç" * 190: "ç" * 60 for n in range(300)})
    assert world.store.get(A, import_id).mapping == {}
    assert world.finish(import_id)["reason"] == "empty_file"


def test_a_file_that_is_imported_twice_at_once_makes_its_people_once(
    world: ImportWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A double click: both look for who has nothing but a name before either has made them."""
    body = csv_of([(f"Maria {n}",) for n in range(5)], ("name",))
    first, second = world.begin(body), world.begin(body)
    look, looked = world.rows_of(world.store.get(A, first)).__class__.contact_of_key, list[str]()

    def meanwhile(self: Any, a: str, key: str) -> Any:
        found = look(self, a, key)
        if not looked:
            looked.append(key)
            world.finish(second)
        return found

    monkeypatch.setattr("tests.import_stores.MemoryRowContacts.contact_of_key", meanwhile)
    world.finish(first)
    assert sorted(one.name for one in world.memory.contacts.values()) == [f"Maria {n}" for n in range(5)]
    assert {one["outcome"] for one in world.imports.rows(ADMIN, first, 10, None)[0]} == {"unchanged"}
