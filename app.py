"""The page alone: `GRADIO_SERVER_NAME=… GRADIO_SERVER_PORT=… python app.py`."""

import os
import sys

from akachat.errors import AkachatError
from akachat.playground import Playground
from akachat.server import serve

if __name__ == "__main__":
    try:
        name, port = os.environ.get("GRADIO_SERVER_NAME"), os.environ.get("GRADIO_SERVER_PORT")
        serve(Playground(), name or "127.0.0.1", int(port or 7860), api=False)
    except (AkachatError, ValueError) as error:
        sys.exit(str(error))
