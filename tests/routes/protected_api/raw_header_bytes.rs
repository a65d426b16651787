//! Credentials with bytes that no HTTP client would send.

use crate::support::stack;

const DOOR: &str = "/demo/apps/billing";

/// The server refuses the request, with a 400 or by closing the connection, or the authorizer does.
#[test]
fn a_token_with_a_control_character_is_refused() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let (head, tail) = token.secret.split_at(30);
    for odd in ["\n", "\r", "\r\n", "\r\n ", "\0", "\x01", "\x1b", "\x7f", "\x0b"] {
        // Before the token, a folded line counts as a space (RFC 9112, 5.2).
        let before = odd.trim_end_matches(' ');
        for at in [format!("{head}{odd}{tail}"), format!("{before}{}", token.secret), format!("{}{odd}x", token.secret)]
        {
            for request in [stack.get(DOOR).bearer(&at), stack.get(DOOR).header("x-api-token", &at)] {
                let response = request.send_malformed();
                let status = response.map_or(400, |response| response.status);
                assert!(matches!(status, 400 | 401 | 403), "{status} for {odd:?}");
            }
        }
    }
}

#[test]
fn a_token_among_non_ascii_bytes_is_refused() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let secret = token.secret.as_bytes();
    for odd in [&b"\xc3\xa9"[..], b"\xff", b"\xe2\x80\x8b", b"\xef\xbb\xbf", b"\xc2\xa0"] {
        for value in [[odd, secret].concat(), [secret, odd].concat(), [&secret[..30], odd, &secret[30..]].concat()] {
            let with_scheme = [b"Bearer ", value.as_slice()].concat();
            for request in
                [stack.get(DOOR).header("Authorization", with_scheme), stack.get(DOOR).header("x-api-token", &value)]
            {
                let status = request.send_malformed().map_or(400, |response| response.status);
                assert!(matches!(status, 400 | 401 | 403), "{status} for {odd:?}");
            }
        }
    }
}

#[test]
fn an_invalid_header_name_is_refused_and_never_a_500() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let bearer = format!("Bearer {}", token.secret);
    for name in
        ["Authorization ", " Authorization", "Author\0ization", "Authorizati\u{f6}n", "x_api_token", "x-api-token\t"]
    {
        let status = stack.get(DOOR).header(name, &bearer).send_malformed().map_or(400, |response| response.status);
        assert!(matches!(status, 400 | 401 | 403), "{status} for {name:?}");
    }
}
