"""A failing store is a 500 and never an allow, and the service recovers."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest

import gateway
import stack as stacks
from emulator import Emulator, free_port
from stack import Stack

ENDPOINT = "AWS_ENDPOINT_URL_DYNAMODB"


class Faults:
    """microburst in front of the emulator's DynamoDB.

    A signature is valid for one address, so microburst signs forwarded requests again, as the
    emulator's root user. test_roles.py tests the roles.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.url = f"http://127.0.0.1:{free_port()}"

    def start(self) -> None:
        port = self.url.rsplit(":", 1)[1]
        command = [sys.executable, "-m", "microburst", "--host", "127.0.0.1", "--port", port]
        command += ["--resign", "--upstream", self.emulator.endpoint]
        with (self.emulator.directory / "microburst.log").open("wb") as log:
            self.process = subprocess.Popen(
                command, env=self.emulator.environment(), stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + 120
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < deadline, "microburst did not start"
            time.sleep(0.1)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)

    def answers(self) -> bool:
        try:
            self.control("GET", "health")
        except OSError:
            return False
        return True

    def inject(self, *rules: dict) -> None:
        """Replaces the fault rules; an empty list stops faults."""
        self.control("DELETE", "fired")
        self.control("POST", "rules", [{"service": "dynamodb"} | rule for rule in rules])

    def fired(self) -> list[dict]:
        """The faults since the last `inject`."""
        return self.control("GET", "fired")

    def control(self, method: str, what: str, body: object = None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_microburst/{what}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")


@pytest.fixture(scope="module")
def faults(emulator: Emulator, portcullis: Stack) -> Iterator[Faults]:
    """Sends the authorizer's requests to DynamoDB through the fault injector during these tests."""
    faults = Faults(emulator)
    faults.start()
    direct = stacks.authorizer_variables(emulator, portcullis)
    stacks.set_authorizer_variables(emulator, portcullis, direct | {ENDPOINT: faults.url})
    yield faults
    stacks.set_authorizer_variables(emulator, portcullis, direct)
    faults.stop()


ALWAYS = {
    "throttled": {"error": {"code": "ThrottlingException"}},
    "internal error": {"error": {"code": "InternalServerError", "status": 500}},
    "reset connections": {"reset": True},
    "no access": {"error": {"code": "AccessDeniedException"}},
    "garbage": {"response": {"truncate_frac": 0.5}},
}


@pytest.mark.parametrize("fault", ALWAYS)
def test_a_failing_store_fails_closed(faults: Faults, url: str, admin_token: str, fault: str) -> None:
    faults.inject({"operation": "GetItem"} | ALWAYS[fault])
    refused = gateway.call("GET", f"{url}/demo/apps/billing", admin_token)
    assert faults.fired(), "the fault was not there"
    faults.inject()
    assert (refused.status, refused.headers["content-type"]) == (500, "application/problem+json")
    assert refused.body["type"] == "urn:portcullis:problem:internal_error"
    assert gateway.call("GET", f"{url}/demo/apps/billing", admin_token).status == 200


def test_a_store_request_that_fails_once_is_retried(faults: Faults, url: str, admin_token: str) -> None:
    faults.inject({"operation": "GetItem", "times": 1, "error": {"code": "InternalServerError", "status": 500}})
    assert gateway.call("GET", f"{url}/demo/apps/billing", admin_token).status == 200
    assert len(faults.fired()) == 1


def test_a_lost_last_use_does_not_affect_the_request(faults: Faults, url: str, admin_token: str) -> None:
    # An unused token: the last use is written at most once a minute.
    unused = gateway.call(
        "POST", f"{url}/tokens", admin_token, {"name": "x", "permissions": ["apps:read"], "resources": ["*"]}
    )
    # The first use is written with an event, in one transaction.
    faults.inject({"operation": "TransactWriteItems", "error": {"code": "ThrottlingException"}})
    opened = [gateway.call("GET", f"{url}/demo/apps/billing", unused.body["token"]).status for _ in range(2)]
    # The first request's last use is written before the second request is handled.
    assert faults.fired(), "the fault was not there"
    faults.inject()
    assert opened == [200, 200]
