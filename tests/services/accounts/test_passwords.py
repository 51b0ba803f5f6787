"""What a password may be, and that judging one takes no time to speak of."""

import time

import pytest

from downloads_app.errors import InvalidInput
from downloads_app.services.accounts import passwords

COMMON = [
    "password123",
    "1234567890",
    "qwertyuiop",
    "iloveyou2024",
    "P@ssw0rd123",
    "aaaaaaaaaaaa",
    "abcdefghijkl",
    "letmein123",
]


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("x" * 9, "at least 10 characters"),
        ("", "at least 10 characters"),
        ("correct horse " * 15, "at most 200 characters"),
    ],
)
def test_a_password_is_neither_short_nor_endless(password: str, fault: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        passwords.hash_password(password)
    assert (refused.value.message, refused.value.errors) == (f"password: {fault}", {"password": fault})


@pytest.mark.parametrize("password", COMMON)
def test_common_passwords_and_what_is_made_of_them_are_refused(password: str) -> None:
    fault = passwords.find_fault(password, "alice")
    assert fault is not None
    assert "common" in fault


@pytest.mark.parametrize("password", ["downloads123", "HuggingFace1", "huggingface", "ollama2026"])
def test_what_somebody_who_knows_this_service_tries_first_is_refused(password: str) -> None:
    assert passwords.find_fault(password, "alice") is not None


@pytest.mark.parametrize("password", ["alice.smith", "Alice.Smith", "ALICE.SMITH", "alice.smith1"])
def test_the_name_is_no_password(password: str) -> None:
    assert passwords.find_fault(password, "alice.smith") is not None


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "пароль из слов разных",
        "x7#Kq!29zP",
        "mzUeT2k1wZ" * 20,
        "\U0001f984 unicorns everywhere",
    ],
)
def test_any_characters_make_a_password(password: str) -> None:
    stored = passwords.hash_password(password, "alice")
    assert stored.startswith("$argon2id$")
    assert password not in stored
    assert passwords.matches(stored, password)
    assert not passwords.matches(stored, password[:-1])


def test_no_refusal_repeats_the_password() -> None:
    for password in [*COMMON, "sho-rt-one"[:9], "z" * 201]:
        with pytest.raises(InvalidInput) as refused:
            passwords.hash_password(password)
        assert password not in f"{refused.value.message} {refused.value.errors}"


@pytest.mark.parametrize("text", ["4@8({[<31!|0$5+7%2" * 12, "a" * 200, "password" * 25, "1/1/11" * 34, "qazwsx" * 34])
def test_judging_takes_little_cpu_whatever_is_sent(text: str) -> None:
    passwords.find_fault("the first one loads the lists", "alice")
    began = time.thread_time()
    passwords.find_fault(text[: passwords.MAX_LENGTH], "alice")
    taken = time.thread_time() - began
    assert taken < 0.5, f"{taken:.3f} s of CPU"


def test_a_password_of_before_these_rules_still_signs_in() -> None:
    stored = passwords._hasher.hash("short")
    assert passwords.matches(stored, "short")
    assert not passwords.matches(None, "short")
    assert not passwords.matches(stored, "x" * (passwords.MAX_TRIED_BYTES + 1))
