#!/usr/bin/env python3
"""Measures whether response times distinguish a wrong secret from an unknown token ID.

    cargo build --release --package portcullis-local
    bench/timing.py URL ADMIN_TOKEN [REQUESTS]

URL is a running service, such as `target/release/portcullis-local`. The three kinds of requests alternate in random
order on one connection, so that other load on the machine affects all of them. `unknown` and `unknown again` are the
same kind: the difference between them is noise. The first tenth of the requests does not count.
"""

import http.client
import json
import random
import statistics
import string
import sys
import time
import zlib
from urllib.parse import urlsplit

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


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


def main() -> None:
    url, admin = urlsplit(sys.argv[1]), sys.argv[2]
    requests = int(sys.argv[3]) if len(sys.argv) > 3 else 6000
    base = url.path.rstrip("/")
    connection = http.client.HTTPConnection(url.netloc)

    def call(method: str, path: str, credential: str, body: dict | None = None) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {credential}", "Content-Type": "application/json"}
        connection.request(method, base + path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        return response.status, response.read()

    status, created = call("POST", "/tokens", admin, {"name": "timing", "permissions": ["*:read"], "expires_in": "1h"})
    if status != 201:
        sys.exit(f"creating a token was answered {status}: {created.decode()}")
    known = json.loads(created)["id"]
    prefix = admin.split("_")[0]
    if checksum(admin[:-6]) != admin[-6:]:
        sys.exit("the checksum of the admin token is not what this script computes")
    kinds = {
        "unknown": lambda: token(prefix, drawn(16)),
        "wrong secret": lambda: token(prefix, known),
        "unknown again": lambda: token(prefix, drawn(16)),
    }
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(requests):
        for kind in random.sample(list(kinds), len(kinds)):
            credential = kinds[kind]()
            began = time.perf_counter()
            status, _ = call("GET", "/me", credential)
            taken = time.perf_counter() - began
            if status != 401:
                sys.exit(f"{kind} was answered {status}")
            if number >= requests // 10:
                times[kind].append(taken * 1e6)
    call("DELETE", f"/tokens/{known}", admin)
    print(f"{len(times['unknown'])} requests of each kind, in microseconds")
    for kind, taken in times.items():
        quartiles = statistics.quantiles(taken, n=4)
        print(f"{kind:14} median {quartiles[1]:7.1f}, quartiles {quartiles[0]:7.1f} and {quartiles[2]:7.1f}")
    unknown = statistics.median(times["unknown"])
    for kind in ("wrong secret", "unknown again"):
        print(f"{kind} / unknown: {statistics.median(times[kind]) / unknown:.4f}")
    pairs = list(zip(times["wrong secret"], times["unknown"], strict=True))
    slower = sum(wrong > other for wrong, other in pairs) / len(pairs)
    spread = (0.25 / len(pairs)) ** 0.5
    print(
        f"a wrong secret took longer in {slower:.2%} of the pairs; chance alone gives 50 % ± {2 * spread:.2%} (2 sigma)"
    )


if __name__ == "__main__":
    main()
