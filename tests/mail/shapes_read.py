"""What the recorded mails of ``shapes/`` become, as ``expected.json`` holds it.

    PYTHONPATH=layers/core/python .venv/bin/python -m tests.mail.shapes_read

writes it anew: read every difference first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recado.domain.mail import Mail
from recado.mail.reader import MailReader

HERE = Path(__file__).resolve().parent
EXPECTED = HERE / "expected.json"
NAMES = sorted(path.stem for path in (HERE / "shapes").glob("*.eml"))


def read(raw: bytes) -> Mail:
    return MailReader().read(raw, lambda number: f"file-{number}")


def shape(name: str) -> bytes:
    return (HERE / "shapes" / f"{name}.eml").read_bytes()


def plain(mail: Mail) -> dict[str, Any]:
    """A mail without what is empty, its files by name, type and size."""
    told = mail._asdict() | {"digest": None, "date": mail.date.isoformat() if mail.date else None}
    told["files"] = [[one.name, one.content_type, len(one.content), one.content_id] for one in mail.files]
    for name in ("to", "cc", "reply_to", "reports"):
        told[name] = [list(one) for one in told[name]]
    told["sender"] = list(mail.sender) if mail.sender else None
    told["references"], told["cut"] = list(mail.references), list(mail.cut)
    return {name: value for name, value in told.items() if value not in (None, "", [], False)}


def main() -> None:
    found = {name: plain(read(shape(name))) for name in NAMES}
    EXPECTED.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
