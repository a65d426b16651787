#!/usr/bin/env python3
"""Measures the command and the console, and prints tables. `make bench-clients` builds the programs and runs this.

    bench/clients.py [--update] [DIRECTORY]

`portcullis scan` searches DIRECTORY (default: the crates that cargo has unpacked). With --update, the figures are
recorded in bench/results and written to docs/performance.md.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from client_tables import RECORDED, ROOT, renew_page, table
from measured_program import measured
from scan import scan_rows

sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tests" / "contract"))
from service import Service

PROGRAM = ROOT / "target" / "release" / "portcullis"
CARGO = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
ROUNDS = 5
OWNERS = 100


def create_tokens(service: Service, numbers: range) -> list[str]:
    """Tokens of many owners."""
    grants = [
        {"permissions": ["apps:read", "apps:write"], "resources": ["apps/billing", "apps/shop/*"]},
        {"permissions": ["builds:read"], "resources": ["builds/*"]},
    ]
    return created(
        service,
        [{"name": f"token {number}", "owner": f"owner-{number % OWNERS}", "grants": grants} for number in numbers],
    )


def created(service: Service, tokens: list[dict]) -> list[str]:
    """The plaintext tokens that an administrator creates."""
    connection = http.client.HTTPConnection(urlsplit(service.url).netloc)
    headers = {"Authorization": f"Bearer {service.admin_token}"}
    plaintext = []
    for token in tokens:
        connection.request("POST", "/tokens", json.dumps({**token, "expires_in": "90d"}), headers)
        response = connection.getresponse()
        body = response.read()
        if response.status != 201:
            sys.exit(f"POST /tokens was answered {response.status}: {body.decode()}")
        plaintext.append(json.loads(body)["token"])
    return plaintext


def list_row(service: Service, tokens: int, form: str, flags: list[str]) -> dict:
    environment = {"PORTCULLIS_URL": service.url, "PORTCULLIS_API_TOKEN": service.admin_token}
    runs = [measured([str(PROGRAM), "token", "list", "--all", *flags], environment) for _ in range(ROUNDS)]
    return {
        "`token list --all`": f"{tokens:,} tokens, {form}",
        "ms": round(median(run.seconds for run in runs) * 1000),
        "CPU ms": round(median(run.cpu_seconds for run in runs) * 1000),
        "peak MB": round(median(run.peak for run in runs) / 1e6, 1),
        "output MB": round(median(run.output for run in runs) / 1e6, 2),
    }


def console_row(service: Service, tokens: int) -> dict:
    command = ["node", str(ROOT / "bench" / "console.mjs"), service.url, str(ROUNDS)]
    return {"tokens": f"{tokens:,}", **json.loads(subprocess.check_output(command))}


def client_rows() -> tuple[list[dict], list[dict]]:
    """The rows of the list and of the console. The stack's first admin token is one of the tokens."""
    listed, console, before = [], [], 1
    with TemporaryDirectory() as directory:
        service = Service(Path(directory))
        service.start()
        try:
            for tokens in (1, 100, 1_000, 10_000):
                create_tokens(service, range(before, tokens))
                before = tokens
                if tokens > 1:
                    listed.append(list_row(service, tokens, "table", []))
                    listed.append(list_row(service, tokens, "JSON", ["--json"]))
                if tokens != 100:
                    console.append(console_row(service, tokens))
        finally:
            service.stop()
    return listed, console


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("directory", nargs="?", type=Path, default=CARGO / "registry" / "src")
    arguments.add_argument("--update", action="store_true")
    given = arguments.parse_args()
    scan = scan_rows(PROGRAM, given.directory, ROOT, ROUNDS)
    listed, console = client_rows()
    results = {"scan": scan, "token-list": listed, "console": console}
    for rows in results.values():
        print(table(rows))
    if given.update:
        RECORDED.write_text(json.dumps(results, indent=2) + "\n")
        renew_page()


if __name__ == "__main__":
    main()
