"""What a library holds, in one SQLite file: documents, passages, vectors. Its commits are the library's commits.

A document that is being indexed is *staged*: its passages are written, but no search sees them. One transaction at the
end of the work makes all staged documents live and drops those they replace, so that a crash at any point leaves the
library as it was, and what was staged is found again. The other indexes (keywords, FAISS) hold only what can be made
anew from here, and what they hold too much is never found, because every hit is looked up here.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from akachat.errors import FileError
from akachat.retrieval.chunk import Piece
from akachat.retrieval.values import FileStatus, Passage, Place

__all__ = ["FileRow", "Store", "Totals", "digest"]

_VERSION = 1
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, live INTEGER NOT NULL,
    size INTEGER NOT NULL, mtime INTEGER NOT NULL, sha256 TEXT NOT NULL, recipe TEXT NOT NULL, forced TEXT NOT NULL,
    code TEXT NOT NULL, shown TEXT NOT NULL, reason TEXT NOT NULL, hint TEXT NOT NULL, charset TEXT NOT NULL,
    characters INTEGER NOT NULL, passages INTEGER NOT NULL, source TEXT NOT NULL, UNIQUE (name, live));
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, file INTEGER NOT NULL, seq INTEGER NOT NULL, text TEXT NOT NULL,
    body INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, headings TEXT NOT NULL, place TEXT NOT NULL,
    digest BLOB NOT NULL);
CREATE INDEX passages_of_file ON passages (file, seq);
CREATE TABLE vectors (digest BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE origins (name TEXT PRIMARY KEY, source TEXT NOT NULL, forced TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE garbage (file INTEGER PRIMARY KEY);
"""
_FILE = (
    "id, name, size, mtime, sha256, recipe, forced, code, shown, reason, hint, charset, characters, passages, source"
)
_PASSAGE = 'p.id, f.name, p.text, p.body, p.start, p."end", p.headings, p.place'


def digest(text: str) -> bytes:
    """What a vector is kept under: passages of the same text share one."""
    return blake2b(text.encode(), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class FileRow:
    """A document: what it was when it was read, how that went. ``id`` is 0 before it is written.

    Attributes:
        recipe: how it was read and cut; another one makes it stale.
        forced: the charset that the user chose.
        code, shown, reason, hint: as in ``Refused``, or why something was left out; ``code`` is empty where it is
            searchable.
    """

    id: int
    name: str
    size: int
    mtime: int
    sha256: str
    recipe: str
    forced: str = ""
    code: str = ""
    shown: str = ""
    reason: str = ""
    hint: str = ""
    charset: str = ""
    characters: int = 0
    passages: int = 0
    source: str = ""

    def status(self, status: str = "unchanged") -> FileStatus:
        """As a list of files shows it; ``status`` is for a file that is searchable."""
        return FileStatus(
            self.name,
            self.shown if self.code else status,  # type: ignore[arg-type]
            self.characters,
            self.reason,
            self.code,
            self.hint,
            self.passages,
            self.size,
            self.charset,
            self.source,
        )


@dataclass(frozen=True, slots=True)
class Totals:
    """How much a library holds."""

    files: int
    unreadable: int
    passages: int
    characters: int
    bytes: int


class Store:
    """One library's database. Any thread may call it; it does one thing at a time.

    Raises:
        FileError: the file is no database, damaged, or of a newer version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        with self._told():
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=15)
            try:
                self._open()
            except BaseException:
                self._db.close()
                raise

    def _open(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        with self.transaction():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={_VERSION}")
            elif version != _VERSION:
                raise self._broken(f"it was written by another version of akachat ({version})")

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and durable at its end."""
        with self._lock, self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise FileError(
                f"the library's index cannot be used: {error}",
                path=str(self._path),
                hint="Check the disk's free space and permissions; then try again.",
            ) from None
        except sqlite3.DatabaseError as error:
            raise self._broken(str(error)) from None

    def _broken(self, why: str) -> FileError:
        return FileError(
            f"the library's index is broken: {why}",
            path=str(self._path),
            hint="Delete the hidden folder .akachat in the library's folder; its documents stay and are read again.",
        )

    def _all(self, sql: str, values: Sequence[object] = ()) -> list[tuple]:  # type: ignore[type-arg]
        with self._lock, self._told():
            return self._db.execute(sql, values).fetchall()

    # facts about the whole

    def get(self, key: str) -> str:
        """A noted fact; empty where it was not noted."""
        found = self._all("SELECT value FROM meta WHERE key=?", (key,))
        return str(found[0][0]) if found else ""

    def put(self, key: str, value: str) -> None:
        """Notes a fact."""
        with self._lock, self._told():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def totals(self) -> Totals:
        """How much there is to be found."""
        row = self._all(
            "SELECT coalesce(sum(code=''),0), coalesce(sum(code<>''),0), coalesce(sum(passages),0),"
            " coalesce(sum(characters),0), coalesce(sum(size),0) FROM files WHERE live=1"
        )[0]
        return Totals(*row)

    # documents

    def files(self, *, live: bool = True) -> dict[str, FileRow]:
        """The documents by name, those that are live or those that are staged."""
        rows = self._all(f"SELECT {_FILE} FROM files WHERE live=? ORDER BY name", (int(live),))
        return {row[1]: FileRow(*row) for row in rows}

    def origins(self) -> dict[str, tuple[str, str]]:
        """What is known of documents beyond their bytes: name -> (what brought it, the charset that was chosen)."""
        return {name: (source, forced) for name, source, forced in self._all("SELECT * FROM origins")}

    def note_origins(self, origins: Iterable[tuple[str, str, str]]) -> None:
        """Writes (name, what brought it, the charset that was chosen) down."""
        with self.transaction():
            self._db.executemany("INSERT OR REPLACE INTO origins VALUES (?, ?, ?)", origins)

    def stage(self, row: FileRow, pieces: Sequence[Piece]) -> tuple[int, list[int]]:
        """Writes a document and its passages where no search sees them; gives its number and theirs.

        To be called within a transaction. What was staged under its name before is dropped.
        """
        self._drop("name=? AND live=0", (row.name,))
        values = [getattr(row, name) for name in _FILE.split(", ")[1:]]
        marks = ", ".join("?" * (len(values) + 1))
        file = self._db.execute(
            f"INSERT INTO files ({_FILE.removeprefix('id, ')}, live) VALUES ({marks})", (*values, 0)
        ).lastrowid
        assert file is not None
        last = self._db.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name='passages'").fetchone()[0]
        self._db.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    last + 1 + seq,
                    file,
                    seq,
                    piece.text,
                    piece.body,
                    piece.start,
                    piece.end,
                    orjson.dumps(piece.headings).decode() if piece.headings else "",
                    orjson.dumps(piece.place.to_dict()).decode(),
                    digest(piece.text),
                )
                for seq, piece in enumerate(pieces)
            ),
        )
        return file, [last + 1 + seq for seq in range(len(pieces))]

    def touch(self, rows: Iterable[FileRow]) -> None:
        """Notes that documents were written anew with the same content."""
        with self.transaction():
            self._db.executemany("UPDATE files SET mtime=? WHERE id=?", [(row.mtime, row.id) for row in rows])

    def commit(self, names: Sequence[str], removed: Sequence[str]) -> None:
        """Makes the staged documents of these names live, drops what they replace and the removed ones, all at once."""
        with self.transaction():
            for name in names:
                self._drop("name=? AND live=1", (name,))
                self._db.execute("UPDATE files SET live=1 WHERE name=? AND live=0", (name,))
            for name in removed:
                self._drop("name=?", (name,))
                self._db.execute("DELETE FROM origins WHERE name=?", (name,))
            self._next_generation()

    def drop_staged(self, names: Iterable[str]) -> None:
        """Forgets documents that were staged and are not wanted any more."""
        with self.transaction():
            for name in names:
                self._drop("name=? AND live=0", (name,))

    def _drop(self, where: str, values: Sequence[object]) -> None:
        for (file,) in self._db.execute(f"SELECT id FROM files WHERE {where}", values).fetchall():
            self._db.execute("DELETE FROM passages WHERE file=?", (file,))
            self._db.execute("DELETE FROM files WHERE id=?", (file,))
            self._db.execute("INSERT OR IGNORE INTO garbage VALUES (?)", (file,))

    def _next_generation(self) -> None:
        self._db.execute(
            "INSERT INTO meta VALUES ('generation', '1')"
            " ON CONFLICT (key) DO UPDATE SET value=CAST(CAST(value AS INTEGER)+1 AS TEXT)"
        )

    def next_generation(self) -> None:
        """Says that something of the library has changed, so that those who hold it open look again."""
        with self.transaction():
            self._next_generation()

    def garbage(self) -> list[int]:
        """Numbers of documents that are gone here and may still be in the other indexes."""
        return [row[0] for row in self._all("SELECT file FROM garbage")]

    def forget_garbage(self, files: Iterable[int]) -> None:
        """They are gone from there too."""
        with self.transaction():
            self._db.executemany("DELETE FROM garbage WHERE file=?", [(file,) for file in files])

    # passages

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        """Live passages by number; those that are not live are left out."""
        found: dict[int, Passage] = {}
        for begin in range(0, len(ids), 500):
            some = ids[begin : begin + 500]
            marks = ",".join("?" * len(some))
            sql = f"SELECT {_PASSAGE} FROM passages p JOIN files f ON f.id=p.file WHERE f.live=1 AND p.id IN ({marks})"
            found.update((row[0], _passage(row)) for row in self._all(sql, some))
        return found

    def passages_of(self, name: str, offset: int, limit: int) -> list[Passage]:
        """Some passages of a document, in order."""
        sql = f"SELECT {_PASSAGE} FROM passages p JOIN files f ON f.id=p.file WHERE f.live=1 AND f.name=?"
        return [_passage(row) for row in self._all(f"{sql} ORDER BY p.seq LIMIT ? OFFSET ?", (name, limit, offset))]

    def texts(self, *, after: int = 0, limit: int = 1_000) -> list[tuple[int, int, str]]:
        """Passages, live and staged, in the order of their numbers: (number, document's number, text)."""
        return self._all("SELECT id, file, text FROM passages WHERE id>? ORDER BY id LIMIT ?", (after, limit))

    # vectors

    def missing_vectors(self, limit: int) -> list[tuple[bytes, str]]:
        """Live texts without a vector: (digest, text)."""
        return self._all(
            "SELECT p.digest, min(p.text) FROM passages p JOIN files f ON f.id=p.file LEFT JOIN vectors v"
            " ON v.digest=p.digest WHERE f.live=1 AND v.digest IS NULL GROUP BY p.digest LIMIT ?",
            (limit,),
        )

    def count_vectors(self) -> tuple[int, int]:
        """How many live passages have a vector, and how many there are."""
        row = self._all(
            "SELECT count(v.digest), count(*) FROM passages p JOIN files f ON f.id=p.file LEFT JOIN vectors v"
            " ON v.digest=p.digest WHERE f.live=1"
        )[0]
        return int(row[0]), int(row[1])

    def put_vectors(self, vectors: Iterable[tuple[bytes, NDArray[np.float32]]]) -> None:
        """Writes vectors under their texts' digests."""
        with self.transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                [(key, np.ascontiguousarray(vector, np.float32).tobytes()) for key, vector in vectors],
            )

    def clear_vectors(self, fingerprint: str) -> None:
        """Drops all vectors; those to come are of another model."""
        with self.transaction():
            self._db.execute("DELETE FROM vectors")
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('vectors', ?)", (fingerprint,))
            self._next_generation()

    def drop_unused_vectors(self) -> None:
        """Drops vectors of texts that no passage has any more."""
        with self.transaction():
            self._db.execute("DELETE FROM vectors WHERE digest NOT IN (SELECT digest FROM passages)")

    def vector_ids(self) -> NDArray[np.int64]:
        """The numbers of the live passages that have a vector, ascending."""
        rows = self._all(
            "SELECT p.id FROM passages p JOIN files f ON f.id=p.file JOIN vectors v ON v.digest=p.digest"
            " WHERE f.live=1 ORDER BY p.id"
        )
        return np.fromiter((row[0] for row in rows), np.int64, len(rows))

    def vectors_of(self, ids: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Vectors of passages: their numbers, and an array of shape (numbers, dimensions)."""
        marks = ",".join("?" * len(ids))
        rows = self._all(
            f"SELECT p.id, v.vector FROM passages p JOIN vectors v ON v.digest=p.digest WHERE p.id IN ({marks})", ids
        )
        numbers = np.fromiter((row[0] for row in rows), np.int64, len(rows))
        return numbers, np.frombuffer(b"".join(row[1] for row in rows), np.float32).reshape(len(rows), -1)


def _passage(row: Sequence) -> Passage:  # type: ignore[type-arg]
    id, name, text, body, start, end, headings, place = row
    above = tuple(orjson.loads(headings)) if headings else ()
    return Passage(id, name, text, body, start, end, above, Place.of(orjson.loads(place)))
