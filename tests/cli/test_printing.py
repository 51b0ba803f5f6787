"""How figures are printed."""

import pytest

from downloads_app.cli.printing import UNKNOWN, format_bytes, format_seconds


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, UNKNOWN), (0, "0s"), (41.6, "42s"), (185, "3m05s"), (7800, "2h10m"), (356_400, "4d03h")],
)
def test_a_duration_has_its_two_largest_units(seconds: float | None, shown: str) -> None:
    assert format_seconds(seconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(None, UNKNOWN), (0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (999_949, "999.9 kB")]
)
def test_an_amount_has_the_unit_that_leaves_three_digits(count: int | None, shown: str) -> None:
    assert format_bytes(count) == shown
