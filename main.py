"""The server for `uvicorn main:app`: the page and the Web API of the workspace in the current folder."""

import sys

from akachat.errors import AkachatError
from akachat.playground import Playground
from akachat.server import create_server

try:
    app = create_server(Playground())
except AkachatError as error:
    sys.exit(str(error))
