"""Who may do what with which chat, written down from the product's sentences on profiles, supervisors and access modes
(B1–B4), without asking the code. The unit test and the API test both walk the whole table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

ROLES = ("admin", "token", "agent", "restricted")
MODES = ("everyone", "department", "agent")
SITUATIONS = ("automatic", "queued", "given", "started", "closed", "dropped")
"""`given`: in service, not started; `closed`: by whoever served it; `dropped`: closed while nobody served it."""
RELATIONS = (
    "own",
    "own_member",
    "served",
    "served_member",
    "member",
    "unavailable",
    "supervisor",
    "both",
    "linked",
    "linked_elsewhere",
    "elsewhere",
    "nobody",
)
"""`own`: serves it, or served it last, wherever somebody does; `own_member`: and belongs to its department; `served`:
began with it once, and somebody else has or had it since, or nobody; `served_member`: and belongs to its department;
`both`: supervisor and agent there; `linked`: supervises the user who serves it or served it last; `linked_elsewhere`:
supervises another user; `elsewhere`: agent and supervisor of another department."""

_NOTHING, _SEES, _NOTES, _ALL = ".", "s", "n", "x"

# `restricted` sees only their own under every mode (B4); only chats they served (B1); never supervises.
_RESTRICTED_OWN = ". . x x x ."
_RESTRICTED_SERVED = "s s s s s s"

# The columns are SITUATIONS. `.` is not known, `s` sees, `n` also writes notes, `x` also answers, transfers, closes.
_AGENT = {
    # Who serves sees and answers; where nobody serves they are nobody. `everyone`: concluded chats are all users'.
    ("own", "everyone"): ". . x x x s",
    ("own", "department"): ". . x x x .",
    ("own", "agent"): ". . x x x .",
    # Who served it once sees it for good, writing is for who serves it now; notes are for members, as everywhere.
    ("served", "everyone"): "s s s s s s",
    ("served", "department"): "s s s s s s",
    ("served", "agent"): "s s s s s s",
    ("served_member", "everyone"): "n n n n n n",
    ("served_member", "department"): "n n n n n n",
    ("served_member", "agent"): "n n n n n n",
    # Open chats are visible to members, concluded ones too, but for mode `agent`: there who served it, and a chat that
    # is not yet started until it is assumed.
    ("own_member", "everyone"): "n n x x x n",
    ("own_member", "department"): "n n x x x n",
    ("own_member", "agent"): "n n x x x .",
    ("member", "everyone"): "n n n n n n",
    ("member", "department"): "n n n n n n",
    ("member", "agent"): "n n n . . .",
    # Unavailable is about being given chats, not about seeing them.
    ("unavailable", "everyone"): "n n n n n n",
    ("unavailable", "department"): "n n n n n n",
    ("unavailable", "agent"): "n n n . . .",
    # A supervisor sees, answers, transfers and closes any chat of the department.
    ("supervisor", "everyone"): "x x x x x x",
    ("supervisor", "department"): "x x x x x x",
    ("supervisor", "agent"): "x x x x x x",
    ("both", "everyone"): "x x x x x x",
    ("both", "department"): "x x x x x x",
    ("both", "agent"): "x x x x x x",
    # A supervisor of single users: the chats those serve or served.
    ("linked", "everyone"): ". . x x x s",
    ("linked", "department"): ". . x x x .",
    ("linked", "agent"): ". . x x x .",
    ("linked_elsewhere", "everyone"): ". . . . s s",
    ("linked_elsewhere", "department"): ". . . . . .",
    ("linked_elsewhere", "agent"): ". . . . . .",
    ("elsewhere", "everyone"): ". . . . s s",
    ("elsewhere", "department"): ". . . . . .",
    ("elsewhere", "agent"): ". . . . . .",
    ("nobody", "everyone"): ". . . . s s",
    ("nobody", "department"): ". . . . . .",
    ("nobody", "agent"): ". . . . . .",
}


@dataclass(frozen=True)
class Case:
    """One combination."""

    role: str
    mode: str
    situation: str
    relation: str

    @property
    def may(self) -> frozenset[str]:
        """What the product says: of `sees`, `notes`, `answers`, `acts`."""
        sign = self._sign()
        return frozenset(
            {
                _NOTHING: (),
                _SEES: ("sees",),
                _NOTES: ("sees", "notes"),
                _ALL: ("sees", "notes", "answers", "acts"),
            }[sign]
        )

    def _sign(self) -> str:
        column = SITUATIONS.index(self.situation)
        if self.role in ("admin", "token"):  # admins see all; an API token is an admin's
            return _ALL
        if self.role == "restricted":
            mine = {"own": _RESTRICTED_OWN, "served": _RESTRICTED_SERVED}.get(self.relation.partition("_")[0])
            return mine.split()[column] if mine else _NOTHING
        return _AGENT[self.relation, self.mode].split()[column]


def cases() -> Iterator[Case]:
    """Every combination."""
    for role in ROLES:
        for mode in MODES:
            for situation in SITUATIONS:
                for relation in RELATIONS:
                    yield Case(role, mode, situation, relation)
