"""The routes of every API, and which of them alone are open."""

from pathlib import Path

import yaml

DESCRIBED = yaml.safe_load((Path(__file__).parents[2] / "infra/openapi.yaml").read_text())["paths"]
METHODS = {"delete", "get", "patch", "post", "put"}
# The console's files are no calls of the API, so infra/openapi.yaml does not describe them.
ROUTES = {("GET", "/console"), ("GET", "/console/{file+}")} | {
    (method.upper(), path) for path, item in DESCRIBED.items() for method in item.keys() & METHODS
}
# Whoever holds a token can end it, and a job's identity is exchanged for a token: what stands in
# the body is its own proof. And whoever has yet to sign in has to know where, and needs the page.
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
    assert len(bodies) == 4  # the product's, and those of the two REST examples and the HTTP example
    return bodies


def test_the_routes_are_those_that_are_described(template) -> None:
    [body] = template.api_bodies()
    assert operations(body).keys() == ROUTES


def test_every_route_but_the_open_ones_is_behind_the_authorizer(template, examples) -> None:
    for body in all_bodies(template, examples):
        [name] = body["components"]["securitySchemes"]
        for route, operation in operations(body).items():
            needed = [{"NONE": []}] if route in OPEN else [{name: []}]
            assert operation["security"] == needed, route


def test_the_authorizer_is_asked_for_every_request_where_nobody_turned_a_cache_on(template, examples) -> None:
    uncached = {name: it for name, it in examples.items() if name != "rest-api-cached"}
    for body in [body for it in [template, *uncached.values()] for body in it.api_bodies()]:
        [scheme] = body["components"]["securitySchemes"].values()
        authorizer = scheme[AUTHORIZER]
        assert authorizer["type"] == "request"
        assert authorizer["authorizerResultTtlInSeconds"] == 0
        # A source that a request lacks would be a 401 before the authorizer is asked.
        assert not authorizer.get("identitySource")


def test_what_is_kept_is_kept_for_one_credential_from_one_address(examples) -> None:
    [body] = examples["rest-api-cached"].api_bodies()
    [scheme] = body["components"]["securitySchemes"].values()
    authorizer = scheme[AUTHORIZER]
    assert authorizer["identitySource"] == "method.request.header.Authorization, context.identity.sourceIp"
    # The parameter's default, which SAM has put in its place.
    assert authorizer["authorizerResultTtlInSeconds"] == 300


def test_a_websocket_connects_through_the_authorizer(examples) -> None:
    example = examples["websocket"]
    routes = {route["RouteKey"]: route for route in example.of_type("AWS::ApiGatewayV2::Route").values()}
    assert routes["$connect"]["AuthorizationType"] == "CUSTOM"
    assert routes["$connect"]["AuthorizerId"] == {"Ref": "Portcullis"}
    assert "IdentitySource" not in example.properties("Portcullis")


def test_the_authorizer_can_tell_the_products_own_api(template, examples) -> None:
    [stage] = template.of_type("AWS::ApiGateway::Stage").values()
    assert stage["Variables"]["portcullis_api"] == "tokens"
    for example in examples.values():
        for stage in example.of_type("AWS::ApiGateway::Stage").values():
            assert "Variables" not in stage


def test_execution_logs_which_hold_headers_are_off(template) -> None:
    [stage] = template.of_type("AWS::ApiGateway::Stage").values()
    [settings] = stage["MethodSettings"]
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    assert (settings["LoggingLevel"], settings["DataTraceEnabled"]) == ("OFF", False)
    assert "TracingEnabled" not in stage


def test_no_one_but_api_gateway_is_let_at_a_function(template) -> None:
    assert not template.of_type("AWS::Lambda::Url")
    permissions = template.of_type("AWS::Lambda::Permission")
    assert len(permissions) == len(ROUTES) + 1
    for name, permission in permissions.items():
        assert permission["Principal"] == "apigateway.amazonaws.com", name
        assert permission["Action"] == "lambda:InvokeFunction", name
        assert "SourceArn" in permission, name


def test_any_api_of_this_account_may_ask_the_authorizer_as_an_authorizer(template) -> None:
    permission = template.properties("AuthorizerPermission")
    assert permission["FunctionName"] == {"Fn::GetAtt": ["AuthorizerFunction", "Arn"]}
    source = permission["SourceArn"]["Fn::Sub"]
    assert source == "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:*/authorizers/*"
