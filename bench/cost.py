#!/usr/bin/env python3
"""Prints the tables of docs/cost.md: what authorized requests cost in a month, by part.

    bench/cost.py

Prices are AWS's list prices of us-east-1 in US dollars, without the free tier, taxes and discounts.
"""

import math

PRICES_OF = "2026-11-29"
# https://aws.amazon.com/lambda/pricing/ (arm64)
LAMBDA_REQUEST = 0.20 / 1e6
LAMBDA_GB_SECOND = 0.0000133334
# https://aws.amazon.com/dynamodb/pricing/on-demand/
READ_UNIT = 0.125 / 1e6
WRITE_UNIT = 0.625 / 1e6
# https://aws.amazon.com/cloudwatch/pricing/ (logs; the first 10 TB of a month)
LOG_GB = 0.50
LOG_STORED_GB_MONTH = 0.03
# https://aws.amazon.com/api-gateway/pricing/ (requests of a month up to a number, price of a million)
REST_API = [(333e6, 3.50), (1e9, 2.80), (20e9, 2.38)]
HTTP_API = [(300e6, 1.00), (math.inf, 0.90)]

MEMORY_GB = 256 / 1024  # template.yaml
BILLED_MS = 10
LOG_RETENTION_MONTHS = 3  # LogRetentionDays: 90
LOG_COMPRESSION = 0.15  # the ratio that AWS's pricing examples assume
LOG_EVENT_OVERHEAD = 26  # bytes that CloudWatch adds to an event
# SystemLogLevel WARN: without Lambda's own two events of a call.
LOG_EVENTS = [
    '{"timestamp":"2026-11-29T12:00:00.000Z","level":"INFO","request_id":"1d1afc3e-987b-4633-9a3b-0c807ce3d86a",'
    '"principal_type":"token","api_token_id":"xglWMZSTq9gGVXwc","api_token_name":"GitHub Actions, billing, production",'
    '"owner":"alice","via":null,"superseded":false,"method":"GET","path":"/apps/billing","source_ip":"192.0.2.17",'
    '"rbac_decision":"allow","reason":null,"detail":null,"duration_ms":8.214}',
]

# Units by call: docs/architecture.md#capacity. The catalog is read once a minute by each instance.
READS_PER_CALL = 1
READS_OF_CATALOG = 7
USES_PER_TOKEN = 2  # permissions on resources, written once a day by each instance

SECONDS = 730 * 3600  # an average month
MINUTES = SECONDS // 60
DAYS = 365 / 12
CACHE_SECONDS = 300
ADDRESSES_PER_TOKEN = 2

# Requests a month, and the tokens that make them evenly and all the time.
SCENARIOS = [("1 M", 10**6, 10), ("100 M", 10**8, 100), ("10 G", 10**10, 1000)]
PARTS = ["Lambda requests", "Lambda duration", "DynamoDB reads", "DynamoDB writes", "Logs, written", "Logs, stored"]


def tiered(requests: float, tiers: list[tuple[float, float]]) -> float:
    """The price of requests whose price falls with their number."""
    total = below = 0.0
    for limit, price in tiers:
        total += max(0.0, min(requests, limit) - below) / 1e6 * price
        below = limit
    return total


def cost(calls: float, tokens: int) -> list[float]:
    """The price of each part, for calls of the authorizer in a month."""
    instances = math.ceil(calls / SECONDS * BILLED_MS / 1000)
    reads = calls * READS_PER_CALL + instances * MINUTES * READS_OF_CATALOG
    last_uses = min(calls, tokens * MINUTES)
    instance_days = tokens * instances * DAYS
    uses = min(calls, instance_days * USES_PER_TOKEN)
    # With the last use, every five minutes by each instance, and when the count of a token has doubled in a day.
    with_last_use = min(last_uses, tokens * instances * MINUTES / 5)
    counts = min(calls, with_last_use + instance_days * math.log2(1 + calls / instance_days))
    log_gb = calls * sum(len(event) + LOG_EVENT_OVERHEAD for event in LOG_EVENTS) / 1e9
    return [
        calls * LAMBDA_REQUEST,
        calls * BILLED_MS / 1000 * MEMORY_GB * LAMBDA_GB_SECOND,
        reads * READ_UNIT,
        (last_uses + uses + counts) * WRITE_UNIT,
        log_gb * LOG_GB,
        log_gb * LOG_RETENTION_MONTHS * LOG_COMPRESSION * LOG_STORED_GB_MONTH,
    ]


def cached_calls(requests: float, tokens: int) -> float:
    """Calls of the authorizer, if one API caches its responses by token and address."""
    return min(requests, tokens * ADDRESSES_PER_TOKEN * SECONDS / CACHE_SECONDS)


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def dollars(amount: float) -> str:
    return f"${amount:,.2f}"


def costs(calls: list[float]) -> str:
    """A table of the parts, for the calls of each scenario."""
    columns = [cost(number, tokens) for number, (_, _, tokens) in zip(calls, SCENARIOS, strict=True)]
    rows = [[part, *[dollars(column[at]) for column in columns]] for at, part in enumerate(PARTS)]
    rows.append(["**Portcullis**", *[f"**{dollars(sum(column))}**" for column in columns]])
    per_million = [sum(column) / requests * 1e6 for column, (_, requests, _) in zip(columns, SCENARIOS, strict=True)]
    rows.append(["per million requests", *[dollars(amount) for amount in per_million]])
    rows.insert(0, ["Calls of the authorizer", *[f"{number:,.0f}" for number in calls]])
    return table(["", *[f"{name} requests" for name, _, _ in SCENARIOS]], rows)


def main() -> None:
    print(costs([requests for _, requests, _ in SCENARIOS]))
    print()
    print(costs([cached_calls(requests, tokens) for _, requests, tokens in SCENARIOS]))
    print()
    apis = [("REST API", REST_API), ("HTTP API", HTTP_API)]
    rows = [[name, *[dollars(tiered(requests, tiers)) for _, requests, _ in SCENARIOS]] for name, tiers in apis]
    print(table(["your API", *[f"{name} requests" for name, _, _ in SCENARIOS]], rows))


if __name__ == "__main__":
    main()
