"""A prompt as our own two files in one zip."""

from __future__ import annotations

import io
import json
import zipfile

from akachat.exporters.exported import Exported
from akachat.workspace import Prompt

__all__ = ["to_zip"]

#: The earliest that a zip can say, so that the same prompt gives the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)


def to_zip(prompt: Prompt) -> Exported:
    """The zip: ``{name}.txt`` and ``{name}.json``, as they lie in the workspace."""
    options = json.dumps(prompt.options.to_dict(), ensure_ascii=False, indent=2, allow_nan=False)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for ending, text in ((".txt", prompt.instruction), (".json", options + "\n")):
            info = zipfile.ZipInfo(prompt.name + ending, _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, text.encode())
    name = prompt.name.rpartition("/")[2]
    return Exported(f"{name}.zip", packed.getvalue(), "application/zip")
