"""One download from its claim to its end, against a real server and both databases."""

from collections.abc import Callable

from flask import Flask

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import DownloadFile, Provider, Status, User
from downloads_app.services.downloads import lifecycle, story
from downloads_app.services.files.partials import find_partials
from downloads_app.services.queue.claims import MAX_FAILURES
from tests.support.downloading import end_wait, folder_of, reload
from tests.support.file_server import Fault, FileServer
from tests.support.publishing import provide, publish, publish_manifest, queue_download
from tests.support.server import wait_until
from tests.worker.running import FILES, TOTAL_BYTES, arrived, make_job, run, run_to_failure, running


def test_a_repository_arrives_byte_for_byte_with_all_its_numbers(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider)
    run(app)
    row = reload(row)
    assert row.status == Status.COMPLETED, row.error_message
    assert arrived(folder_of(row)) == FILES
    assert (row.current_bytes, row.total_bytes) == (TOTAL_BYTES, TOTAL_BYTES)
    assert (row.files_completed, row.total_files) == (len(FILES), len(FILES))
    assert (row.download_speed, row.eta_seconds, row.current_file, row.worker_id) == (0, None, None, None)
    assert row.completed_at is not None
    told = [(event.kind, event.current_bytes) for event in story.read(row).rows]
    here = [("completed", TOTAL_BYTES), ("verified", TOTAL_BYTES)]
    assert told == [*here, ("first_byte", 0), ("claimed", 0), ("created", 0)]
    files = db.session.scalars(db.select(DownloadFile)).all()
    assert all(file.completed_at is not None and file.sha256 for file in files)
    assert not find_partials(folder_of(row)).exists()


def test_numbers_are_written_while_bytes_arrive(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider)
    seen: list[int] = []

    def has_grown() -> bool:
        current = reload(row)
        if current.current_bytes and (not seen or current.current_bytes != seen[-1]):
            seen.append(current.current_bytes)
            assert current.total_bytes == TOTAL_BYTES
            assert current.total_files == len(FILES)
        return len(seen) >= 3

    server.bytes_per_second = 40_000
    with running(make_job(app)):
        wait_until(has_grown, 60, "three different figures")
        assert reload(row).download_speed > 0
    assert seen == sorted(seen)


def test_patterns_choose_what_is_fetched(app: Flask, alice: User, provider: Provider, server: FileServer) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider, include=["*.bin"], exclude=["deep/"])
    run(app)
    assert list(arrived(folder_of(row))) == ["model.bin"]
    assert reload(row).total_files == 1


def test_patterns_that_match_nothing_fail_and_say_so(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    queue_download(alice, provider, include=["*.gguf", "*.safetensor"], exclude=["deep/"])
    told = "There is nothing to download in org/model: no file matches the patterns ({}), of 4 files"
    assert run_to_failure(app) == told.format("include '*.gguf', '*.safetensor'; exclude 'deep/'")


def test_folders_that_no_pattern_can_match_are_not_called_empty(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    server.put("org/model/", b'<title>Index of /org/model/</title><a href="../">../</a><a href="deep/">deep/</a>')
    queue_download(alice, provider, include=["deeper/*"])
    assert "no file matches the patterns (include 'deeper/*')" in run_to_failure(app)
    assert server.seen("org/model/deep/") == []


def test_a_repository_that_does_not_exist_fails_at_once(app: Flask, alice: User, provider: Provider) -> None:
    queue_download(alice, provider, "no/such")
    assert "no/such" in run_to_failure(app)


def test_a_file_name_that_leaves_the_folder_fails_the_download(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish_manifest(server, "org/model", [{"path": "../../evil", "size": 1}])
    queue_download(alice, provider)
    assert "Refused the file name '../../evil'" in run_to_failure(app)
    assert not current_settings().downloads_dir.exists()


def test_a_failing_server_is_tried_again_later_and_in_the_end_the_reason_stands(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    server.fail("org/model/manifest.json", *[Fault(status=500)] * 100)
    row = queue_download(alice, provider)
    waits = []
    for _ in range(MAX_FAILURES):
        claimed = run(app)
        row = reload(claimed)
        if row.status == Status.PENDING:
            assert row.not_before_at is not None
            assert row.wait_reason
            waits.append((row.not_before_at - row.updated_at).total_seconds())
            end_wait(row)
    assert row.status == Status.FAILED
    assert "500" in (row.error_message or "")
    assert "gave up" in (row.error_message or "")
    assert waits == sorted(waits)
    assert waits[0] >= 4


def test_a_named_time_to_wait_is_kept(app: Flask, alice: User, provider: Provider, server: FileServer) -> None:
    publish(server, "org/model", FILES)
    server.fail("org/model/manifest.json", *[Fault(status=429, headers={"Retry-After": "900"})] * 20)
    row = reload(queue_download(alice, provider))
    run(app)
    row = reload(row)
    assert row.not_before_at is not None
    assert (row.not_before_at - row.updated_at).total_seconds() >= 899


def test_what_is_being_made_ready_is_waited_for_as_long_as_it_takes(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    server.fail("org/model/model.bin", *[Fault(status=202, headers={"Retry-After": "3000"})] * (MAX_FAILURES + 1))
    row = queue_download(alice, provider)
    for _ in range(MAX_FAILURES + 1):
        run(app)
        waiting = reload(row)
        assert (waiting.status, waiting.failures) == (Status.PENDING, 1)
        assert "202 Accepted" in (waiting.wait_reason or "")
        end_wait(row)
    run(app)
    assert reload(row).status == Status.COMPLETED


def test_a_retry_after_a_failure_fetches_only_what_is_missing(
    app: Flask, alice: User, provider: Provider, server: FileServer
) -> None:
    publish(server, "org/model", FILES)
    server.fail("org/model/config.json", *[Fault(status=404)] * 3)
    row = queue_download(alice, provider)
    run(app)
    assert reload(row).status == Status.FAILED
    kept = len(server.seen("org/model/empty"))
    server.faults.clear()
    lifecycle.retry(current_settings(), reload(row))
    before = server.sent_bytes
    run(app)
    assert reload(row).status == Status.COMPLETED
    assert arrived(folder_of(row)) == FILES
    assert server.sent_bytes - before <= TOTAL_BYTES + 2000
    assert len(server.seen("org/model/empty")) <= kept + 1


def test_a_token_that_cannot_be_read_fails_the_download_and_names_the_setting(
    make_app: Callable[..., Flask], server: FileServer
) -> None:
    from downloads_app.services.accounts import users

    with make_app(provider_token_key="the first key").app_context():
        user = users.create_user(current_settings().downloads_dir, "carol", "correct horse battery")
        queue_download(user, provide(server, token="secret-token"))
    app = make_app(provider_token_key="the second key")
    with app.app_context():
        assert "PROVIDER_TOKEN_KEY" in run_to_failure(app)
