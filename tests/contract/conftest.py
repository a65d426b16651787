"""The running service, and an eye on everything that it answers."""

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import requests
from hypothesis import configuration

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(1, str(Path(__file__).parents[1]))

import programs
from leak_check import LeakCheck
from service import Service

# It would be the folder that the tests are started in.
HYPOTHESIS_HOME = TemporaryDirectory()
configuration.set_hypothesis_home_dir(HYPOTHESIS_HOME.name)


@pytest.fixture(scope="session")
def leak_check() -> Iterator[LeakCheck]:
    """Sees every answer of the run, whoever asked: also those that a check asked for."""
    leak_check = LeakCheck()
    send = requests.Session.send

    def watched(session: requests.Session, request: requests.PreparedRequest, **settings) -> requests.Response:
        response = send(session, request, **settings)
        leak_check.look(response)
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Session, "send", watched)
        yield leak_check


@pytest.fixture(scope="session")
def built() -> None:
    programs.build()


@pytest.fixture(scope="session")
def service(built: None, leak_check: LeakCheck, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One that lets an owner have any number of tokens."""
    service = Service(tmp_path_factory.mktemp("service"))
    yield from running(service, leak_check)


@pytest.fixture(scope="session")
def full_service(built: None, leak_check: LeakCheck, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One that lets an owner have one token; the first admin token does not count."""
    service = Service(tmp_path_factory.mktemp("full-service"), max_tokens_per_owner=1)
    yield from running(service, leak_check)


@pytest.fixture(scope="session")
def catalog_service(built: None, leak_check: LeakCheck, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One whose catalog may become any other: what decides elsewhere stays as it is."""
    service = Service(tmp_path_factory.mktemp("catalog-service"))
    yield from running(service, leak_check)


@pytest.fixture(scope="session")
def admins_service(built: None, leak_check: LeakCheck, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One where only admins manage tokens."""
    service = Service(tmp_path_factory.mktemp("admins-service"), flags=["--token-management", "admins"])
    yield from running(service, leak_check)


@pytest.fixture(scope="session")
def caching_service(built: None, leak_check: LeakCheck, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One whose gateways keep the authorizer's answers."""
    service = Service(tmp_path_factory.mktemp("caching-service"), flags=["--authorizer-cache-seconds", "60"])
    yield from running(service, leak_check)


@pytest.fixture(scope="session")
def short_service(built: None, leak_check: LeakCheck, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One where no token lives for more than 30 days, nor a day unused, and one that is stolen is disabled."""
    flags = ["--max-token-lifetime", "30", "--quarantine-on-reuse", "--max-idle-days", "1"]
    service = Service(tmp_path_factory.mktemp("short-service"), flags=flags)
    yield from running(service, leak_check)


def running(service: Service, leak_check: LeakCheck) -> Iterator[Service]:
    service.start()
    leak_check.remember(service.admin_token)
    yield service
    service.stop()
