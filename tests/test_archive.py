"""Zips that mean harm, and those of Japanese Windows: what comes out, what does not and why."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akachat.retrieval.sources.archive import ArchiveLimits, Member, looks_like_zip, unpack
from akachat.retrieval.sources.paths import is_junk, safe_name
from akachat.retrieval.values import Refused

LIMITS = ArchiveLimits(entries=1_000, bytes=50_000_000, ratio=200, depth=3, file_bytes=20_000_000)


def out(tmp_path: Path, data: bytes, limits: ArchiveLimits = LIMITS) -> list[Member]:
    archive, into = tmp_path / "a.zip", tmp_path / "into"
    archive.write_bytes(data)
    into.mkdir()
    members = list(unpack(archive, into, limits))
    # Nothing but what is handed over, nothing outside, and never under a name of the archive's.
    assert sorted(p for p in into.rglob("*")) == sorted(m.path for m in members if m.path is not None)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "into"]
    return members


def made(*entries: tuple[str | zipfile.ZipInfo, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return target.getvalue()


def windows(name: str, content: bytes, charset: str = "cp932") -> bytes:
    """A zip as Explorer makes it: the name in the system's charset, and no flag that says so."""
    raw = name.encode(charset)
    data = made(("x" * len(raw), content), compression=zipfile.ZIP_STORED)
    return data.replace(b"x" * len(raw), raw)


def info(name: str, mode: int) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name)
    found.create_system = 3
    found.external_attr = mode << 16
    return found


def test_a_plain_zip(tmp_path):
    members = out(tmp_path, made(("文書/案内.txt", "こんにちは".encode()), ("b.txt", b"x"), ("空/", b"")))
    assert [(m.name, m.size) for m in members] == [("文書/案内.txt", 15), ("b.txt", 1)]
    assert members[0].path is not None
    assert members[0].path.read_text("utf-8") == "こんにちは"


@pytest.mark.parametrize("charset", ["cp932", "utf-8"])
def test_names_of_japanese_windows(tmp_path, charset):
    assert [m.name for m in out(tmp_path, windows("売上表①.txt", b"x", charset))] == ["売上表①.txt"]


HOSTILE = {
    "traversal": ("../evil.txt", "path"),
    "deep traversal": ("a/../../evil.txt", "path"),
    "Windows traversal": ("..\\evil.txt", "path"),
    "absolute": ("/etc/passwd", "path"),
    "drive": ("C:/evil.txt", "path"),
    "drive, backslash": ("C:\\evil.txt", "path"),
    "network path": ("\\\\host\\share\\evil.txt", "path"),
    "device": ("con.txt", "path"),
    "control character": ("a\x07b.txt", "path"),
    "right to left": ("a\u202etxt.exe", "path"),
    "our own folder": (".akachat/index.db", "path"),
    "trailing dot": ("a./b.txt", "path"),
    "long": ("あ" * 100 + ".txt", "path"),
}


@pytest.mark.parametrize(("name", "code"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_name_that_leads_elsewhere(tmp_path, name, code):
    members = out(tmp_path, made((name, b"evil"), ("good.txt", b"good")))
    bad, good = members
    assert bad.refused is not None
    assert (bad.path, bad.refused.code) == (None, code)
    assert bad.refused.message
    assert bad.name.isprintable()
    assert good.name == "good.txt"


def test_a_name_with_a_nul(tmp_path):
    data = made(("aXb.txt", b"evil"), ("good.txt", b"good")).replace(b"aXb.txt", b"a\0b.txt")
    bad, good = out(tmp_path, data)
    assert bad.refused is not None
    assert bad.refused.code == "path"
    assert good.path is not None


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o666, stat.S_IFCHR | 0o666])
def test_links_and_devices(tmp_path, mode):
    bad, good = out(tmp_path, made((info("link", mode), b"/etc/passwd"), ("good.txt", b"good")))
    assert bad.refused is not None
    assert bad.refused.code == "link"
    assert good.path is not None


def test_a_bomb_by_ratio(tmp_path):
    bad, good = out(tmp_path, made(("bomb.txt", b"\0" * 15_000_000), ("good.txt", b"good")))
    assert bad.refused is not None
    assert bad.refused.code == "bomb"
    assert good.path is not None


def test_a_file_that_is_too_large(tmp_path):
    data = made(("a.bin", os.urandom(300_000)), ("b.txt", b"x"), compression=zipfile.ZIP_STORED)
    bad, good = out(tmp_path, data, ArchiveLimits(file_bytes=200_000))
    assert bad.refused is not None
    assert bad.refused.code == "too_large"
    assert good.path is not None


def test_all_of_it_is_too_large(tmp_path):
    data = made(*((f"{n}.bin", os.urandom(100_000)) for n in range(5)), compression=zipfile.ZIP_STORED)
    members = out(tmp_path, data, ArchiveLimits(bytes=250_000))
    assert [m.refused.code if m.refused else "" for m in members] == ["", "", "limit", "limit", "limit"]


def test_a_size_that_lies(tmp_path):
    """The headers say ten bytes, the data has five million."""
    data = bytearray(made(("lie.txt", b"0123456789" * 500_000), ("good.txt", b"good")))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        begin = data.index(mark)
        data[begin + at : begin + at + 4] = struct.pack("<I", 10)
    members = out(tmp_path, bytes(data))
    assert all(m.size <= 10 or m.refused is not None for m in members if m.name == "lie.txt")
    assert [m.name for m in members if m.path is not None and m.name == "good.txt"] == ["good.txt"]


def test_overlapping_entries(tmp_path):
    """Two entries of the list that share one file's bytes, as in the bombs without nesting."""
    data = made(("one.txt", b"x" * 1_000), ("two.txt", b"y" * 1_000), ("good.txt", b"good"))
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 4)
    changed = bytearray(data)
    changed[second + 42 : second + 46] = changed[first + 42 : first + 46]
    members = out(tmp_path, bytes(changed))
    assert [m.refused.code if m.refused else "" for m in members] == ["bomb", "bomb", ""]


def test_encrypted_entries(tmp_path):
    data = bytearray(made(("secret.txt", b"secret"), ("good.txt", b"good")))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    bad, good = out(tmp_path, bytes(data))
    assert bad.refused is not None
    assert (bad.refused.code, bad.refused.shown) == ("encrypted", "unreadable")
    assert "Unpack" in bad.refused.hint
    assert good.path is not None


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["a.txt", "A.TXT"])
def test_names_that_clash(tmp_path, second):
    good, bad = out(tmp_path, made(("a.txt", b"1"), (second, b"2")))
    assert good.path is not None
    assert bad.refused is not None
    assert bad.refused.code == "duplicate"


def test_a_damaged_entry(tmp_path):
    data = bytearray(made(("bad.txt", b"0123456789" * 50), ("good.txt", b"good"), compression=zipfile.ZIP_STORED))
    data[data.index(b"0123456789") + 3] ^= 0xFF
    bad, good = out(tmp_path, bytes(data))
    assert bad.refused is not None
    assert (bad.refused.code, bad.refused.shown) == ("broken", "unreadable")
    assert good.path is not None


def test_an_unknown_compression(tmp_path):
    data = bytearray(made(("bad.txt", b"x" * 100), ("good.txt", b"good")))
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        begin = data.index(mark) + at
        data[begin : begin + 2] = struct.pack("<H", 9)
    bad, good = out(tmp_path, bytes(data))
    assert bad.refused is not None
    assert good.path is not None


def test_zips_in_zips(tmp_path):
    inner = made(("深い.txt", b"deep"))
    for _ in range(3):
        inner = made(("in.zip", inner), ("side.txt", b"side"))
    members = out(tmp_path, inner)
    assert [m.name for m in members if m.path is not None] == ["in/in/side.txt", "in/side.txt", "side.txt"]
    assert [m.refused.code for m in members if m.refused is not None] == ["bomb"]


def test_hundreds_of_thousands_of_entries(tmp_path):
    """Refused by what the end of the zip says, before a list of them is made."""
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 46 * 300_000, 0, 0)
    with pytest.raises(Refused) as refused:
        out(tmp_path, b"PK\x03\x04" + b"\0" * 100 + end)
    assert refused.value.code == "limit"


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x03\x04 and nothing", made(("a.txt", b"x"))[:-10]])
def test_what_is_no_zip(tmp_path, data):
    with pytest.raises(Refused) as refused:
        out(tmp_path, data)
    assert (refused.value.code, refused.value.shown) == ("broken", "unreadable")


def test_what_systems_leave_behind_is_passed_over(tmp_path):
    junk = ["__MACOSX/._a.txt", "a/.DS_Store", "Thumbs.db", "desktop.ini", "~$報告.docx"]
    assert all(map(is_junk, junk))
    members = out(tmp_path, made(*((name, b"x") for name in junk), ("a.txt", b"x")))
    assert [m.name for m in members] == ["a.txt"]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([("a.txt", b"x")], True),
        ([("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>")], False),
        ([("mimetype", b"application/epub+zip")], False),
        ([("META-INF/MANIFEST.MF", b"x")], False),
    ],
)
def test_a_zip_of_documents_is_told_from_a_document(tmp_path, entries, expected):
    path = tmp_path / "x"
    path.write_bytes(made(*entries))
    assert looks_like_zip(path) is expected


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_broken_zip_raises_nothing_else(tmp_path_factory, data):
    whole = made(("a.txt", b"x" * 50), ("b/c.txt", b"y" * 50), ("in.zip", made(("d.txt", b"z"))))
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("fuzz")
    with contextlib.suppress(Refused):
        out(folder, bytes(changed))


@given(st.text(max_size=80))
def test_a_safe_name_stays_inside(name):
    try:
        safe = safe_name(name)
    except Refused:
        return
    assert not safe.startswith("/")
    assert ".." not in safe.split("/")
    assert os.path.normpath(os.path.join("/library", safe)).startswith("/library/")
