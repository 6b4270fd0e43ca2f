"""`akachat chat`: a conversation in the terminal, or in a notebook by ``main(["-m", "embedded"])``."""

from akachat.cli.chat.door import configure, main

__all__ = ["configure", "main"]
