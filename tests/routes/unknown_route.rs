//! Unknown paths and methods.

use serde_json::json;

use crate::support::stack;

#[test]
fn an_unknown_path_or_method_is_404_with_or_without_a_token() {
    let stack = stack();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/token"),
        ("GET", "/Tokens"),
        ("GET", "/me/me"),
        ("POST", "/me"),
        ("PUT", "/tokens"),
        ("PATCH", "/tokens"),
        ("GET", "/revoke"),
        ("PATCH", "/tokens/0123456789abcdef/rotate"),
        ("GET", "/tokens/0123456789abcdef/revoke"),
        ("POST", "/tokens/0123456789abcdef/revoke/again"),
    ] {
        let request = stack.request(method, path);
        for response in [request.clone().send(), request.bearer(&stack.admin).send()] {
            assert_eq!(
                response.problem(404, "not_found"),
                json!({
                    "type": "urn:portcullis:problem:not_found",
                    "title": "Not found",
                    "status": 404,
                    "detail": "There is no such route.",
                    "request_id": "[request id]",
                }),
                "{method} {path}"
            );
        }
    }
}
