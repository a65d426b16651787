#!/usr/bin/env python3
"""Calls every route of a deployed stack that writes, under the deployed roles.

    make smoke STACK=portcullis

Creates an admin token and tokens of a new owner, and deletes them at the end. Prints each step with its
status, the audit lines of paths with encoded characters, and the calls that AWS denied to a function, with
the statements of its role for that action. Exits with 1 if a step failed.

Needs AWS credentials with cloudformation:DescribeStacks and ListStackResources, lambda:InvokeFunction,
logs:FilterLogEvents and iam:GetRolePolicy and ListRolePolicies.
"""

import argparse
import json
import re
import sys
import time
import uuid
from dataclasses import dataclass, field

import boto3
import requests

# Paths that API Gateway could decode before the authorizer or the function sees them.
ENCODED = ["a%2Fb", "a%3Fb", "a%252Fb"]
DENIED = re.compile(r"not authorized to perform: ([A-Za-z0-9]+:[A-Za-z0-9]+)")
# Logs of a request can be read a few seconds later.
LOG_WAIT_SECONDS = 60


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    body: dict = field(repr=False)
    etag: str | None


@dataclass(frozen=True)
class Stack:
    """A deployed stack."""

    outputs: dict[str, str]
    parameters: dict[str, str]
    resources: dict[str, str]

    @classmethod
    def describe(cls, name: str) -> "Stack":
        client = boto3.client("cloudformation")
        [stack] = client.describe_stacks(StackName=name)["Stacks"]
        pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
        resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
        return cls(
            outputs={output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]},
            parameters={parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stack["Parameters"]},
            resources={resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources},
        )


class Api:
    """The management API."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def call(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: object = None,
        etag: str | None = None,
        form: dict[str, str] | None = None,
    ) -> Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        if method == "PATCH":
            headers["Content-Type"] = "application/merge-patch+json"
        if etag is not None:
            headers["If-Match"] = etag
        response = requests.request(method, f"{self.url}{path}", headers=headers, json=body, data=form, timeout=60)
        try:
            parsed = response.json()
        except ValueError:
            parsed = None
        return Response(response.status_code, parsed if isinstance(parsed, dict) else {}, response.headers.get("ETag"))


class Smoke:
    """The steps, and how many of them failed."""

    def __init__(self, stack: Stack, api: Api) -> None:
        self.stack, self.api = stack, api
        self.owner = f"smoke-{uuid.uuid4().hex[:12]}"
        self.admin = ""
        self.created: list[str] = []
        self.failed = 0

    def report(self, step: str, expected: bool, found: object) -> None:
        self.failed += not expected
        print(f"{'ok    ' if expected else 'FAILED'}  {step:<58} {found}", flush=True)

    def step(self, step: str, expected: int, response: Response) -> Response:
        why = response.body.get("detail") or response.body.get("error_description") or ""
        found = response.status if response.status == expected else f"{response.status}, not {expected}: {why}"
        self.report(step, response.status == expected, found)
        return response

    def create(self, step: str, expected: int = 201, **fields: object) -> Response:
        body = {"name": "smoke", "owner": self.owner, "expires_in": "1h"} | fields
        response = self.step(step, expected, self.api.call("POST", "/tokens", self.admin, body))
        if response.status == 201:
            self.created.append(response.body["id"])
        return response

    def change(self, step: str, token_id: str, action: str, body: object = None, expected: int = 200) -> Response:
        path = f"/tokens/{token_id}/{action}"
        etag = self.api.call("GET", f"/tokens/{token_id}", self.admin).etag
        return self.step(step, expected, self.api.call("POST", path, self.admin, body, etag))

    def bootstrap(self) -> bool:
        payload = {"bootstrap": {"owner": self.owner, "name": "smoke admin"}}
        function = self.stack.outputs["CreateFunctionName"]
        invoked = boto3.client("lambda").invoke(FunctionName=function, Payload=json.dumps(payload))
        response = json.load(invoked["Payload"])
        body = json.loads(response.get("body") or "{}") if "body" in response else response
        self.admin = body.get("token", "")
        self.report("bootstrap an admin token", bool(self.admin), "created" if self.admin else body or response)
        if self.admin:
            self.created.append(body["id"])
        return bool(self.admin)

    def run(self, identity: str | None) -> None:
        grants = {"permissions": ["tokens:read", "catalog:read"], "resources": ["*"]}
        token = self.create("create a token", **grants)
        if token.status != 201:
            return
        secret, token_id = token.body["token"], token.body["id"]
        call = self.api.call
        self.step("use it: GET /tokens", 200, call("GET", "/tokens", secret))
        self.step("use it again", 200, call("GET", "/tokens", secret))
        self.step("use its second permission: GET /catalog", 200, call("GET", "/catalog", secret))
        self.step("read its usage", 200, call("GET", f"/tokens/{token_id}/usage", self.admin))
        self.step("read its events", 200, call("GET", f"/tokens/{token_id}/events", self.admin))
        etag = call("GET", f"/tokens/{token_id}", self.admin).etag
        patch = {"description": "changed"}
        self.step("update", 200, call("PATCH", f"/tokens/{token_id}", self.admin, patch, etag))
        rotated = self.change("rotate, with an overlap of an hour", token_id, "rotate", {"overlap": "1h"})
        self.step("use the previous secret during the overlap", 200, call("GET", "/me", secret))
        self.step(
            "introspect the new secret",
            200,
            call("POST", "/introspect", self.admin, form={"token": rotated.body.get("token", "")}),
        )
        self.change("rotate, without an overlap", token_id, "rotate", {})
        self.step("use a rotated-out secret", 401, call("GET", "/me", secret))
        self.quarantine(token_id)
        self.change("disable", token_id, "disable")
        self.change("enable", token_id, "enable")
        self.change("tighten to what was used", token_id, "tighten")
        self.limit(grants)
        self.change("revoke, which frees a place", token_id, "revoke", {"reason": "superseded"})
        again = self.create("create a token in the free place", **grants)
        self.step("delete", 204, call("DELETE", f"/tokens/{again.body.get('id')}", self.admin))
        held = self.create("create a token to revoke by its holder", **grants)
        self.step(
            "revoke it with the secret alone", 200, call("POST", "/revoke", form={"token": held.body.get("token", "")})
        )
        self.step("use the revoked token", 401, call("GET", "/me", held.body.get("token", "")))
        catalog = call("GET", "/catalog", self.admin)
        self.step("put the same catalog", 200, call("PUT", "/catalog", self.admin, catalog.body, catalog.etag))
        self.approval(catalog.body.get("permissions", {}))
        self.exchange(identity)
        explained = {"token_id": token_id, "method": "GET", "path": "/apps/billing"}
        self.step("explain a request", 200, call("POST", "/explain", self.admin, explained))
        self.step("list the activity", 200, call("GET", "/activity", self.admin))

    def quarantine(self, token_id: str) -> None:
        """The use of a rotated-out secret disables the token, if the stack says so."""
        status = self.api.call("GET", f"/tokens/{token_id}", self.admin).body.get("status")
        quarantines = self.stack.parameters["QuarantineOnReuse"] == "true"
        expected = "disabled" if quarantines else "active"
        self.report(
            "a rotated-out secret " + ("disables" if quarantines else "is recorded only"), status == expected, status
        )
        if status == "disabled":
            self.change("enable after the reuse", token_id, "enable")

    def limit(self, grants: dict) -> None:
        most = int(self.stack.parameters["MaxTokensPerOwner"])
        if most == 0:
            print("--      the limit is not tested: MaxTokensPerOwner is 0")
            return
        # The first token has a place; the admin token has none.
        for number in range(2, most + 1):
            self.create(f"create token {number} of {most}", **grants)
        self.create("create one above the limit", 409, **grants)

    def approval(self, permissions: dict) -> None:
        """A token requests an approval and withdraws it. Only a session can approve, unless the catalog says otherwise."""
        needs = [name for name, listed in permissions.items() if isinstance(listed, dict) and "approval" in listed]
        if not needs:
            print("--      no approval is requested: no permission of the catalog needs one")
            return
        token = self.create("create a token that needs approval", permissions=needs[:1], resources=["*"])
        secret = token.body.get("token", "")
        body = {"permission": needs[0], "resource": "smoke", "reason": "smoke test"}
        asked = self.step("request an approval", 201, self.api.call("POST", "/approvals", secret, body))
        path = f"/approvals/{asked.body.get('id')}"
        self.step("list approvals", 200, self.api.call("GET", "/approvals", self.admin))
        self.step("approve as another token", 403, self.api.call("POST", f"{path}/approve", self.admin))
        self.step("withdraw it", 200, self.api.call("DELETE", path, secret))
        self.change("revoke that token", token.body.get("id", ""), "revoke", {"reason": "superseded"})

    def exchange(self, identity: str | None) -> None:
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "subject_token": identity or "no.identity.given",
        }
        if identity is None:
            self.step("exchange something that is no identity", 400, self.api.call("POST", "/exchange", form=form))
            print("--      no token was exchanged: give an identity that a trust rule accepts with --identity FILE")
            return
        given = self.step("exchange an identity", 200, self.api.call("POST", "/exchange", form=form))
        secret = given.body.get("access_token", "")
        self.step("revoke the exchanged token", 200, self.api.call("POST", "/revoke", form={"token": secret}))

    def encoded_paths(self, http_api: str | None) -> int:
        """Encoded characters in paths of the REST API (methodArn) and of an HTTP API (routeArn). Returns the
        number of requests that reached the authorizer."""
        denied = 0
        apis = {"methodArn": f"{self.api.url}/tokens"} | ({"routeArn": http_api.rstrip("/")} if http_api else {})
        for arn, url in apis.items():
            for path in ENCODED:
                response = Api(url).call("GET", f"/{path}", self.admin)
                denied += response.status == 403
                self.report(f"{arn}: GET /{path}", response.status in (400, 403, 404), response.status)
        if http_api is None:
            print("--      routeArn is not tested: give the URL of an HTTP API with the authorizer with --http-api URL")
        return denied

    def clean_up(self) -> None:
        """The admin token is the first, and is deleted last."""
        for token_id in reversed(self.created):
            self.api.call("DELETE", f"/tokens/{token_id}", self.admin)
        self.report("delete all of them", self.api.call("GET", "/me", self.admin).status == 401, len(self.created))


def lines(group: str, since: int, pattern: str) -> list[str]:
    """Lines of a log group that match a filter pattern."""
    pages = boto3.client("logs").get_paginator("filter_log_events")
    pages = pages.paginate(logGroupName=group, startTime=since, filterPattern=pattern)
    return [event["message"].strip() for page in pages for event in page["events"]]


def audit_lines(stack: Stack, since: int, expected: int) -> list[dict]:
    """The authorizer's decisions on encoded paths, waited for."""
    group, deadline = stack.outputs["AuthorizerLogGroupName"], time.monotonic() + LOG_WAIT_SECONDS
    while True:
        found = [json.loads(line) for line in lines(group, since, '"rbac_decision"') if line.startswith("{")]
        found = [line for line in found if re.search(r"/a.+b$", line["path"] or "")]
        if len(found) >= expected or time.monotonic() > deadline:
            return found
        time.sleep(2)


def denied_calls(stack: Stack, since: int) -> list[str]:
    """Calls that AWS denied, with the statements of the function's role for the action."""
    found, iam = set(), boto3.client("iam")
    for logical_id, group in sorted(stack.resources.items()):
        if not logical_id.endswith("LogGroup") or logical_id == "AccessLogGroup":
            continue
        function = logical_id.removesuffix("LogGroup")
        actions = {
            action for line in lines(group, since, '"not authorized to perform"') for action in DENIED.findall(line)
        }
        role = stack.resources[f"{function}Role"]
        for action in actions:
            statements = statements_for(iam, role, action)
            found.add(f"{function}Function: {action} was denied; statements of {function}Role for it: {statements}")
    return sorted(found)


def statements_for(iam, role: str, action: str) -> str:
    sids = []
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for statement in document["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            if action in actions:
                sids.append(statement.get("Sid", name))
    return ", ".join(sids) or "none"


def main() -> int:
    parser = argparse.ArgumentParser(description="Calls every route of a deployed stack that writes.")
    parser.add_argument("stack", help="name of the stack")
    parser.add_argument("--url", help="URL of the management API; default: the output ApiUrl")
    parser.add_argument("--http-api", metavar="URL", help="URL of an HTTP API with the authorizer")
    parser.add_argument("--identity", metavar="FILE", help="file with a CI job's ID token that a trust rule accepts")
    args = parser.parse_args()
    stack = Stack.describe(args.stack)
    identity = None
    if args.identity:
        with open(args.identity) as file:
            identity = file.read().strip()
    # The clocks of this machine and of AWS may differ.
    since = int((time.time() - 60) * 1000)
    smoke = Smoke(stack, Api(args.url or stack.outputs["ApiUrl"]))
    denied_paths = 0
    if smoke.bootstrap():
        try:
            smoke.run(identity)
            denied_paths = smoke.encoded_paths(args.http_api)
        finally:
            smoke.clean_up()
    print("\nAudit lines of the encoded paths:")
    for line in audit_lines(stack, since, denied_paths):
        print(f"  {line['path']}: {line['rbac_decision']} {line['reason'] or ''}".rstrip())
    denied = denied_calls(stack, since)
    print("\nCalls that AWS denied:", *(denied or ["none"]), sep="\n  ")
    print(f"\n{smoke.failed} steps failed.")
    return 1 if smoke.failed or denied else 0


if __name__ == "__main__":
    sys.exit(main())
