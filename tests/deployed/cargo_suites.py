"""The e2e package's suites, run against the emulator."""

import subprocess

import programs

# A test waits for the emulator most of its time. With more threads, functions time out on two cores.
THREADS = 4

# Tests that are run only by the suite `workspace`. All others, also new ones, run here too.
SKIPPED = {
    "routes": {
        # They start stacks in their own process, so they would test the same thing again.
        "routes::catalog_write::",
        "routes::change_log::",
        "routes::post_exchange::",
        "routes::protected_api::caching::",
        "routes::sessions::",
        # It knows how long the ARN of the local API is.
        "routes::protected_api::paths::a_path_too_long_for_an_iam_policy_is_refused",
        # They try many inputs that one check refuses before the function calls AWS. Tests of their modules that run
        # here show that the function makes the check.
        "routes::get_token::an_invalid_id_is_not_found",
        "routes::owners::a_confusable_owner_name_is_refused_in_every_field",
        "routes::post_tokens::expiry::an_invalid_lifetime_is_refused_and_the_limit_named",
        "routes::post_tokens::refusals::an_invalid_permission_is_named_by_its_index",
        "routes::post_tokens::refusals::an_invalid_resource_is_named_by_its_index",
        "routes::post_tokens::refusals::names_are_one_line_of_visible_characters",
        "routes::post_tokens::refusals::text_limits_count_characters",
        "routes::post_tokens::refusals::wrong_types_are_named",
    },
    "store": {
        # They start the engine in their own process, with faults in front of it or a count of its requests.
        "store::capacity::",
        "store::change_log::",
        "store::contended::a_revocation_costs_the_same_with_20000_events_as_with_one",
        "store::deadlines::",
        "store::fault_injection::",
        "store::tls::",
    },
}


def run(module: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs the tests of a module except the skipped ones; their output is in `stdout`."""
    options = [option for name in sorted(SKIPPED[module]) for option in ("--skip", name)]
    return e2e(f"{module}::", f"--test-threads={THREADS}", *options, environment=environment)


def names(module: str) -> list[str]:
    """The names of all tests of a module."""
    listed = e2e(f"{module}::", "--list")
    assert listed.returncode == 0, listed.stdout
    return [line.removesuffix(": test") for line in listed.stdout.splitlines() if line.endswith(": test")]


def e2e(*options: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (programs.compile_tests("e2e"), *options),
        cwd=programs.ROOT / "tests",
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
