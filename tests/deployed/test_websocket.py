"""The WebSocket example: authorization of `$connect`."""

import base64
import os
import socket

import pytest

import gateway
from emulator import Emulator
from stack import Stack


def connect(emulator: Emulator, api_id: str, token: str | None) -> int:
    """The status of a WebSocket handshake; 101 means connected."""
    lines = [
        f"GET /_aws/execute-api/{api_id}/demo HTTP/1.1",
        f"Host: localhost:{emulator.port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        *([f"Authorization: Bearer {token}"] if token else []),
    ]
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=120) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return int(connection.recv(4096).split(b" ")[1])


@pytest.fixture(scope="module")
def tokens(url: str, admin_token: str) -> dict[str, str]:
    """Tokens by permission."""
    made = {}
    for permission in ["websocket:connect", "apps:read"]:
        asked = {"name": permission, "permissions": [permission], "resources": ["*"]}
        made[permission] = gateway.call("POST", f"{url}/tokens", admin_token, asked).body["token"]
    return made


def test_a_token_with_the_permission_connects(emulator: Emulator, websocket_example: Stack, tokens: dict) -> None:
    assert connect(emulator, websocket_example.resources["Api"], tokens["websocket:connect"]) == 101


def test_every_other_credential_is_refused(emulator: Emulator, websocket_example: Stack, tokens: dict) -> None:
    api = websocket_example.resources["Api"]
    assert connect(emulator, api, tokens["apps:read"]) == 403
    # AWS returns 401; the emulator turns an authorizer's "Unauthorized" into a 500 here.
    assert connect(emulator, api, None) in {401, 500}
    assert connect(emulator, api, "nonsense") in {401, 500}
