"""What other programs saved, as options and instructions of ours."""

from akachat.importers.imported import Imported
from akachat.importers.reading import read_import
from akachat.importers.saving import import_into

__all__ = ["Imported", "import_into", "read_import"]
