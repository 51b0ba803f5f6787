"""Downloads of every kind, for tests that try many."""

from datetime import UTC, datetime
from types import SimpleNamespace

from hypothesis import strategies as st

counts = st.integers(0, 2**63 - 1)
times = st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC))
rows = st.builds(
    SimpleNamespace,
    id=st.uuids().map(str),
    user_id=st.uuids().map(str),
    provider_id=st.uuids().map(str),
    repository_id=st.uuids().map(str),
    status=st.sampled_from(["pending", "downloading"]),
    current_bytes=counts,
    total_bytes=st.none() | counts,
    current_file=st.none() | st.text(),
    total_files=st.none() | counts,
    files_completed=counts,
    download_speed=counts,
    eta_seconds=st.none() | counts,
    started_at=st.none() | times,
    created_at=times,
    updated_at=times,
)
