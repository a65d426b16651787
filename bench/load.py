#!/usr/bin/env python3
"""Loads the local stack to its limit, and prints tables. `make load` builds it and runs this.

    bench/load.py [--update] [MINUTES]

wrk sends requests of 10,000 tokens on 16 connections for MINUTES (10). Then two connections send requests while eight
others send nothing, ordinary requests of one owner, or a storm of this owner: lists, creations and revocations. Last,
four connections send requests while other programs keep each core busy, as a build does. With --update, the figures are recorded in bench/results and written to docs/performance.md. It fails if a request fails.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from client_tables import LOAD, ROOT, renew_page, table

from clients import create_tokens, created

sys.path.insert(0, str(ROOT / "tests" / "contract"))
from service import Service

TOKENS = 10_000
CONNECTIONS = 16
STORM_SECONDS = 60
STORM_CONNECTIONS = 8
BUSY_CONNECTIONS = 4
# The owner of the storm may manage its own tokens.
BUSY = {
    "name": "busy",
    "owner": "busy",
    "permissions": ["apps:read", "tokens:read", "tokens:write"],
    "resources": ["*"],
}


def wrk(url: str, script: str, connections: int, seconds: int, environment: Mapping[str, str]) -> subprocess.Popen:
    command = [
        "wrk",
        "--threads",
        "1",
        "--connections",
        str(connections),
        "--duration",
        f"{seconds}s",
        "--timeout",
        "30s",
    ]
    command += ["--script", f"bench/{script}.lua", url]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True)


def result(process: subprocess.Popen) -> dict:
    """The line that `result.lua` prints. Ends this program if a request failed."""
    output, _ = process.communicate()
    if process.returncode != 0:
        sys.exit(f"wrk exited with {process.returncode}")
    [line] = [line for line in output.splitlines() if line.startswith("{")]
    return json.loads(line)


def memory(process: int) -> float:
    """Resident memory in MB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmRSS:"))


def sustained(service: Service, tokens: Path, minutes: int) -> list[dict]:
    """The rows of the run at the limit: the memory after each tenth of it."""
    samples, ended = [memory(service.process.pid)], Event()

    def sample() -> None:
        while not ended.wait(minutes * 6):
            samples.append(memory(service.process.pid))

    sampler = Thread(target=sample)
    sampler.start()
    run = result(wrk(f"{service.url}/demo/apps/billing", "load", CONNECTIONS, minutes * 60, {"TOKENS": str(tokens)}))
    ended.set()
    sampler.join()
    tenths = samples[1:11]
    return [
        {
            "minutes": str(minutes),
            "requests": run["requests"],
            "failed": run["failed"],
            "per second": round(run["requests"] / run["seconds"]),
            "p50 ms": round(run["p50"] / 1000, 1),
            "p99 ms": round(run["p99"] / 1000, 1),
            "longest ms": round(run["longest"] / 1000, 1),
            "MB before": round(samples[0]),
            "after a tenth": round(tenths[0]),
            "after half": round(tenths[4]),
            "at the end": round(tenths[-1]),
        }
    ]


def storms(service: Service, tokens: Path, token: str) -> list[dict]:
    """The rows of the other owners' requests, without a storm and beside each kind."""
    url, rows = f"{service.url}/demo/apps/billing", []
    one = tokens.with_name("one-token")
    one.write_text(f"{token}\n")
    kinds = {
        "nothing": None,
        "ordinary requests": ("load", {"TOKENS": str(one)}),
        "create, list, revoke": ("storm", {"TOKEN": token}),
    }
    for kind, storm in kinds.items():
        beside = storm and wrk(url, storm[0], STORM_CONNECTIONS, STORM_SECONDS, storm[1])
        run = result(wrk(url, "load", 2, STORM_SECONDS, {"TOKENS": str(tokens)}))
        other = result(beside) if beside else {"requests": 0, "failed": 0, "seconds": 1}
        rows.append(
            {
                "one owner sends": kind,
                "its requests per second": round(other["requests"] / other["seconds"]),
                "others' per second": round(run["requests"] / run["seconds"]),
                "p50 ms": round(run["p50"] / 1000, 2),
                "p99 ms": round(run["p99"] / 1000, 2),
                "failed": run["failed"] + other["failed"],
            }
        )
    return rows


def beside_others(service: Service, tokens: Path) -> list[dict]:
    """The rows of requests while no, two and eight other programs per core want it."""
    rows = []
    for per_core in (0, 2, 8):
        count = per_core * (os.cpu_count() or 1)
        others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
        try:
            url, sent = f"{service.url}/demo/apps/billing", {"TOKENS": str(tokens)}
            run = result(wrk(url, "load", BUSY_CONNECTIONS, STORM_SECONDS, sent))
        finally:
            for other in others:
                other.kill()
                other.wait()
        rows.append(
            {
                "busy programs per core": per_core,
                "per second": round(run["requests"] / run["seconds"]),
                "p50 ms": round(run["p50"] / 1000, 2),
                "p99 ms": round(run["p99"] / 1000, 2),
                "longest ms": round(run["longest"] / 1000, 1),
                "failed": run["failed"],
            }
        )
    return rows


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("minutes", nargs="?", type=int, default=10)
    arguments.add_argument("--update", action="store_true")
    given = arguments.parse_args()
    with TemporaryDirectory() as directory:
        service = Service(Path(directory))
        service.start()
        try:
            tokens = Path(directory) / "tokens"
            tokens.write_text("".join(f"{token}\n" for token in create_tokens(service, range(TOKENS))))
            [busy] = created(service, [BUSY])
            results = {
                "load": sustained(service, tokens, given.minutes),
                "storms": storms(service, tokens, busy),
                "busy": beside_others(service, tokens),
            }
        finally:
            service.stop()
    for rows in results.values():
        print(table(rows))
    if any(row["failed"] for rows in results.values() for row in rows):
        sys.exit("requests failed")
    if given.update:
        LOAD.write_text(json.dumps(results, indent=2) + "\n")
        renew_page()


if __name__ == "__main__":
    main()
