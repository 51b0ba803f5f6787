"""Reads a registry's demand for credentials: `WWW-Authenticate` (RFC 9110, and the token specification)."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlencode

MAX_CHALLENGE_CHARACTERS = 4096
_SCHEME = re.compile(r"(?:^|,)\s*(bearer|basic)\b", re.IGNORECASE)
_PARAMETER = re.compile(r'([A-Za-z_]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))')


@dataclass(frozen=True, slots=True)
class Challenge:
    """The demanded credentials: `basic`, or `bearer` with a token from the server at `realm`, if it names one."""

    scheme: str
    realm: str | None = None
    service: str | None = None

    def token_url(self, name: str) -> str:
        """Return the address of a token to pull `name` (or of one without a scope).

        We choose the scope: some registries name that of an example.
        """
        query = {"service": self.service, "scope": f"repository:{name}:pull" if name else None}
        asked = urlencode({key: value for key, value in query.items() if value}, quote_via=quote, safe="/:,")
        realm = self.realm or ""
        return f"{realm}{'&' if '?' in realm else '?'}{asked}"


def read_challenge(header: str) -> Challenge | None:
    """Return the demanded credentials, a token rather than a password; None if we know none of them."""
    text = header[:MAX_CHALLENGE_CHARACTERS]
    schemes = list(_SCHEME.finditer(text))
    ends = [*(match.start() for match in schemes[1:]), len(text)]
    sections = {match[1].lower(): text[match.end() : end] for match, end in zip(schemes, ends, strict=False)}
    if "bearer" not in sections:
        return Challenge("basic") if sections else None
    given = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(sections["bearer"])}
    realm = given.get("realm", "")
    is_address = realm.startswith(("https://", "http://"))
    return Challenge("bearer", realm if is_address else None, given.get("service"))
