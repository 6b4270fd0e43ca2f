"""The least that a server of prompts must do, as a reference: one FastAPI route that renders by Monty and forwards.

No guard, no options, no journal, no trace, no errors: what akachat adds is measured against this.

    python -m bench.bare UPSTREAM PORT
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic_monty import AsyncMonty

#: The instruction that every target of the benchmark renders.
INSTRUCTION = "You are Aka, a careful assistant. Today's topic has {len(input)} characters: {input[:20]!r}"
LIMITS: Any = {"max_feed_duration_secs": 5.0, "max_memory": 64 * 1024**2, "max_recursion_depth": 200}


def create(upstream: str) -> FastAPI:
    """The server; one route."""
    held: dict[str, Any] = {}

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            AsyncMonty(min_processes=2, max_processes=2) as pool,
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=256)) as session,
        ):
            held.update(pool=pool, session=session)
            yield
        await asyncio.sleep(0.1)

    app = FastAPI(lifespan=lifespan)
    code = "f" + repr(INSTRUCTION)

    @app.post("/run")
    async def run(request: Request) -> Response:
        body = orjson.loads(await request.body())
        async with held["pool"].checkout(limits=LIMITS) as sandbox:
            text = await sandbox.feed_run(code, inputs={"input": body["input"]})
        sent = {
            "model": "stub-0ms",
            "messages": [{"role": "system", "content": text}, {"role": "user", "content": body["input"]}],
        }
        headers = {"content-type": "application/json"}
        async with held["session"].post(
            f"{upstream}/chat/completions", data=orjson.dumps(sent), headers=headers
        ) as reply:
            answer = orjson.loads(await reply.read())
        result = {"result": answer["choices"][0]["message"]["content"], "usage": answer["usage"]}
        return Response(orjson.dumps(result), media_type="application/json")

    return app


if __name__ == "__main__":
    uvicorn.run(create(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), log_level="error", access_log=False)
