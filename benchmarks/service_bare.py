"""The least that FastAPI does for the same answer: one plain endpoint that reads the body and returns given bytes.

No caller, no transaction, no log, no headers: what is left is the framework, the server and the way to the client.
The file with the bytes is named by the environment variable ``BARE_ANSWER``.
"""

import os
from pathlib import Path

from fastapi import FastAPI, Response

from service.api.recommendations import Asked

app = FastAPI()
ANSWER = Path(os.environ["BARE_ANSWER"]).read_bytes()


@app.post("/bare")
def bare(asked: Asked) -> Response:
    """Return the bytes."""
    return Response(ANSWER, media_type="application/json")
