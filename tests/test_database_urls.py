"""What DATABASE_URL may be, and that no refusal tells what was given."""

import pytest

from downloads_app import database_urls
from downloads_app.config import load_settings

BOTH = "postgresql+psycopg2://u:p@/db?host=a%2Cb&port=5432%2C5433&target_session_attrs=read-write"
SECRET = "hidden-7"


@pytest.mark.parametrize(
    ("given", "form"),
    [
        ("sqlite:////data/x.sqlite3", "sqlite:////data/x.sqlite3"),
        ("postgresql://u:p@a/db", "postgresql+psycopg2://u:p@a/db"),
        ("postgres://u@a:1/db?sslmode=require", "postgresql+psycopg2://u@a:1/db?sslmode=require"),
        ("postgresql:///db?host=/run/pg", "postgresql+psycopg2:///db?host=%2Frun%2Fpg"),
        ("postgresql://u:p@a,b:5433/db", BOTH),
        ("postgresql://u:p@a,b:5433/db?target_session_attrs=read-write", BOTH),
        ("postgresql://u:p@/db?host=a&host=b:5433", BOTH),
        ("postgresql://u:p@/db?host=a,b&port=5432,5433", BOTH),
        (
            "postgresql://u:p%40:/@[::1]:1,a/db?target_session_attrs=primary",
            "postgresql+psycopg2://u:p%40%3A%2F@/db?host=%3A%3A1%2Ca&port=1%2C5432&target_session_attrs=primary",
        ),
    ],
)
def test_all_forms_become_one(given: str, form: str) -> None:
    assert database_urls.normalize(given) == form
    assert database_urls.normalize(form) == form
    assert load_settings(database_url=given).database_url == form


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (f"postgresql://u:{SECRET}", "a URL like"),
        (f"postgresql://u:{SECRET}@a,/db", "a URL like"),
        (f"postgresql://u:{SECRET}@a,b:x/db", "a URL like"),
        (f"postgresql://u:{SECRET}@a,b/db?port=1", "a URL like"),
        (f"postgresql://u:{SECRET}@/db?host=a,b&port=1,2,3", "a URL like"),
        (f"postgresql://u:{SECRET}@a:0,b/db", "ports from 1 to 65535"),
        (f"postgresql://u:x@{SECRET}@a/db", "each @ of the password is written %40"),
        (f"postgresql://u:{SECRET}@a,b/db?target_session_attrs=any", "the service writes"),
        (f"postgresql://u:{SECRET}@a/db?target_session_attrs=standby", "the service writes"),
        (f"postgresql://u:{SECRET}@a,b/db?hostaddr=10.0.0.1", "no hostaddr"),
        (f"mysql://u:{SECRET}@a/db", "postgresql:// (psycopg2) or sqlite://"),
        ("sqlite://", "an SQLite file"),
        (SECRET, "a URL like"),
    ],
)
def test_what_cannot_be_used_is_refused_without_a_word_of_it(given: str, expected: str) -> None:
    with pytest.raises(SystemExit) as refused:
        load_settings(database_url=given)
    told = str(refused.value)
    assert told.startswith("error: DATABASE_URL is a value of ")
    assert expected in told
    assert "\n" not in told
    assert SECRET not in told


def test_hosts_are_read_from_every_form() -> None:
    hosts = {
        BOTH: [("a", 5432), ("b", 5433)],
        "postgresql+psycopg2://u:p@a/db": [("a", 5432)],
        "postgresql+psycopg2:///db": [("", 5432)],
        "postgresql+psycopg2://u@/db?host=a%2Cb&port=1": [("a", 1), ("b", 1)],
    }
    assert {url: database_urls.hosts_of(url) for url in hosts} == hosts


def test_settings_that_are_printed_do_not_show_it() -> None:
    settings = load_settings(database_url=f"postgresql://u:{SECRET}@a,b/db")
    assert SECRET not in repr(settings)
