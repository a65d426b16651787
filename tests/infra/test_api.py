"""Authentication of every API's routes, and access to the functions."""

import re
from pathlib import Path

import yaml

DESCRIBED = yaml.safe_load((Path(__file__).parents[2] / "infra/openapi.yaml").read_text())["paths"]
METHODS = {"delete", "get", "patch", "post", "put"}
# infra/openapi.yaml does not describe the console's files.
ROUTES = {("GET", "/console"), ("GET", "/console/{file+}")} | {
    (method.upper(), path) for path, item in DESCRIBED.items() for method in item.keys() & METHODS
}
# The body of a revocation or an exchange contains the credential. The sign-in metadata and the console
# are needed before signing in.
OPEN = {
    ("POST", "/revoke"),
    ("POST", "/exchange"),
    ("GET", "/.well-known/oauth-protected-resource"),
    ("GET", "/console"),
    ("GET", "/console/{file+}"),
}
AUTHORIZER = "x-amazon-apigateway-authorizer"


def operations(body: dict) -> dict[tuple[str, str], dict]:
    return {
        (method.upper(), path): operation for path, item in body["paths"].items() for method, operation in item.items()
    }


def all_bodies(template, examples) -> list[dict]:
    bodies = [body for it in [template, *examples.values()] for body in it.api_bodies()]
    assert len(bodies) == 4  # The product, two REST examples and the HTTP example.
    return bodies


def test_the_deployed_routes_are_the_described_ones(template) -> None:
    [body] = template.api_bodies()
    assert operations(body).keys() == ROUTES


def test_every_route_but_the_open_ones_needs_the_authorizer(template, examples) -> None:
    for body in all_bodies(template, examples):
        [name] = body["components"]["securitySchemes"]
        for route, operation in operations(body).items():
            needed = [{"NONE": []}] if route in OPEN else [{name: []}]
            assert operation["security"] == needed, route


def test_authorizer_caching_is_off_by_default(template, examples) -> None:
    uncached = {name: it for name, it in examples.items() if name != "rest-api-cached"}
    for body in [body for it in [template, *uncached.values()] for body in it.api_bodies()]:
        [scheme] = body["components"]["securitySchemes"].values()
        authorizer = scheme[AUTHORIZER]
        assert authorizer["type"] == "request"
        assert authorizer["authorizerResultTtlInSeconds"] == 0
        # With an identity source, a request without it is a 401 before the authorizer is called.
        assert not authorizer.get("identitySource")


def test_the_cache_key_is_the_credential_and_the_source_address(examples) -> None:
    [body] = examples["rest-api-cached"].api_bodies()
    [scheme] = body["components"]["securitySchemes"].values()
    authorizer = scheme[AUTHORIZER]
    assert authorizer["identitySource"] == "method.request.header.Authorization, context.identity.sourceIp"
    # SAM inserts the parameter's default.
    assert authorizer["authorizerResultTtlInSeconds"] == 300


def test_a_websocket_connection_needs_the_authorizer(examples) -> None:
    example = examples["websocket"]
    routes = {route["RouteKey"]: route for route in example.of_type("AWS::ApiGatewayV2::Route").values()}
    assert routes["$connect"]["AuthorizationType"] == "CUSTOM"
    assert routes["$connect"]["AuthorizerId"] == {"Ref": "Portcullis"}
    assert "IdentitySource" not in example.properties("Portcullis")


def test_only_the_products_own_api_has_the_stage_variable(template, examples) -> None:
    [stage] = template.of_type("AWS::ApiGateway::Stage").values()
    assert stage["Variables"]["portcullis_api"] == "tokens"
    for example in examples.values():
        for stage in example.of_type("AWS::ApiGateway::Stage").values():
            assert "Variables" not in stage


def method_settings(template) -> dict[tuple[str, str], dict]:
    """The stage's settings by method and path."""
    [stage] = template.of_type("AWS::ApiGateway::Stage").values()
    found = {(it["HttpMethod"], it["ResourcePath"][1:].replace("~1", "/")): it for it in stage["MethodSettings"]}
    assert len(found) == len(stage["MethodSettings"])
    return found


def test_execution_logs_which_contain_headers_are_off(template) -> None:
    [stage] = template.of_type("AWS::ApiGateway::Stage").values()
    settings = method_settings(template)
    assert ("*", "*") in settings
    for route, setting in settings.items():
        assert (setting["LoggingLevel"], setting["DataTraceEnabled"]) == ("OFF", False), route
    assert "TracingEnabled" not in stage


def throttle(name: str) -> tuple[dict, dict]:
    return {"Ref": f"{name}RateLimit"}, {"Ref": f"{name}BurstLimit"}


def test_every_route_without_an_authorizer_has_its_own_throttle(template) -> None:
    [body] = template.api_bodies()
    public = {route for route, operation in operations(body).items() if operation["security"] == [{"NONE": []}]}
    throttles = {
        route: (setting["ThrottlingRateLimit"], setting["ThrottlingBurstLimit"])
        for route, setting in method_settings(template).items()
    }
    assert throttles == {("*", "*"): throttle("Api")} | dict.fromkeys(public, throttle("Public"))


def test_the_public_routes_are_throttled_more_and_far_below_the_accounts_limit(template) -> None:
    limits = {
        name: it["Default"] for name, it in template.parameters.items() if name.endswith(("RateLimit", "BurstLimit"))
    }
    assert limits["PublicRateLimit"] < limits["ApiRateLimit"] < 10000
    assert limits["PublicBurstLimit"] < limits["ApiBurstLimit"] < 5000


def test_concurrency_is_reserved_only_if_configured(template) -> None:
    [body] = template.api_bodies()
    public = {
        re.search(r"\$\{(\w+)\.Arn\}", operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]).group(1)
        for operation in operations(body).values()
        if operation["security"] == [{"NONE": []}]
    }
    reserved = dict.fromkeys(public, "Public") | {"AuthorizerFunction": "Authorizer"}
    for name, function in template.of_type("AWS::Lambda::Function").items():
        if who := reserved.get(name):
            value = {
                "Fn::If": [f"Reserves{who}Concurrency", {"Ref": f"{who}ReservedConcurrency"}, {"Ref": "AWS::NoValue"}]
            }
            assert function["ReservedConcurrentExecutions"] == value
            # 0 would disable the function.
            unset = {"Fn::Not": [{"Fn::Equals": [{"Ref": f"{who}ReservedConcurrency"}, 0]}]}
            assert template.document["Conditions"][f"Reserves{who}Concurrency"] == unset
        else:
            assert "ReservedConcurrentExecutions" not in function


def test_only_api_gateway_may_invoke_the_functions(template) -> None:
    assert not template.of_type("AWS::Lambda::Url")
    [body] = template.api_bodies()
    permissions = template.of_type("AWS::Lambda::Permission")
    assert len(permissions) == len(operations(body)) + 1
    for name, permission in permissions.items():
        assert permission["Principal"] == "apigateway.amazonaws.com", name
        assert permission["Action"] == "lambda:InvokeFunction", name
        assert "SourceArn" in permission, name


def test_apis_of_another_account_need_a_permission_for_that_account_alone(cross_account) -> None:
    [permission] = cross_account.of_type("AWS::Lambda::Permission").values()
    assert permission["Principal"] == "apigateway.amazonaws.com"
    source = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${ConsumerAccountId}:*/authorizers/*"
    assert permission["SourceArn"] == {"Fn::Sub": source}
    assert permission["FunctionName"] == {"Ref": "AuthorizerFunctionArn"}
    patterns = {name: it["AllowedPattern"] for name, it in cross_account.parameters.items()}
    assert re.fullmatch(patterns["ConsumerAccountId"], "123456789012")
    assert not re.fullmatch(patterns["ConsumerAccountId"], "*")
    # A permission on the function itself would not let anyone call the alias.
    function = "arn:aws:lambda:eu-central-1:123456789012:function:authorizer"
    assert re.fullmatch(patterns["AuthorizerFunctionArn"], f"{function}:live")
    assert not re.fullmatch(patterns["AuthorizerFunctionArn"], function)


def test_any_api_of_the_account_may_use_the_authorizer(template) -> None:
    permission = template.properties("AuthorizerPermission")
    assert permission["FunctionName"] == {"Ref": "AuthorizerFunctionAliaslive"}
    source = permission["SourceArn"]["Fn::Sub"]
    assert source == "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:*/authorizers/*"
