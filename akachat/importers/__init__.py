"""What other programs saved, as options and instructions of ours."""

from akachat.importers.imported import Example, Given, Imported, ImportedPrompt
from akachat.importers.naming import safe_name
from akachat.importers.reading import read_import
from akachat.importers.recognising import FORMATS
from akachat.importers.saving import Planned, new_variables, plan_import, save_import

__all__ = [
    "FORMATS",
    "Example",
    "Given",
    "Imported",
    "ImportedPrompt",
    "Planned",
    "new_variables",
    "plan_import",
    "read_import",
    "safe_name",
    "save_import",
]
