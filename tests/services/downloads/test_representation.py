"""A download as it is shown: the same columns in the dict, in the JSON text, in REST and in the commands."""

import json
from typing import Any

from flask import Flask
from hypothesis import given

from downloads_app.services.downloads import representation
from downloads_app.services.live import changes
from downloads_app.web.api.download_schemas import DownloadSchema, ProgressSchema
from tests.support.downloads import rows


@given(rows)
def test_the_written_encoder_says_what_json_s_own_would(row: Any) -> None:
    encoder = json.JSONEncoder(separators=(",", ":"))
    text = representation.encode(representation.values_of(row)).decode()
    assert text == encoder.encode(representation.as_dict(row))


def test_keys_and_their_order_are_the_given_ones() -> None:
    assert list(representation.KEYS) == [
        "id",
        "user_id",
        "provider_id",
        "repository_id",
        "status",
        "progress_data",
        "started_at",
        "created_at",
        "updated_at",
    ]
    assert list(representation.PROGRESS_COLUMNS) == [
        "current_bytes",
        "total_bytes",
        "current_file",
        "total_files",
        "files_completed",
        "download_speed",
        "eta_seconds",
    ]


def test_only_what_the_contract_says_can_be_null() -> None:
    nullable = [column for column in representation.COLUMNS if representation.can_be_null(column)]
    assert nullable == ["total_bytes", "current_file", "total_files", "eta_seconds", "started_at"]


def test_statement_and_schema_have_the_columns_that_the_stream_tells(app: Flask) -> None:
    assert vars(changes)["COLUMNS"] is representation.COLUMNS
    assert tuple(DownloadSchema().fields)[: len(representation.KEYS)] == representation.KEYS
    assert tuple(ProgressSchema().fields) == representation.PROGRESS_COLUMNS
