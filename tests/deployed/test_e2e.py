"""The e2e suites, against the deployed stack."""

import os
from subprocess import CompletedProcess

import pytest

import cargo_suites
from emulator import Emulator


def test_the_e2e_suite_passes_against_the_deployed_stack(e2e_run: CompletedProcess[str]) -> None:
    assert e2e_run.returncode == 0, e2e_run.stdout


def test_revocation_is_linearizable_in_a_deployment(emulator: Emulator, url: str, admin_token: str) -> None:
    # Each call takes the emulator a tenth of a second.
    given = {"PORTCULLIS_E2E_URL": url, "PORTCULLIS_E2E_TOKEN": admin_token, "PORTCULLIS_TEST_CALLS": "200"}
    # A long run is alone, and may replace the catalog, which the exchange function reads once a minute.
    if calls := os.environ.get("PORTCULLIS_TEST_CALLS"):
        given |= {"PORTCULLIS_TEST_CALLS": calls, "PORTCULLIS_TEST_REPLACE_CATALOG": "1"}
    done = cargo_suites.e2e("--nocapture", "linearizability::every", environment=emulator.environment() | given)
    print(done.stdout)
    assert done.returncode == 0


def test_the_stores_contract_holds_on_a_second_dynamodb(emulator: Emulator) -> None:
    given = {"PORTCULLIS_TEST_DYNAMODB": emulator.endpoint}
    done = cargo_suites.run("store", emulator.environment() | given)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("module", cargo_suites.SKIPPED)
def test_every_skipped_test_exists(module: str) -> None:
    names = cargo_suites.names(module)
    unknown = [skipped for skipped in cargo_suites.SKIPPED[module] if not any(skipped in name for name in names)]
    assert unknown == []
