"""The running services, and a check of every response for secrets."""

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import requests
from hypothesis import configuration

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(1, str(Path(__file__).parents[1]))

import calls
import programs
from calls import Call
from issuer import Issuer
from leak_check import LeakCheck
from principals import principals
from service import Service

# The default is the current directory.
HYPOTHESIS_HOME = TemporaryDirectory()
configuration.set_hypothesis_home_dir(HYPOTHESIS_HOME.name)


@pytest.fixture(scope="session")
def leak_check() -> Iterator[LeakCheck]:
    """Checks every response of the run, also those to requests of a schemathesis check."""
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
    """A service without a limit of tokens per owner."""
    service = Service(tmp_path_factory.mktemp("service"))
    yield from running(service, leak_check)


@pytest.fixture(scope="session")
def full_service(built: None, leak_check: LeakCheck, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a limit of one token per owner; the first admin token does not count."""
    service = Service(tmp_path_factory.mktemp("full-service"), max_tokens_per_owner=1)
    yield from running(service, leak_check)


@pytest.fixture(scope="session")
def catalog_service(built: None, leak_check: LeakCheck, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose catalog tests may replace."""
    service = Service(tmp_path_factory.mktemp("catalog-service"))
    yield from running(service, leak_check)


@pytest.fixture(scope="session")
def admins_service(built: None, leak_check: LeakCheck, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with `--token-management admins`."""
    service = Service(tmp_path_factory.mktemp("admins-service"), flags=["--token-management", "admins"])
    yield from running(service, leak_check)


@pytest.fixture(scope="session")
def caching_service(built: None, leak_check: LeakCheck, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with authorizer caching."""
    service = Service(tmp_path_factory.mktemp("caching-service"), flags=["--authorizer-cache-seconds", "60"])
    yield from running(service, leak_check)


@pytest.fixture(scope="session")
def short_service(built: None, leak_check: LeakCheck, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a maximum lifetime of 30 days, an idle limit of one day, and quarantine on reuse."""
    flags = ["--max-token-lifetime", "30", "--quarantine-on-reuse", "--max-idle-days", "1"]
    service = Service(tmp_path_factory.mktemp("short-service"), flags=flags)
    yield from running(service, leak_check)


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    yield issuer
    issuer.server.shutdown()


@pytest.fixture(scope="session")
def trusting_service(
    built: None, leak_check: LeakCheck, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service that trusts the issuer."""
    service = Service(tmp_path_factory.mktemp("trusting-service"))
    for started in running(service, leak_check):
        catalog = Call("GET /catalog", started.admin_token).send(started).json()
        assert calls.put_catalog(started, catalog | {"trust": issuer.rules()}).status_code == 200
        yield started


@pytest.fixture(scope="session")
def credentials(trusting_service: Service, issuer: Issuer) -> dict[str, str | None]:
    """The credentials of the principals of docs/access-matrix.md."""
    return principals(trusting_service, issuer)


def running(service: Service, leak_check: LeakCheck) -> Iterator[Service]:
    service.start()
    leak_check.remember(service.admin_token)
    yield service
    service.stop()
