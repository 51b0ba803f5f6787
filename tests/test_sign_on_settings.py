"""The settings of single sign-on: what is missing is named, and no secret is shown."""

from typing import Any

import pytest

from downloads_app.config import ConfigError, load_settings

RIGHT = {"oidc_issuer": "https://id.example.org", "oidc_client_id": "x", "public_url": "https://downloads.example.org"}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"public_url": ""}, "PUBLIC_URL beside it"),
        ({"oidc_client_id": ""}, "OIDC_CLIENT_ID beside it"),
        ({"oidc_issuer": "http://id.example.org"}, "https://"),
        ({"oidc_issuer": "https://id.example.org/?x=1"}, "https://"),
        ({"oidc_issuer": "https://me:secret@id.example.org"}, "https://"),
        ({"public_url": "downloads.example.org"}, "PUBLIC_URL"),
        ({"oidc_admin_claim": "groups"}, "OIDC_ADMIN_VALUE"),
    ],
)
def test_what_does_not_fit_together_stops_the_start(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        load_settings(**(RIGHT | changed))


def test_what_fits_is_taken_and_a_trailing_slash_is_no_part_of_our_address() -> None:
    settings = load_settings(**(RIGHT | {"public_url": "https://downloads.example.org/base/"}))
    assert settings.public_url == "https://downloads.example.org/base"
    assert settings.oidc_username_claim == "preferred_username"
