"""Language codes: what a person writes (``ja``, ``jpn_Jpan``, ``pt-br``) as the code that a model has."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from akachat.errors import ModelError

__all__ = ["find_language"]

#: ISO 639-1 -> the ISO 639-3 code that translation models use: for a macrolanguage, of its usual standard.
_PAIRS = (
    "af:afr am:amh ar:arb as:asm ay:ayr az:azj ba:bak be:bel bg:bul bm:bam bn:ben bo:bod bs:bos ca:cat cs:ces "
    "cy:cym da:dan de:deu dz:dzo ee:ewe el:ell en:eng eo:epo es:spa et:est eu:eus fa:pes fi:fin fj:fij fo:fao "
    "fr:fra ga:gle gd:gla gl:glg gn:grn gu:guj ha:hau he:heb hi:hin hr:hrv ht:hat hu:hun hy:hye id:ind ig:ibo "
    "is:isl it:ita ja:jpn jv:jav ka:kat kg:kon ki:kik kk:kaz km:khm kn:kan ko:kor ky:kir lb:ltz lg:lug li:lim "
    "ln:lin lo:lao lt:lit lv:lvs mg:plt mi:mri mk:mkd ml:mal mn:khk mr:mar ms:zsm mt:mlt my:mya nb:nob ne:npi "
    "nl:nld nn:nno no:nob ny:nya oc:oci om:gaz or:ory pa:pan pl:pol ps:pbt pt:por qu:quy rn:run ro:ron ru:rus "
    "rw:kin sa:san sc:srd sd:snd sg:sag si:sin sk:slk sl:slv sm:smo sn:sna so:som sq:als sr:srp ss:ssw st:sot "
    "su:sun sv:swe sw:swh ta:tam te:tel tg:tgk th:tha ti:tir tk:tuk tl:tgl tn:tsn tr:tur ts:tso tt:tat tw:twi "
    "ug:uig uk:ukr ur:urd uz:uzn vi:vie wo:wol xh:xho yi:ydd yo:yor zh:zho zu:zul"
)
_THREE = dict(pair.split(":") for pair in _PAIRS.split())
_TWO = {three: two for two, three in _THREE.items() if two != "no"}
#: The same in another standard, or as people write it.
_SAME = {"ara": "ar", "jp": "ja", "iw": "he", "in": "id", "cn": "zh", "kr": "ko", "fas": "fa", "zhs": "zh", "fil": "tl"}
#: Where a region says which script is meant.
_SCRIPTS = {"cn": "hans", "sg": "hans", "tw": "hant", "hk": "hant"}
_SHOWN = 8


def find_language(code: str, known: Collection[str], model: str) -> str:
    """The model's own code for a language.

    Raises:
        ModelError: there is none, or more than one fits; the hint names the nearest.
    """
    wanted = code.strip().replace("-", "_").lower()
    exact = [each for each in known if each.replace("-", "_").lower() == wanted]
    if len(exact) == 1:
        return exact[0]
    language, _, rest = wanted.partition("_")
    fitting = sorted(each for each in known if _language(each) == _two(language))
    narrowed = [each for each in fitting if _rest(each) in (rest, _SCRIPTS.get(rest))] if rest else fitting
    if len(narrowed) == 1:
        return narrowed[0]
    if len(fitting) > 1:
        raise ModelError(
            f"the language {code!r} is more than one for {model!r}", hint=f"Write one of {', '.join(fitting)}."
        )
    if len(fitting) == 1 and len(rest) in (0, 2):  # pt_br of a model that has one Portuguese
        return fitting[0]
    near = fitting or difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
    shown = ", ".join(sorted(known)[:_SHOWN])
    raise ModelError(
        f"{model!r} knows no language {code!r}",
        hint=f"Did you mean {near[0]}?" if near else f"It knows {len(known)} codes: {shown}, …",
    )


def _language(code: str) -> str:
    return _two(code.replace("-", "_").lower().partition("_")[0])


def _rest(code: str) -> str:
    return code.replace("-", "_").lower().partition("_")[2]


def _two(language: str) -> str:
    """One name for a language, whichever standard it was written in."""
    same = _SAME.get(language, language)
    return _TWO.get(same, "nb" if same == "no" else same)
