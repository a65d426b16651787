#!/usr/bin/env python3
"""Measures whether response times show if a token exists: to a caller with a wrong secret, or of another owner.

    cargo build --release --package portcullis-local
    bench/timing.py URL ADMIN_TOKEN [REQUESTS]

URL is a running service without a limit of tokens per owner, such as `target/release/portcullis-local
--max-tokens-per-owner 0`. The kinds of requests to a route alternate in random order on one connection, so that other
load on the machine affects all of them. `missing` and `missing again` are the same kind: the difference between them is
noise. The first tenth of the requests does not count.

`slower` is the effect size: the probability that a request takes longer than one of `missing`. 50 % is no difference.
`p` is the probability of an effect of at least this size by chance (two-sided Mann-Whitney U test).
"""

import http.client
import json
import math
import random
import statistics
import string
import sys
import time
import zlib
from collections.abc import Callable
from urllib.parse import urlsplit

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
# Tokens of the other owner, and as many missing IDs.
POOL = 50
# Requests to a token, which a caller of another owner is refused.
ROUTES = [
    *[("GET", ""), ("GET", "/events"), ("GET", "/usage"), ("PATCH", ""), ("DELETE", "")],
    *[("POST", f"/{word}") for word in ("tighten", "rotate", "disable", "enable", "revoke")],
]

Call = Callable[[], tuple[int, bytes]]


def checksum(text: str) -> str:
    """CRC-32 in six characters of base62: the checksum of a token."""
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits


def drawn(length: int) -> str:
    return "".join(random.choices(BASE62, k=length))


def token(prefix: str, token_id: str) -> str:
    body = f"{prefix}_{token_id}{drawn(43)}"
    return body + checksum(body)


class Client:
    """Calls of the service on one connection."""

    def __init__(self, url: str) -> None:
        self.base = urlsplit(url).path.rstrip("/")
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc)

    def call(self, method: str, path: str, credential: str, body: dict | None = None) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {credential}", "If-Match": "*"}
        sent = json.dumps(body) if body else "{}" if method == "PATCH" else None
        self.connection.request(method, self.base + path, sent, headers)
        response = self.connection.getresponse()
        return response.status, response.read()

    def create(self, admin: str, owner: str, *permissions: str) -> dict:
        wanted = {"name": "timing", "owner": owner, "permissions": permissions, "resources": ["*"], "expires_in": "1d"}
        status, created = self.call("POST", "/tokens", admin, wanted)
        if status != 201:
            sys.exit(f"creating a token was answered {status}: {created.decode()}")
        return json.loads(created)


def measure(kinds: dict[str, Call], expected: int, requests: int) -> dict[str, list[float]]:
    """The times of each kind, in microseconds."""
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(requests):
        for kind in random.sample(list(kinds), len(kinds)):
            began = time.perf_counter()
            status, _ = kinds[kind]()
            taken = time.perf_counter() - began
            if status != expected:
                sys.exit(f"{kind} was answered {status} instead of {expected}")
            if number >= requests // 10:
                times[kind].append(taken * 1e6)
    return times


def mann_whitney(one: list[float], other: list[float]) -> tuple[float, float]:
    """The probability that one of the first is larger, and the p-value."""
    order = sorted([(value, True) for value in one] + [(value, False) for value in other])
    ranks = sum(rank for rank, (_, is_first) in enumerate(order, 1) if is_first)
    pairs = len(one) * len(other)
    larger = (ranks - len(one) * (len(one) + 1) / 2) / pairs
    deviation = math.sqrt((len(one) + len(other) + 1) / (12 * pairs))
    return larger, math.erfc(abs(larger - 0.5) / deviation / math.sqrt(2))


def report(route: str, times: dict[str, list[float]]) -> None:
    missing = times["missing"]
    print(f"{route}\n  missing        median {statistics.median(missing):8.1f}")
    for kind, taken in times.items():
        if kind != "missing":
            larger, p = mann_whitney(taken, missing)
            print(f"  {kind:14} median {statistics.median(taken):8.1f}  slower {larger:6.2%}  p {p:.3f}")


def main() -> None:
    client, admin = Client(sys.argv[1]), sys.argv[2]
    requests = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
    prefix = admin.split("_")[0]
    if checksum(admin[:-6]) != admin[-6:]:
        sys.exit("the checksum of the admin token is not what this script computes")
    foreign = [client.create(admin, "timing-foreign", "apps:read")["id"] for _ in range(POOL)]
    missing = [drawn(16) for _ in range(POOL)]
    caller = client.create(admin, "timing-caller", "tokens:read", "tokens:write")["token"]
    print(f"{requests - requests // 10} requests of each kind, in microseconds")

    def kinds(name: str, of: Callable[[list[str]], Call]) -> dict[str, Call]:
        return {"missing": of(missing), name: of(foreign), "missing again": of(missing)}

    def with_wrong_secret(ids: list[str]) -> Call:
        return lambda: client.call("GET", "/me", token(prefix, random.choice(ids)))

    report("GET /me", measure(kinds("wrong secret", with_wrong_secret), 401, requests))
    for method, suffix in ROUTES:

        def of_caller(ids: list[str], method: str = method, suffix: str = suffix) -> Call:
            return lambda: client.call(method, f"/tokens/{random.choice(ids)}{suffix}", caller)

        report(f"{method} /tokens/{{id}}{suffix}", measure(kinds("foreign", of_caller), 404, requests))
    for owner in ("timing-foreign", "timing-caller"):
        client.call("POST", f"/owners/{owner}/revoke-tokens", admin)


if __name__ == "__main__":
    main()
