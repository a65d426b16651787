//! AWS Signature Version 4 of a request without a body.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::http::Request;

use crate::clock::Timestamp;

/// The request could not be signed. The cause is omitted, as it could contain credentials.
#[derive(Debug)]
pub(super) struct SigningError;

/// Adds the headers of a signature that is valid for a few minutes from `now` on.
pub(super) fn signed(
    mut request: Request,
    credentials: Credentials,
    service: &str,
    region: &str,
    now: Timestamp,
) -> Result<Request, SigningError> {
    let identity = credentials.into();
    let since = Duration::from_millis(now.millis().unsigned_abs());
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(UNIX_EPOCH + since)
        .settings(SigningSettings::default())
        .build()
        .map_err(|_| SigningError)?
        .into();
    // The library adds host, date and session token itself.
    let signable = SignableRequest::new(request.method(), request.uri(), std::iter::empty(), SignableBody::empty());
    let (instructions, _) = sign(signable.map_err(|_| SigningError)?, &params).map_err(|_| SigningError)?.into_parts();
    for (name, value) in instructions.headers() {
        request.headers_mut().try_insert(name.to_owned(), value.to_owned()).map_err(|_| SigningError)?;
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::body::SdkBody;

    /// AWS's own example credentials.
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn delete(url: &str, session_token: Option<&str>) -> Request {
        let mut request = Request::new(SdkBody::empty());
        request.set_method("DELETE").unwrap();
        request.set_uri(url).unwrap();
        let credentials = Credentials::new("AKIDEXAMPLE", SECRET, session_token.map(str::to_owned), None, "test");
        let now = Timestamp::parse("2026-11-26T10:30:00.789Z").unwrap();
        signed(request, credentials, "apigateway", "eu-west-1", now).unwrap()
    }

    /// Computed with botocore for the same credentials, time and calls.
    #[test]
    fn signatures_agree_with_botocore() {
        let rest =
            delete("https://apigateway.eu-west-1.amazonaws.com/restapis/a1b2c3d4e5/stages/v1/cache/authorizers", None);
        let http = delete(
            "https://apigateway.eu-west-1.amazonaws.com/v2/apis/f6g7h8i9j0/stages/%24default/cache/authorizers",
            Some("SESSION/TOKEN=="),
        );
        let local = delete("http://127.0.0.1:9050/v2/apis/f6g7h8i9j0/stages/%24default/cache/authorizers", None);
        for (request, headers, signature) in [
            (&rest, "host;x-amz-date", "e80d5b4f82cb577ab7b0aa6324b52fb716332ad170cd403395c0a23624e44202"),
            (
                &http,
                "host;x-amz-date;x-amz-security-token",
                "e7bc63065d487b6f7053909ac9c5435ad76f2f51a17e3672e1d8f3d24e979bc5",
            ),
            (&local, "host;x-amz-date", "c49225a22c7ed8468cd1dd6265deff3404dc5183948a4724d50a93ecc6111d15"),
        ] {
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261126/eu-west-1/apigateway/aws4_request, \
                 SignedHeaders={headers}, Signature={signature}"
            );
            assert_eq!(request.headers().get("authorization"), Some(expected.as_str()));
            assert_eq!(request.headers().get("x-amz-date"), Some("20261126T103000Z"));
        }
        assert_eq!(http.headers().get("x-amz-security-token"), Some("SESSION/TOKEN=="));
        assert_eq!(rest.headers().get("x-amz-security-token"), None);
    }
}
