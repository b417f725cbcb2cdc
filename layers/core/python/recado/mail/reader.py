"""The door: the bytes of a mail as they came, and what is to be known of it (`domain.mail.Mail`). Never raises; what
could not be read, or was too much, is named in `cut`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import NamedTuple

from recado.domain.file_limits import FEATURES
from recado.domain.mail import Mail, MailFile, Person
from recado.mail import headers
from recado.mail.bodies import body_bytes, html_of_text, safe_html, text_of_html, tidy
from recado.mail.quotes import reply_of
from recado.mail.reports import is_automatic, is_report, reports_of
from recado.mail.structure import Part, Structure

MAX_FILES = 50
MAX_SUBJECT = 500
MAX_BODY_BYTES = 1_000_000
"""Of one part that is to be read."""
MAX_TEXT_BYTES = 400_000
"""Of all parts that are to be read."""
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
_ENDINGS = {
    "text/calendar": "ics", "text/vcard": "vcf", "text/x-vcard": "vcf", "text/plain": "txt", "application/pdf": "pdf",
    "image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp", "application/ms-tnef": "dat",
}  # fmt: skip


class _Block(NamedTuple):
    """A piece of what is to be read, in one form or both."""

    text: str = ""
    html: str = ""


class MailReader:
    """The port `recado.ports.mail.MailReader`."""

    def read(self, raw: bytes, called: Callable[[int], str]) -> Mail:
        """One mail."""
        return _Reading(raw).mail(called)


class _Reading:
    """The reading of one mail: files and bounds reached are gathered on the way."""

    def __init__(self, raw: bytes) -> None:
        self._structure = Structure(raw)
        self._cut = self._structure.cut
        self._files: list[MailFile] = []
        self._text_bytes = 0

    def mail(self, called: Callable[[int], str]) -> Mail:
        """All of it."""
        root = self._structure.root
        fields = root.fields
        sender = next(iter((*headers.people(fields, "from"), *headers.people(fields, "sender"))), None)
        report = is_report(root)
        blocks = [] if report else list(self._blocks(root))
        full = tidy("\n\n".join(one.text or text_of_html(one.html) for one in blocks))
        html, cut = self._html(blocks, called)
        if cut:
            self._cut.add("html")
        ids = headers.message_ids(fields, "message-id")
        answered = headers.message_ids(fields, "in-reply-to")
        return Mail(
            message_id=ids[0] if ids else None,
            sender=sender,
            reply_to=headers.people(fields, "reply-to"),
            to=headers.people(fields, "to"),
            cc=headers.people(fields, "cc"),
            subject=headers.words(headers.value(fields, "subject"))[:MAX_SUBJECT],
            date=headers.date(fields),
            in_reply_to=answered[0] if answered else None,
            references=headers.message_ids(fields, "references"),
            text=reply_of(full),
            full_text=full,
            html=html,
            files=tuple(self._files),
            automatic=is_automatic(root, sender.address if sender else None),
            reports=reports_of(self._structure) if report else (),
            is_report=report,
            cut=tuple(sorted(self._cut)),
            digest=self._digest(sender),
        )

    def _digest(self, sender: Person | None) -> str:
        """Of what stays the same however often and by whichever way a mail is delivered."""
        root = self._structure.root
        digest = sha256((sender.address if sender else "").encode("utf-8", "surrogatepass"))
        for name in ("date", "subject", "message-id"):
            digest.update(b"\0" + headers.value(root.fields, name).encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
        digest.update(memoryview(self._structure.raw)[root.start : root.end])
        return digest.hexdigest()

    # -- parts
    # ------------------------------------------------------------------------------------------------------------

    def _blocks(self, part: Part) -> Iterator[_Block]:
        """What is to be read of a part; its files are gathered."""
        if part.type.startswith("multipart/") and part.children:
            yield from self._several(part)
        elif part.is_message and part.children:
            yield from self._nested(part.children[0])
        elif part.type in ("text/plain", "text/html") and not self._is_file(part) and not part.children:
            text = self._text(part)
            yield _Block(html=text) if part.type == "text/html" else _Block(text=text)
        elif part.type.startswith("multipart/") and part.end - part.start and not part.children:
            yield _Block(text=self._text(part))
        elif part.end > part.start:
            self._file(part)

    def _several(self, part: Part) -> Iterator[_Block]:
        if part.type == "multipart/alternative":
            blocks = [one for child in part.children for one in self._blocks(child)]
            text = "\n\n".join(one.text for one in blocks if one.text.strip())
            yield _Block(text, "".join(one.html for one in blocks))
        elif part.type == "multipart/signed":
            for child in part.children:
                if child.type not in _SIGNATURES:
                    yield from self._blocks(child)
        else:
            for child in part.children:
                yield from self._blocks(child)

    def _nested(self, mail: Part) -> Iterator[_Block]:
        """A mail within the mail is read where it stands, under what it says of itself; its files are the mail's."""
        lines = []
        for shown, name in (("De", "from"), ("Para", "to"), ("Data", "date"), ("Assunto", "subject")):
            if said := headers.words(headers.value(mail.fields, name))[:MAX_SUBJECT]:
                lines.append(f"{shown}: {said}")
        yield _Block(text="\n".join(["---------- Mensagem encaminhada ----------", *lines]))
        yield from self._blocks(mail)

    def _is_file(self, part: Part) -> bool:
        said = headers.value(part.fields, "content-disposition").partition(";")[0].strip().lower()
        return said == "attachment" or headers.file_name(part.fields) is not None

    def _text(self, part: Part) -> str:
        raw = self._structure.raw[part.start : min(part.end, part.start + 2 * MAX_BODY_BYTES)]
        content = body_bytes(raw, part.fields)[: min(MAX_BODY_BYTES, MAX_TEXT_BYTES - self._text_bytes)]
        if part.end - part.start > len(raw) or len(content) == MAX_TEXT_BYTES - self._text_bytes:
            self._cut.add("text")
        self._text_bytes += len(content)
        return headers.decoded(content, headers.parameter(part.fields, "content-type", "charset"))

    def _file(self, part: Part) -> None:
        if len(self._files) >= MAX_FILES:
            self._cut.add("files")
            return
        most = FEATURES["email"].max_bytes
        too_large = part.end - part.start > 2 * most
        content = b"" if too_large else body_bytes(self._structure.body(part), part.fields)
        too_large = too_large or len(content) > most
        ending = _ENDINGS.get(part.type)
        name = headers.file_name(part.fields) or self._called(part, ending)
        content_id = headers.value(part.fields, "content-id").strip().strip("<>").strip()[:500] or None
        self._files.append(MailFile(name, part.type, b"" if too_large else content, content_id, too_large))

    def _called(self, part: Part, ending: str | None) -> str:
        if part.is_message:
            ending = "eml"
        number = len(self._files) + 1
        return f"anexo-{number}.{ending}" if ending else f"anexo-{number}"

    def _html(self, blocks: list[_Block], called: Callable[[int], str]) -> tuple[str, bool]:
        """All blocks as one HTML, where one of them is HTML."""
        if not any(one.html.strip() for one in blocks):
            return "", False
        pictures = {one.content_id: called(number) for number, one in enumerate(self._files) if one.content_id}
        return safe_html("".join(one.html or html_of_text(one.text) for one in blocks), pictures)
