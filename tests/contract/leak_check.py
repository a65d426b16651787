"""Checks that no response contains a token or a session, except those that have to show one."""

import json
import re

import requests

import spec

# A whole or a truncated token, by the rule of the product's redaction.
LOOKS_LIKE_TOKEN = re.compile(r"(_|%5[Ff])[0-9A-Za-z]{50}|eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}")
# The shortest run of characters that could contain the secret part of a token, and its place in
# the 65 characters after the prefix.
STRETCH = re.compile(r"[0-9A-Za-z]{43,}")
SECRET_PART = slice(16, 16 + 43)
# The responses that show a token.
SHOWN = re.compile(r"POST /tokens 201|POST /tokens/[0-9A-Za-z]{16}/rotate 200|POST /exchange 200")


class LeakCheck:
    """Searches responses and logs for every token that was shown."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()

    def remember(self, token: str) -> None:
        """Adds a token to search for."""
        self.secrets.add(token.rpartition("_")[2][SECRET_PART])

    def look(self, response: requests.Response) -> None:
        """Remembers the token of a response that has to show one; fails for any other token."""
        text = response.text
        request = response.request
        # The development sign-in is not part of the description.
        if request.path_url == "/dev/sign-in":
            return
        path = request.path_url.partition("?")[0]
        if SHOWN.fullmatch(f"{request.method} {path} {response.status_code}"):
            created = json.loads(text)
            self.remember(created.pop("access_token" if path == "/exchange" else "token"))
            text = json.dumps(created)
        text += "".join(f"\n{name}: {value}" for name, value in response.headers.items())
        self.search(text, f"the response {response.status_code} to {request.method} {request.path_url[:60]}")

    def search(self, text: str, place: str) -> None:
        """Fails for a text that contains a token or a JWT."""
        for stretch in STRETCH.findall(text):
            assert not any(secret in stretch for secret in self.secrets), f"a token is in {place}"
        assert spec.is_without_credential(text), f"a token or a JWT is in {place}"
