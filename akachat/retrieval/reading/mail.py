"""E-mail (eml): who wrote what to whom, the text before its HTML, attachments by name."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage, MIMEPart

from akachat.retrieval.reading.charset import decode
from akachat.retrieval.reading.html import blocks_of
from akachat.retrieval.reading.plain import paragraphs
from akachat.retrieval.values import Block, Document, Place

__all__ = ["read"]


def read(data: bytes, name: str, charset: str) -> Document:
    """One message."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    head = [f"{field}: {message[field]}" for field in ("Subject", "From", "To", "Date") if message[field]]
    subject = str(message["Subject"] or "").strip()
    headings = (subject,) if subject else ()
    blocks = [Block("\n".join(head), (), Place(path="head"))] if head else []
    body = message.get_body(("plain", "html"))
    if body is not None:
        blocks += _body(body, headings, charset)
    notes = [
        f"the attachment {part.get_filename() or part.get_content_type()} is not read"
        for part in message.iter_attachments()
    ]
    return Document(tuple(blocks), str(body.get_content_charset() or "") if body is not None else "", tuple(notes))


def _body(part: MIMEPart, headings: tuple[str, ...], charset: str) -> Iterator[Block]:
    raw = part.get_payload(decode=True)
    said = charset or str(part.get_content_charset() or "")
    if not isinstance(raw, bytes):
        return
    try:
        text = raw.decode({"iso-2022-jp": "iso2022_jp_ext", "shift_jis": "cp932"}.get(said.lower(), said))
    except (LookupError, UnicodeError):
        text, _ = decode(raw)
    if part.get_content_subtype() == "html":
        yield from (Block(b.text, headings + b.headings, b.place, b.lead, b.whole) for b in blocks_of(text))
        return
    for line, paragraph in paragraphs(text):
        yield Block(paragraph, headings, Place(line=line))
