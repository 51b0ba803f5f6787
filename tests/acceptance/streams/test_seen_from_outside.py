"""What operators see of the streams: metrics summed over the processes, and a log line when one ends."""

import re
from collections.abc import Callable

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import tokens
from tests.support.places import METRICS_TOKEN, metric
from tests.support.rows import add_download, change
from tests.support.server import Server, wait_until
from tests.support.sse import StreamClient

INTERVAL = 0.4
PER_USER = 2
PROCESSES = 2


def fill(open_one: Callable[[], StreamClient]) -> tuple[list[StreamClient], int]:
    """Open streams until each process holds as many as it may; return them, and how many were refused."""
    held: list[StreamClient] = []
    refused = 0
    while len(held) < PROCESSES * PER_USER:
        stream = open_one()
        if stream.wait_status() == 200:
            held.append(stream)
        else:
            refused += 1
    return held, refused


def test_metrics_and_log_tell_what_became_of_all_streams_of_all_processes(
    alice: User, make_server: Callable[..., Server], open_stream: Callable[..., StreamClient]
) -> None:
    download = add_download(alice)
    server = make_server(
        workers=PROCESSES,
        stream_interval_seconds=INTERVAL,
        stream_max_per_user=PER_USER,
        metrics_token=METRICS_TOKEN,
        stream_io_uring="off",
    )
    held, refused = fill(lambda: open_stream(server, alice))
    for stream in held:
        stream.wait_events(3, "update")
    assert metric(server, "downloads_streams_open ") == len(held)
    change(download, status="completed")
    sent = [stream.wait_closed() for stream in held]

    wait_until(lambda: metric(server, "downloads_streams_open ") == 0, what="all streams to be over")
    closed_by_completion = 'downloads_streams_closed_total{reason="complete"}'
    wait_until(lambda: metric(server, closed_by_completion) == len(held), what="all ends to be counted")
    assert metric(server, "downloads_streams_opened_total") == len(held)
    assert metric(server, 'downloads_streams_refused_total{reason="user\'s limit"}') == refused
    events = sum(len(each) for each in sent)
    assert metric(server, "downloads_stream_events_total") == events
    frame_bytes = [len(event.raw.encode()) + 2 for each in sent for event in each]
    sent_bytes = sum(count + len(f"{count:X}\r\n\r\n") for count in frame_bytes)
    assert metric(server, "downloads_stream_bytes_total") == sent_bytes
    assert metric(server, "downloads_stream_tick_lateness_seconds_count") > 0
    assert metric(server, "downloads_snapshot_refresh_seconds_count") > 0

    assert metric(server, 'downloads_stream_senders{sender="one by one"}') == PROCESSES
    assert server.log().count("sending one by one: STREAM_IO_URING is off") == PROCESSES

    line = rf"stream ended: user={alice.id} seconds=\d+\.\d events=(\d+) reason=complete"
    told = re.findall(line, server.log())
    assert sorted(map(int, told)) == sorted(len(each) for each in sent)
    assert tokens.issue_access(current_settings(), alice).split(".")[0] not in server.log()
