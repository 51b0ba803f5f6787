"""sse-starlette at its best: no database, no tokens, the same ready frame for everybody.

Run by uvicorn, `benchmarks.streams.peers.static_sse:app`; the frame is read from the file FRAME_FILE.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

FRAME = Path(os.environ["FRAME_FILE"]).read_bytes()


async def _frames() -> AsyncIterator[bytes]:
    while True:
        yield FRAME
        await asyncio.sleep(2)


async def _subscribe(_request: Request) -> EventSourceResponse:
    return EventSourceResponse(_frames())


async def _healthz(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


app = Starlette(routes=[Route("/api/downloads/subscribe", _subscribe), Route("/healthz", _healthz)])
