"""The OpenID Connect provider, and signing in there like a browser."""

import base64
import hashlib
import json
import re
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

PROGRAM = Path(__file__).with_name("provider.mjs")
REDIRECT_URI = "http://127.0.0.1/signed-in"
FORM = re.compile(r'<form[^>]* action="([^"]+)"')
PROMPT = re.compile(r'name="prompt" value="(\w+)"')
# More than a sign-in has.
REDIRECTS_AND_FORMS = 20

# The provider's clients, by the algorithm of their ID tokens.
CLIENT = "portcullis"
CLIENTS = {"RS256": CLIENT, "ES256": "portcullis-es256", "EdDSA": "portcullis-eddsa"}
ANOTHER_CLIENT = "another-product"


@dataclass(frozen=True)
class SignedIn:
    """The tokens that a client receives after a sign-in."""

    id_token: str
    access_token: str


class Provider:
    """Runs from `start` to `stop`."""

    def __init__(self) -> None:
        self.issuer = ""
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Returns when it responds."""
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(["node", PROGRAM], stdin=pipe, stdout=pipe, text=True)
        self.issuer = self.process.stdout.readline().strip()
        if not self.issuer:
            self.stop()
            raise RuntimeError(f"{PROGRAM.name} did not start")

    def stop(self) -> None:
        """Stops it, if it is running."""
        if self.process is not None:
            self.process.communicate(timeout=60)
            self.process = None

    def tell(self, command: str) -> Any:
        """Sends a command and returns the response; provider.mjs lists the commands."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def keys(self) -> dict[str, dict]:
        """Its current private keys, by algorithm."""
        return self.tell("keys")

    def requests(self) -> dict[str, int]:
        """Number of requests for its discovery document and its keys."""
        return self.tell("requests")

    def sign_in(self, person: str, client: str = CLIENT, resource: str | None = None) -> SignedIn:
        """Signs in to a client with the authorization code flow and PKCE, and consents. With a
        resource, the access token is for that resource."""
        verifier = secrets.token_urlsafe(32)
        nonce, state = secrets.token_hex(8), secrets.token_hex(8)
        wanted = {"resource": resource} if resource else {}
        asked = {
            "client_id": client,
            "code_challenge": base64url(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
            "nonce": nonce,
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": "openid email groups" + (" api" if resource else ""),
            "state": state,
        }
        answer = self.in_browser(person, asked | wanted)
        assert answer["state"] == [state] and answer["iss"] == [self.issuer], answer
        redeemed = {
            "client_id": client,
            "code": answer["code"][0],
            "code_verifier": verifier,
            "grant_type": "authorization_code",
            "redirect_uri": REDIRECT_URI,
        }
        response = requests.post(f"{self.issuer}/token", data=redeemed | wanted, timeout=120)
        assert response.status_code == 200, response.text
        tokens = response.json()
        return SignedIn(tokens["id_token"], tokens["access_token"])

    def in_browser(self, person: str, asked: dict[str, str]) -> dict[str, list[str]]:
        """Fills in every form; returns the parameters that the client receives."""
        browser = requests.Session()
        filled_in = {"login": {"login": person, "password": "any will do"}, "consent": {}}
        response = browser.get(f"{self.issuer}/auth", params=asked, allow_redirects=False, timeout=120)
        for _ in range(REDIRECTS_AND_FORMS):
            if response.is_redirect:
                place = urljoin(response.url, response.headers["location"])
                if place.startswith(REDIRECT_URI):
                    return parse_qs(urlsplit(place).query)
                response = browser.get(place, allow_redirects=False, timeout=120)
                continue
            form, prompt = FORM.search(response.text), PROMPT.search(response.text)
            assert response.status_code == 200 and form and prompt, response.text
            fields = {"prompt": prompt[1]} | filled_in[prompt[1]]
            response = browser.post(form[1], data=fields, allow_redirects=False, timeout=120)
        raise AssertionError(f"the provider does not end the sign-in: {response.url}")


def base64url(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
