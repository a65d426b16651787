//! `Content-Encoding` of a request's body ([RFC 9110, 8.4](https://www.rfc-editor.org/rfc/rfc9110#section-8.4)).

use lambda_http::Request;
use lambda_http::http::header::CONTENT_ENCODING;

use super::Problem;

/// Codings that API Gateway decodes, leaving the header in place:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-make-request-with-compressed-payload.html>
const SUPPORTED: [&str; 4] = ["identity", "gzip", "deflate", ""];

/// Refuses a body in a content coding that API Gateway does not decode.
///
/// # Errors
/// 415
pub fn check_content_encoding(request: &Request) -> Result<(), Problem> {
    let is_understood = |coding: &str| SUPPORTED.iter().any(|known| coding.trim().eq_ignore_ascii_case(known));
    let mut values = request.headers().get_all(CONTENT_ENCODING).iter();
    let good = values.all(|value| value.to_str().is_ok_and(|codings| codings.split(',').all(is_understood)));
    if good || request.body().is_empty() { Ok(()) } else { Err(Problem::unsupported_content_encoding()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::Body;

    fn is_taken(body: &str, codings: &[&str]) -> bool {
        let mut request = Request::new(Body::from(body.to_owned()));
        for coding in codings {
            request.headers_mut().append(CONTENT_ENCODING, coding.parse().unwrap());
        }
        check_content_encoding(&request).is_ok()
    }

    #[test]
    fn a_body_in_an_unsupported_coding_is_refused() {
        assert!(is_taken("{}", &[]));
        for understood in ["identity", "Identity", "gzip", "GZIP", "deflate", "identity, gzip", ""] {
            assert!(is_taken("{}", &[understood]), "{understood}");
        }
        for other in ["br", "zstd", "compress", "aes128gcm", "gzip, br", "gzip;q=1", "x"] {
            assert!(!is_taken("{}", &[other]), "{other}");
            assert!(!is_taken("{}", &["gzip", other]), "{other}");
            assert!(is_taken("", &[other]), "{other}: there is no body");
        }
    }
}
