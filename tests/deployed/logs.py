"""The stack's logs."""

import json

from emulator import Emulator


def messages(emulator: Emulator, group: str) -> list[str]:
    """Every line of a log group."""
    pages = emulator.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    return [event["message"] for page in pages for event in page["events"]]


def groups(emulator: Emulator) -> list[str]:
    """Names of all log groups."""
    pages = emulator.client("logs").get_paginator("describe_log_groups").paginate()
    return [group["logGroupName"] for page in pages for group in page["logGroups"]]


def decisions(emulator: Emulator, group: str) -> list[dict]:
    """The audit lines among a log group's lines."""
    found = []
    for message in messages(emulator, group):
        for line in message.splitlines():
            if line.startswith("{") and "rbac_decision" in (parsed := json.loads(line)):
                found.append(parsed)
    return found
