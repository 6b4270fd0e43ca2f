"""The command line: `akachat`, or `python -m akachat`."""

from akachat.cli.start import main

__all__ = ["main"]
