"""One row of an imported file: whom it is about, and the contact that is made or changed for it, by the same service as
people use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from recado.domain import contact_rules
from recado.domain.access import Caller
from recado.domain.contact_claims import claims_of
from recado.domain.contact_columns import CUSTOM
from recado.domain.contact_import_columns import Given, RowReader
from recado.domain.contact_imports import ERRORS_OF_ROW, ContactImport, Row, Trouble
from recado.domain.contacts import Claim, Contact
from recado.domain.csv_files import DETAILS, Record, Wrong
from recado.domain.errors import Busy, DomainError, FieldError, Invalid, NotFound
from recado.domain.identity import is_older_form
from recado.domain.ids import is_id
from recado.ports.contact_imports import ImportStore, RowContacts, RowDone
from recado.services.contact_import_agents import ContactImportAgents
from recado.services.contact_import_groups import ContactImportGroups
from recado.services.contact_writing import ContactWriting

_TRIES = 3
_REMEMBERED = ("/group_ids", "/organization_id")
"""What names were found for before, and may be gone; all else that is not found was looked for just now."""
_NO_SUCH_ID = FieldError("/id", "not_found", "There is no contact of this id.")


class Prepared(NamedTuple):
    """A row that was read; `claims` by which its contact may be known."""

    number: int
    wrong: Wrong | None
    said: Given
    claims: tuple[Claim, ...]


class RowTaker:
    """Takes the rows of one import. `region` completes national numbers."""

    def __init__(
        self,
        one: ContactImport,
        reader: RowReader,
        region: str,
        caller: Caller,
        store: ImportStore,
        contacts: RowContacts,
        service: ContactWriting,
        names: ContactImportGroups,
        agents: ContactImportAgents,
    ) -> None:
        self._import = one
        self._reader = reader
        self._region = region
        self._caller = caller
        self._store = store
        self._contacts = contacts
        self._service = service
        self._names = names
        self._agents = agents

    def prepared(self, records: Sequence[Record]) -> list[Prepared]:
        """Rows read, and together what they will need."""
        ready = []
        for record in records:
            said = Given() if record.wrong else self._reader.given(record.cells, self._region)
            ready.append(Prepared(record.row, record.wrong, said, self._claims(said)))
        claims = dict.fromkeys(claim for row in ready for claim in row.claims)
        ids = [row.said.id for row in ready if row.said.id and is_id(row.said.id, "ct", self._caller.account)]
        self._contacts.foresee(self._caller.account, list(claims), ids)
        return ready

    def take(self, row: Prepared) -> tuple[Row, bool]:
        """What became of a row, and whether that is written already: with the contact, or by who did it before."""
        if row.wrong is not None:
            return Row(row.number, "rejected", troubles=(Trouble(row.wrong, DETAILS[row.wrong], row.number),)), False
        for left in reversed(range(_TRIES)):
            self._contacts.begin(row.number, row.said.key)
            try:
                contact_id = self._written(row)
            except RowDone:
                return self._done_before(row.number), True
            except Busy:  # as a group that was deleted since its name was found is, however often it is written
                if not left:
                    raise
                self._contacts.forget()
                self._names.forget()
            except DomainError as refused:
                last = refused
                if not _may_pass(refused):
                    break
                self._contacts.forget()
                self._names.forget()
            else:
                written = self._contacts.written
                return (written, True) if written else (Row(row.number, "unchanged", contact_id), False)
        return self._rejected(row.number, last), False

    def shown(self, row: Row) -> Row:
        """The row as others are told of it: what a trial made is nobody's to find."""
        return replace(row, contact_id=None, mark=None) if row.contact_id in self._contacts.made else row

    def _done_before(self, number: int) -> Row:
        found = self._store.row(self._caller.account, self._import.id, number)
        if found is None:
            raise Busy(f"row {number}")
        return found

    def _written(self, row: Prepared) -> str:
        """The contact that the row is about, with what it says written into it. Raises DomainError with all that is
        wrong, RowDone."""
        contact, unknown = self._whom(row)
        given, errors = self._fields(self._caller.account, row.said)
        if contact is not None:
            given = _news(given, contact, self._region)
            if not given and not errors:
                return contact.id
        errors = [*unknown, *errors, *contact_rules.too_much(given)]
        if errors:
            more = self._service.wrong(self._caller, given, contact)
            told = [error for error in more if not unknown or error.code != "required"]  # who is known may have it
            raise Invalid("Some fields are wrong.", errors=[*errors, *told])
        if contact is None:
            return str(self._service.create(self._caller, given)["id"])
        return str(self._service.change(self._caller, contact.id, given)["id"])

    def _whom(self, row: Prepared) -> tuple[Contact | None, list[FieldError]]:
        """The contact of the row's id, else of its number or address, else the one that such a row made before; and an
        error where there is none of this id."""
        a, said = self._caller.account, row.said
        if said.id:
            found = self._contacts.resolved(a, said.id) if is_id(said.id, "ct", a) else None
            return found, [] if found else [_NO_SUCH_ID]
        contact_id = self._contacts.find_by_claims(a, row.claims) if row.claims else None
        if contact_id is None and said.key:
            contact_id = self._contacts.contact_of_key(a, said.key)
        return (self._contacts.resolved(a, contact_id) if contact_id else None), []

    def _claims(self, said: Given) -> tuple[Claim, ...]:
        given = [text for name in contact_rules.PHONES if (text := said.texts.get(name))]
        numbers = [contact_rules.e164_of(text, self._region) for text in given]
        return claims_of(phones=numbers, email=said.texts.get("email"))

    def _fields(self, a: str, said: Given) -> tuple[dict[str, Any], list[FieldError]]:
        """What the row says, as the API would be told, and what of it names nothing that there could be."""
        given, errors = dict(said.texts), list[FieldError]()
        try:
            if said.organization:
                [given["organization_id"]] = self._names.ids_of(a, "organization", [said.organization])
        except Invalid as refused:
            errors += refused.errors
        try:
            if said.groups:
                given["group_ids"] = self._names.ids_of(a, "group", said.groups)
        except Invalid as refused:
            errors += refused.errors
        if said.custom_fields:
            given["custom_fields"] = dict(said.custom_fields)
            for slug in self._reader.agents & said.custom_fields.keys():
                text = said.custom_fields[slug]
                given["custom_fields"][slug], wrong = self._agents.found(a, text, f"/custom_fields/{slug}")
                errors += wrong
        return given, errors

    def _rejected(self, number: int, refused: DomainError) -> Row:
        """The row with all that is wrong with it, each column once: what is too long is no number either."""
        troubles: dict[str, Trouble] = {}
        for error in refused.errors:
            column = self._reader.column_of(error.pointer)
            said = error if isinstance(refused, Invalid) else refused
            field = error.pointer.removeprefix("/custom_fields/")
            detail = said.detail if column or field == error.pointer else f"{CUSTOM}{field}: {said.detail}"
            troubles.setdefault(column or error.pointer, Trouble(said.code, detail, number, column))
        told = tuple(troubles.values()) or (Trouble(refused.code, refused.detail, number),)
        return Row(number, "rejected", troubles=told[:ERRORS_OF_ROW])


def failed(number: int) -> Row:
    """A row that could not be done, again and again."""
    why = Trouble("failed", "The row could not be written. Try it again.", number)
    return Row(number, "rejected", troubles=(why,))


def _may_pass(refused: DomainError) -> bool:
    """Whether it may be for what was remembered, or for who was faster."""
    if isinstance(refused, NotFound) or refused.code == "contact_exists":
        return True
    return any(error.code == "not_found" and error.pointer.startswith(_REMEMBERED) for error in refused.errors)


def _news(given: Mapping[str, Any], contact: Contact, region: str) -> dict[str, Any]:
    """What of it the contact is not already: a number in another spelling or an older form is none, groups in another
    order are none."""
    news = {}
    for name, value in given.items():
        now = getattr(contact, name)
        if name == "custom_fields":
            value = {slug: one for slug, one in value.items() if contact.custom_fields.get(slug) != one}
            same = not value
        elif name == "group_ids":
            same = set(now) == set(value)
        else:
            same = now == value or (name in contact_rules.PHONES and now and _is_number(value, now, region))
        if not same:
            news[name] = value
    return news


def _is_number(text: str, held: str, region: str) -> bool:
    """Whether a list says the number that is held: one that was made years ago has numbers of then."""
    number = contact_rules.e164_of(text, region)
    return number is not None and (number == held or is_older_form(number, held))
