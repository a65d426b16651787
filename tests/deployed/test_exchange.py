"""The deployed function exchanges a CI job's identity with its own role."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

sys.path.insert(1, str(Path(__file__).parents[1] / "contract"))

import logs
from emulator import Emulator
from issuer import Issuer
from stack import Stack

FORM = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    yield issuer
    issuer.server.shutdown()


@pytest.fixture(scope="module")
def trusted(url: str, admin_token: str, issuer: Issuer) -> Iterator[None]:
    """Adds a trust rule for the issuer to the catalog during these tests."""
    before = put(url, admin_token, lambda catalog: catalog | {"trust": [issuer.rule()]})
    yield
    put(url, admin_token, lambda _: before)


def put(url: str, admin_token: str, change) -> dict:
    bearer = {"Authorization": f"Bearer {admin_token}"}
    shown = requests.get(f"{url}/catalog", headers=bearer, timeout=120)
    headers = bearer | {"If-Match": shown.headers["ETag"]}
    response = requests.put(f"{url}/catalog", headers=headers, json=change(shown.json()), timeout=120)
    assert response.status_code == 200, response.text
    return shown.json()


def exchange(url: str, identity: str) -> requests.Response:
    return requests.post(f"{url}/exchange", data=FORM | {"subject_token": identity}, timeout=120)


@pytest.mark.usefixtures("trusted")
def test_an_identity_is_exchanged_once_for_a_token_that_can_be_revoked(
    url: str, issuer: Issuer, emulator: Emulator, portcullis: Stack
) -> None:
    identity = issuer.identity()
    response = exchange(url, identity)
    assert response.status_code == 200, response.text
    given = response.json()
    again = exchange(url, identity)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_request")

    bearer = {"Authorization": f"Bearer {given['access_token']}"}
    ask = lambda: requests.get(f"{url}/demo/apps/billing", headers=bearer, timeout=120).status_code  # noqa: E731
    assert ask() == 200
    assert requests.post(f"{url}/revoke", data={"token": given["access_token"]}, timeout=120).status_code == 200
    assert ask() == 401

    lines = logs.decisions(emulator, portcullis.resources["ExchangeLogGroup"])
    told = [(line["rbac_decision"], line["reason"]) for line in lines if line["principal_type"] == "identity"]
    assert told == [("allow", None), ("deny", "replayed")]
    assert lines[0]["via"] == given["via"]


def test_the_sign_in_metadata_needs_no_credential(url: str) -> None:
    response = requests.get(f"{url}/.well-known/oauth-protected-resource", timeout=120)
    assert (response.status_code, response.json()["bearer_methods_supported"]) == (200, ["header"])
