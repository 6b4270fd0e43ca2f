"""E-mail (eml), and pages saved as such (mht): who wrote what to whom, the text, then what is attached as text."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage, MIMEPart

from akachat.retrieval.reading import html, plain, tables
from akachat.retrieval.reading.charset import decode
from akachat.retrieval.values import Block, Document, Place, Refused

__all__ = ["read"]

#: As mail names them -> as Python does, with the characters that Japanese programs write all the same.
_CHARSETS = {"iso-2022-jp": "iso2022_jp_ext", "shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932"}

_TEXTS = (".txt", ".log", ".md", ".csv", ".tsv")


def read(data: bytes, name: str, charset: str) -> Document:
    """One message."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    fields = {field: value for field in ("Subject", "From", "To", "Date") if (value := _field(message, field))}
    subject = fields.get("Subject", "")
    headings = (subject,) if subject else ()
    lead = " / ".join(fields[field] for field in ("From", "Date") if field in fields)
    head = "\n".join(f"{field}: {value}" for field, value in fields.items())
    blocks = [Block(head, (), Place(path="head"))] if head else []
    body = message.get_body(("plain", "html"))
    if body is not None:
        blocks += (replace(each, headings=headings + each.headings, lead=lead) for each in _body(body, charset))
    notes = []
    # A page that a browser saved is a message too, and what belongs to the page is not attached to it.
    is_page = name.lower().endswith((".mht", ".mhtml"))
    for part in () if is_page else message.iter_attachments():
        attached = list(_attached(part, headings))
        blocks += attached
        if not attached:
            notes.append(f"the attachment {part.get_filename() or part.get_content_type()} is not read")
    return Document(tuple(blocks), str(body.get_content_charset() or "") if body is not None else "", tuple(notes))


def _field(message: EmailMessage, field: str) -> str:
    """A line of the head. The library stumbles over some that are malformed; then it is as it was sent."""
    try:
        return str(message[field] or "").strip()
    except Exception:
        sent = (value for name, value in message.raw_items() if name.lower() == field.lower())
        return str(next(sent, "")).strip()


def _body(part: MIMEPart, charset: str) -> Iterator[Block]:
    text = _text(part, charset)
    if part.get_content_subtype() == "html":
        yield from html.blocks_of(text)
        return
    for line, paragraph in plain.paragraphs(text):
        yield Block(paragraph, (), Place(line=line))


def _text(part: MIMEPart, charset: str) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    said = charset or str(part.get_content_charset() or "")
    try:
        return raw.decode(_CHARSETS.get(said.lower(), said))
    except (LookupError, ValueError):
        return decode(raw)[0]


def _attached(part: MIMEPart, headings: tuple[str, ...]) -> Iterator[Block]:
    """What is attached, where it is text of any kind; a message that was passed on, by its text."""
    name = part.get_filename() or part.get_content_type()
    if part.get_content_type() == "message/rfc822":
        found = _text_of(bytes(part.get_content()), "mail.eml")
    else:
        # Some programs send every attachment as bytes of no kind.
        is_text = part.get_content_maintype() == "text" or name.lower().endswith(_TEXTS)
        raw = part.get_payload(decode=True) if is_text else b""
        found = _text_of(raw if isinstance(raw, bytes) else b"", name, part.get_content_subtype())
    for block in found:
        yield replace(
            block,
            headings=(*headings, name, *block.headings),
            place=replace(block.place, path=block.place.path or name),
        )


def _text_of(data: bytes, name: str, subtype: str = "") -> tuple[Block, ...]:
    try:
        if name == "mail.eml":
            return read(data, name, "").blocks
        if subtype in ("csv", "tab-separated-values") or name.lower().endswith((".csv", ".tsv")):
            return tables.read(data, name, "").blocks
        return (html if subtype == "html" else plain).read(data, name, "").blocks if data else ()
    except Refused:
        return ()
