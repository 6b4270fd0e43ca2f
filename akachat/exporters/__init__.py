"""A prompt as a file for another program, or for another workspace."""

from akachat.exporters.exported import Exported
from akachat.exporters.exporting import FORMATS, export_prompt

__all__ = ["FORMATS", "Exported", "export_prompt"]
