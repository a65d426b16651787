"""Nothing that the service answers holds a token or a session, except the two answers that
are to show it."""

import json
import re

import requests

import spec

# Whole or cut, as the product redacts one in a log.
LOOKS_LIKE_TOKEN = re.compile(r"(_|%5[Ff])[0-9A-Za-z]{50}|eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}")
# The shortest stretch in which the secret part of a token could stand, and where that is
# in the 65 characters behind the prefix.
STRETCH = re.compile(r"[0-9A-Za-z]{43,}")
SECRET_PART = slice(16, 16 + 43)
# The answers that show a token.
SHOWN = re.compile(r"POST /tokens 201|POST /tokens/[0-9A-Za-z]{16}/rotate 200|POST /exchange 200")


class LeakCheck:
    """Knows every token that was shown, and looks for them."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()

    def remember(self, token: str) -> None:
        """Looks for this token too from now on."""
        self.secrets.add(token.rpartition("_")[2][SECRET_PART])

    def look(self, response: requests.Response) -> None:
        """Remembers a token that is shown as it should be; fails for any other."""
        text = response.text
        request = response.request
        # The sign-in for development, which is no part of what is described.
        if request.path_url == "/dev/sign-in":
            return
        path = request.path_url.partition("?")[0]
        if SHOWN.fullmatch(f"{request.method} {path} {response.status_code}"):
            created = json.loads(text)
            self.remember(created.pop("access_token" if path == "/exchange" else "token"))
            text = json.dumps(created)
        text += "".join(f"\n{name}: {value}" for name, value in response.headers.items())
        self.search(text, f"the answer {response.status_code} to {request.method} {request.path_url[:60]}")

    def search(self, text: str, place: str) -> None:
        """Fails for a text with a token in it."""
        for stretch in STRETCH.findall(text):
            assert not any(secret in stretch for secret in self.secrets), f"a token is in {place}"
        assert spec.is_without_credential(text), f"a token or a JWT is in {place}"
