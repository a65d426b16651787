#!/usr/bin/env python3
"""Prints the table of docs/regions.md: a revocation in one region while the token is used in another.

    bench/two_regions.py

A simulation of DynamoDB global tables. A revocation is acknowledged in region A at time 0. The token is used
in region B. The authorizer there reads its own replica, and records the last use once a minute, if its
configuration lets it write. The same seed gives the same table.
"""

import random
from dataclasses import dataclass

TRIALS = 100_000
REQUESTS_PER_SECOND = 10
LAST_USE_SECONDS = 60  # LAST_USE_INTERVAL_SECONDS in shared/src/store/deferred_write.rs
# "Usually within a second or less": https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GlobalTables.html
MEAN_LAG_SECONDS = 0.5


@dataclass(frozen=True)
class Setup:
    """A global table and the regions whose functions write to it."""

    name: str
    lag: float
    writes_in_both: bool


SETUPS = [
    Setup("eventual consistency, both regions write", MEAN_LAG_SECONDS, writes_in_both=True),
    Setup("eventual consistency, one region writes", MEAN_LAG_SECONDS, writes_in_both=False),
    # An acknowledged write is in every region's strongly consistent reads.
    Setup("strong consistency", 0, writes_in_both=True),
]


@dataclass(frozen=True)
class Trial:
    """What followed one revocation."""

    accepted: int
    last_accepted: float
    lost: bool


def trial(setup: Setup, random_: random.Random) -> Trial:
    arrival = random_.expovariate(1 / setup.lag) if setup.lag else 0.0
    last_use = -random_.uniform(0, LAST_USE_SECONDS)
    accepted, last_accepted, lost = 0, 0.0, False
    now = random_.expovariate(REQUESTS_PER_SECOND)
    while now < arrival:
        accepted, last_accepted = accepted + 1, now
        if setup.writes_in_both and now - last_use >= LAST_USE_SECONDS:
            # A later version of the whole item, without the revocation: it wins in both regions.
            last_use, lost = now, True
        now += random_.expovariate(REQUESTS_PER_SECOND)
    return Trial(accepted, last_accepted, lost)


def row(setup: Setup) -> str:
    random_ = random.Random(1)
    trials = [trial(setup, random_) for _ in range(TRIALS)]
    times = sorted(one.last_accepted for one in trials)
    lost = sum(one.lost for one in trials)
    cells = [
        setup.name,
        f"{sum(one.accepted for one in trials) / TRIALS:.1f}",
        f"{times[TRIALS // 2]:.2f} s",
        f"{times[TRIALS * 99 // 100]:.2f} s",
        f"{lost:,}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    print("| global table | requests accepted after it | last one, median | last one, p99 | revocations lost |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for setup in SETUPS:
        print(row(setup))


if __name__ == "__main__":
    main()
