"""Prints downloads as they go until none is active, over lost connections too."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
from httpx_sse import ServerSentEvent, connect_sse


def follow(client: httpx.Client, url: str, token: str) -> Iterator[ServerSentEvent]:
    retry_seconds, headers = 3.0, {"Authorization": f"Bearer {token}"}
    while True:
        with suppress(httpx.TransportError), connect_sse(client, "GET", url, headers=headers) as source:
            if source.response.is_client_error or source.response.status_code == 204:
                source.response.raise_for_status()
                return
            for event in source.iter_sse():
                retry_seconds = retry_seconds if event.retry is None else event.retry / 1000
                headers["Last-Event-ID"] = event.id
                yield event
                if event.event == "complete":
                    return
        time.sleep(retry_seconds)


address, token = os.environ["DOWNLOADS_URL"] + "/api/downloads/subscribe", os.environ["DOWNLOADS_TOKEN"]
with httpx.Client(timeout=45) as client:
    for event in follow(client, address, token):
        print(event.event, event.data, flush=True)
