"""Makes what takes the rows of an import: over contacts that are written with their rows, or over a trial's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from recado.domain.access import Caller
from recado.domain.contact_import_columns import RowReader, proposed
from recado.domain.contact_imports import ContactImport
from recado.domain.contact_rules import DEFAULT_REGION, region_of
from recado.domain.custom_fields import CustomField
from recado.domain.ids import account_of
from recado.domain.people import Account
from recado.ports.contact_imports import ImportStore, RowContacts
from recado.ports.groups import CustomFieldStore
from recado.ports.people import Accounts
from recado.services.contact_import_agents import ContactImportAgents
from recado.services.contact_import_groups import ContactImportGroups
from recado.services.contact_import_rows import RowTaker
from recado.services.contact_import_trial import TrialContacts
from recado.services.contact_writing import ContactWriting


class KnownAccount:
    """One account, read once (`recado.ports.people.Accounts`): a worker is with it for minutes."""

    def __init__(self, account: Account | None) -> None:
        self._account = account

    def get(self, a: str) -> Account | None:
        """The account."""
        return self._account


class ImportTakers:
    """The port `services.contact_import_work.Takers`. `contacts` gives those of an import, `names` those of a trial or
    of a run, `service` the one that people use, over both; `by_mobile` names channels that reach a mobile number."""

    def __init__(
        self,
        store: ImportStore,
        accounts: Accounts,
        fields: CustomFieldStore,
        contacts: Callable[[ContactImport], RowContacts],
        names: Callable[[bool], ContactImportGroups],
        agents: ContactImportAgents,
        service: Callable[[RowContacts, ContactImportGroups, Accounts], ContactWriting],
        by_mobile: Sequence[str],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._fields = fields
        self._contacts = contacts
        self._names = names
        self._agents = agents
        self._service = service
        self._by_mobile = by_mobile

    def fields(self, a: str) -> Sequence[CustomField]:
        """The custom fields of contacts, read anew."""
        return self._fields.all(a, "contacts")

    def proposed(self, columns: Sequence[str], fields: Sequence[CustomField]) -> dict[str, str]:
        """What columns mean by their names."""
        return proposed(columns, fields, self._by_mobile)

    def of(self, a: str, one: ContactImport, reader: RowReader) -> RowTaker:
        """What takes rows and writes contacts, unless the import is a dry run."""
        return self.trial(a, one, reader)[0] if one.dry_run else self._made(a, one, reader, self._contacts(one))

    def trial(self, a: str, one: ContactImport, reader: RowReader) -> tuple[RowTaker, RowContacts]:
        """What takes rows and writes nothing, and the contacts as they would be."""
        contacts = TrialContacts(self._contacts(one))
        return self._made(a, one, reader, contacts), contacts

    def _made(self, a: str, one: ContactImport, reader: RowReader, contacts: RowContacts) -> RowTaker:
        account = self._accounts.get(a)
        region = region_of(account.locale) if account else DEFAULT_REGION
        names = self._names(one.dry_run)
        service = self._service(contacts, names, KnownAccount(account))
        return RowTaker(one, reader, region, caller_of(one), self._store, contacts, service, names, self._agents)


def caller_of(one: ContactImport) -> Caller:
    """Who began the import, as the author of what it does."""
    by_user = one.created_by.startswith("us_")
    return Caller(
        account_of(one.id) or "",
        "admin",
        user_id=one.created_by if by_user else None,
        token_id=None if by_user else one.created_by,
    )
