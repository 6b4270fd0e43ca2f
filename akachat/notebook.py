"""The playground inside a notebook, in Jupyter or Colab.

::

    from akachat import notebook

    server = notebook.start()
    server.show()
    server.stop()
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from akachat.playground import Playground
from akachat.server import UI_PATH, Background

__all__ = ["Server", "start"]

#: Who shows the page in a frame: Jupyter on this machine, and editors that open notebooks.
_NOTEBOOKS = ("http://localhost:*", "http://127.0.0.1:*", "https://localhost:*", "vscode-webview:")
_COLAB = ("https://*.googleusercontent.com", "https://*.colab.dev", "https://colab.research.google.com")
#: Colab's proxy, which has asked for its user's own sign-in; nobody else reaches such a machine's ports.
_COLAB_HOSTS = ("localhost", "127.0.0.1", "*.googleusercontent.com", "*.colab.dev")


class Server:
    """A playground that is served while the notebook goes on.

    Attributes:
        url: its address on this machine; the page is at ``/ui/``, the Web API's documentation at ``/docs``.
        playground: what it serves; its thread uses it, so only read from here.
    """

    def __init__(self, playground: Playground, port: int) -> None:
        self.playground = playground
        self._background = Background(playground, port)
        self.url = self._background.url

    def show(self, height: int = 900) -> None:
        """Shows the page in the cell's output; outside of a notebook, prints its address."""
        if _is_colab():
            from google.colab import output

            output.serve_kernel_port_as_iframe(self._background.port, path=f"{UI_PATH}/", height=str(height))
            return
        page = f"{self.url}{UI_PATH}/"
        print(page)
        if importlib.util.find_spec("IPython") is not None:
            from IPython import get_ipython
            from IPython.display import IFrame, display

            if get_ipython() is not None:
                display(IFrame(page, width="100%", height=height))

    def stop(self) -> None:
        """Ends the server and frees the models."""
        self._background.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(workspace: Path | str | None = None, *, port: int = 0) -> Server:
    """Serves a workspace: the given folder, else ``$AKACHAT_WORKSPACE``, else the notebook's own.

    Args:
        port: 0 for any that is free.

    Raises:
        AkachatError: the workspace or the port cannot be used.
    """
    environ = {"AKACHAT_FRAME_ANCESTORS": ",".join(_NOTEBOOKS), **os.environ}
    if _is_colab():
        environ["AKACHAT_FRAME_ANCESTORS"] = ",".join(_COLAB)
        environ["AKACHAT_TRUSTED_HOSTS"] = ",".join(_COLAB_HOSTS)
    return Server(Playground(workspace, environ=environ), port)


def _is_colab() -> bool:
    try:
        return importlib.util.find_spec("google.colab") is not None
    except ModuleNotFoundError:  # there is no `google` at all
        return False
