"""ministack, patched to behave like API Gateway and DynamoDB in a few places.

`emulator.py` runs this file in a separate process. Where ministack differs from AWS, it is patched
here, and the template stays unchanged. The patches depend on the pinned version of ministack
(`tests/requirements.txt`); each says what AWS does.
"""

import json
import re
import uuid
from contextvars import ContextVar

from ministack.app import main
from ministack.core import iam_actions
from ministack.services import apigateway as http_apis
from ministack.services import apigateway_v1 as rest_apis
from ministack.services.cloudformation import provisioners

ANY_METHOD = "x-amazon-apigateway-any-method"
AUTHORIZER = "x-amazon-apigateway-authorizer"
GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"
INTEGRATION = "x-amazon-apigateway-integration"


def import_every_method() -> None:
    """AWS imports a REST API's `any` method; ministack skips it."""
    rest_apis._OPENAPI_HTTP_METHODS |= {"any"}
    import_path_item = rest_apis._import_path_item

    def corrected(api_id, path, item, *rest):
        named = {"any" if method == ANY_METHOD else method: operation for method, operation in item.items()}
        return import_path_item(api_id, path, named, *rest)

    rest_apis._import_path_item = corrected


def import_no_identity_source() -> None:
    """AWS gives an imported `REQUEST` authorizer the identity sources that it names; ministack takes the name
    of the security scheme ("Unused" in SAM's) if there are none."""
    import_identity_source = rest_apis._import_identity_source

    def corrected(scheme, extension):
        if extension.get("type") == "request":
            return extension.get("identitySource", "")
        return import_identity_source(scheme, extension)

    rest_apis._import_identity_source = corrected


def import_gateway_responses() -> None:
    """AWS imports the gateway responses in a REST API's body; ministack skips them."""
    import_rest_api = rest_apis._import_rest_api

    def corrected(body, *rest):
        api_id = import_rest_api(body, *rest)
        for response_type, response in body.get(GATEWAY_RESPONSES, {}).items():
            done(rest_apis._put_gateway_response(api_id, response_type, response))
        return api_id

    rest_apis._import_rest_api = corrected


def create_no_identity_source() -> None:
    """AWS gives an HTTP or WebSocket API's authorizer no identity source of its own; ministack adds the header."""
    create = http_apis._create_authorizer
    http_apis._create_authorizer = lambda api_id, data: create(api_id, {"identitySource": [], **data})
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Authorizer"]
    provision = handlers["create"]
    handlers["create"] = lambda name, given, stack: provision(name, {"IdentitySource": [], **given}, stack)


def import_http_apis() -> None:
    """AWS creates an HTTP API's routes and authorizers from its body; ministack does not."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
    create = handlers["create"]

    def corrected(logical_id, properties, stack_name):
        api_id, attributes = create(logical_id, properties, stack_name)
        import_http_api(api_id, properties.get("Body") or {})
        return api_id, attributes

    handlers["create"] = corrected


def import_http_api(api_id: str, body: dict) -> None:
    """One HTTP API with REQUEST authorizers, as SAM writes it."""
    authorizers = {}
    for name, scheme in body.get("components", {}).get("securitySchemes", {}).items():
        authorizer = {**scheme[AUTHORIZER], "name": name, "authorizerType": "REQUEST"}
        authorizers[name] = done(http_apis._create_authorizer(api_id, authorizer))["authorizerId"]
    for path, item in body.get("paths", {}).items():
        for method, operation in item.items():
            target = operation[INTEGRATION]
            integration = {
                "integrationType": target["type"].upper(),
                "integrationUri": target["uri"],
                "payloadFormatVersion": target["payloadFormatVersion"],
            }
            integration_id = done(http_apis._create_integration(api_id, integration))["integrationId"]
            verb = "ANY" if method == ANY_METHOD else method.upper()
            route = {
                "routeKey": path if path == "$default" else f"{verb} {path}",
                "target": f"integrations/{integration_id}",
            }
            for requirement in operation.get("security", []):
                for name in requirement:
                    route |= {"authorizationType": "CUSTOM", "authorizerId": authorizers[name]}
            done(http_apis._create_route(api_id, route))


def know_the_source_address() -> None:
    """AWS accepts the source address as an identity source; ministack treats it as absent."""
    resolve = rest_apis._request_identity_sources
    address, header = "context.identity.sourceIp", "x-source-address"

    def corrected(identity_source, headers, query_params, stage):
        hops = rest_apis._header_ci(headers, "x-forwarded-for") or "127.0.0.1"
        known = {**headers, header: hops.split(",")[0].strip()}
        sources = (identity_source or "").replace(address, f"method.request.header.{header}")
        return resolve(sources, known, query_params, stage)

    rest_apis._request_identity_sources = corrected


# State of one REST API request, from its authorizer to its response.
REQUEST: ContextVar[dict] = ContextVar("request")


def give_a_request_one_id() -> None:
    """AWS uses one request ID in the authorizer's event, the function's event and gateway
    responses. ministack omits it in the first and generates a new one for the second."""
    execute = rest_apis._execute_in_scope
    ask = rest_apis._invoke_authorizer_lambda
    build = rest_apis._build_lambda_event_v1

    async def execute_corrected(request, *rest):
        REQUEST.set({"id": request["request_id"], "authorizer": {}})
        return await execute(request, *rest)

    async def ask_corrected(authorizer, event, *rest):
        request = REQUEST.get()
        if "requestContext" in event:
            event["requestContext"]["requestId"] = request["id"]
        result = await ask(authorizer, event, *rest)
        answer = (result or {}).get("body")
        if isinstance(answer, dict):
            request["authorizer"] = rest_apis._stringify_context(answer.get("context"))
        return result

    def build_corrected(*args, **kwargs):
        event = build(*args, **kwargs)
        event["requestContext"]["requestId"] = REQUEST.get()["id"]
        return event

    rest_apis._execute_in_scope = execute_corrected
    rest_apis._invoke_authorizer_lambda = ask_corrected
    rest_apis._build_lambda_event_v1 = build_corrected


def render_the_authorizers_context() -> None:
    """AWS renders `$context.authorizer.name` in a gateway response; ministack leaves it."""
    render = rest_apis._gateway_error_response
    variable = re.compile(r"\$context\.authorizer\.(\w+)")

    def corrected(error, request):
        status, headers, body = render(error, request)
        context = REQUEST.get({}).get("authorizer", {})
        text = variable.sub(lambda match: context.get(match[1], ""), body.decode())
        return status, headers, text.encode()

    rest_apis._gateway_error_response = corrected


def see_the_attributes_of_a_batch() -> None:
    """AWS checks the attributes of a BatchGetItem against the policy; ministack looks for them beside the
    tables, and treats the request as one for whole items."""
    context_of = iam_actions.dynamodb_service_context

    def corrected(body: bytes) -> dict:
        asked = json.loads(body or b"{}").get("RequestItems")
        if not isinstance(asked, dict):
            return context_of(body)
        contexts = [context_of(json.dumps(of_a_table).encode()) for of_a_table in asked.values()]
        whole = [context for context in contexts if context["dynamodb:Select"] == "ALL_ATTRIBUTES"]
        attributes = {name for context in contexts for name in context.get("dynamodb:Attributes", [])}
        return whole[0] if whole else {**contexts[0], "dynamodb:Attributes": sorted(attributes)}

    iam_actions.dynamodb_service_context = corrected


def accept_saved_queries() -> None:
    """AWS creates the saved queries of Logs Insights; ministack does not know them."""
    provisioners._RESOURCE_HANDLERS["AWS::Logs::QueryDefinition"] = {
        "create": lambda logical_id, properties, stack: (str(uuid.uuid4()), {}),
        "delete": lambda physical_id, properties: None,
    }


def done(response) -> dict:
    """The response of a ministack operation. Raises if it failed."""
    status, _, body = response
    if status >= 400:
        raise RuntimeError(f"ministack answered {status}: {body!r}")
    return json.loads(body)


if __name__ == "__main__":
    import_every_method()
    import_no_identity_source()
    create_no_identity_source()
    import_gateway_responses()
    import_http_apis()
    know_the_source_address()
    give_a_request_one_id()
    render_the_authorizers_context()
    see_the_attributes_of_a_batch()
    accept_saved_queries()
    main()
