"""The words of RTF: its tokens, code pages, characters, and which groups hold text."""

from __future__ import annotations

import re

__all__ = ["CHARACTERS", "CODE_PAGES", "DROPPED", "HEADING_STYLE", "KEPT", "SIGNS", "TOKEN"]

TOKEN = re.compile(
    r"\\(?P<word>[A-Za-z]{1,32})(?P<number>-?[0-9]{1,10})? ?|\\'(?P<byte>[0-9A-Fa-f]{2})|\\(?P<sign>[^A-Za-z])"
    r"|(?P<brace>[{}])|(?P<text>[^\\{}]+)",
    re.DOTALL,
)
HEADING_STYLE = re.compile(r"(?:heading|見出し)\s*([1-9])", re.IGNORECASE)
#: A font's character set -> its code page; the document's own stands for all others.
CODE_PAGES = {
    77: "mac_roman", 78: "cp932", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250",
}  # fmt: skip
#: Groups that hold no text of the document's own.
DROPPED = frozenset(
    {"colortbl", "info", "pict", "objdata", "fldinst", "header", "headerl", "headerr", "headerf", "footer", "footerl",
     "footerr", "footerf", "nonshppict", "filetbl", "listtable", "listoverridetable", "revtbl", "rsidtbl", "themedata",
     "datastore", "generator", "xmlnstbl", "sp", "bkmkstart", "bkmkend", "xe", "tc", "txe", "rxe", "pgdsctbl",
     "latentstyles"}
)  # fmt: skip
#: Groups that others may skip, and that hold text all the same.
KEPT = frozenset({"shpinst", "shppict", "shptxt"})
CHARACTERS = {
    "tab": "\t", "line": "\n", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
    "emdash": "—", "endash": "–", "bullet": "•", "emspace": "\u3000", "enspace": " ", "nestcell": "\t",
    "nestrow": "\n",
}  # fmt: skip
SIGNS = {"~": " ", "_": "-", "\\": "\\", "{": "{", "}": "}", "\n": "\n", "\r": "\n"}
