//! AWS Signature Version 4 of calls
//! ([AWS](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html)).
//!
//! Every call has the same headers, so the canonical request is written directly. The cryptography is aws-sigv4's.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, InvalidHeaderValue};
use http_body_util::Full;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::call_error::CallError;
use super::credentials::{CredentialSource, Credentials};
use crate::clock::{Clock, Timestamp};

const SERVICE: &str = "dynamodb";
/// Prefix of operation names in `X-Amz-Target`.
const API_VERSION: &str = "DynamoDB_20120810";
const JSON: &str = "application/x-amz-json-1.0";

/// Signs calls to one endpoint.
pub(super) struct Signer {
    credentials: CredentialSource,
    region: String,
    host: String,
    clock: Clock,
    /// The last derived key. It depends on the credentials and the day.
    key: Mutex<Option<SigningKey>>,
}

struct SigningKey {
    access_key_id: String,
    day: String,
    key: Zeroizing<Vec<u8>>,
}

impl Signer {
    pub(super) fn new(credentials: CredentialSource, region: String, host: String) -> Self {
        Self { credentials, region, host, clock: Clock::system(), key: Mutex::default() }
    }

    /// The signed request of a call.
    pub(super) fn signed(&self, operation: &str, body: Bytes) -> Result<Request<Full<Bytes>>, CallError> {
        let credentials = self.credentials.read().ok_or(CallError::NoCredentials)?;
        self.signed_at(self.clock.now(), &credentials, operation, body).map_err(|_| CallError::NoCredentials)
    }

    fn signed_at(
        &self,
        now: Timestamp,
        credentials: &Credentials,
        operation: &str,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, InvalidHeaderValue> {
        let (day, date) = amz_date(now);
        let target = format!("{API_VERSION}.{operation}");
        let (token_line, token_name) = match &credentials.session_token {
            Some(token) => (format!("x-amz-security-token:{token}\n"), "x-amz-security-token;"),
            None => (String::new(), ""),
        };
        let signed_headers = format!("content-type;host;x-amz-date;{token_name}x-amz-target");
        let canonical = format!(
            "POST\n/\n\ncontent-type:{JSON}\nhost:{host}\nx-amz-date:{date}\n{token_line}x-amz-target:{target}\n\n\
             {signed_headers}\n{payload}",
            host = self.host,
            payload = hex::encode(Sha256::digest(&body)),
        );
        let scope = format!("{day}/{region}/{SERVICE}/aws4_request", region = self.region);
        let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex::encode(Sha256::digest(&canonical)));
        let signature = self.sign(now, &day, credentials, to_sign.as_bytes());
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={signed_headers}, Signature={signature}",
            id = credentials.access_key_id,
        );
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = http::Method::POST;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        headers.insert(HOST, HeaderValue::from_str(&self.host)?);
        headers.insert("x-amz-date", HeaderValue::from_str(&date)?);
        headers.insert("x-amz-target", HeaderValue::from_str(&target)?);
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&authorization)?);
        if let Some(token) = &credentials.session_token {
            headers.insert("x-amz-security-token", HeaderValue::from_str(token)?);
        }
        Ok(request)
    }

    fn sign(&self, now: Timestamp, day: &str, credentials: &Credentials, to_sign: &[u8]) -> String {
        let mut cached = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        let is_current = |key: &&mut SigningKey| key.day == day && key.access_key_id == credentials.access_key_id;
        if let Some(key) = cached.as_mut().filter(is_current) {
            return calculate_signature(&key.key, to_sign);
        }
        let time = UNIX_EPOCH + Duration::from_millis(now.millis().unsigned_abs());
        let key = generate_signing_key(&credentials.secret_access_key, time, &self.region, SERVICE);
        let key = cached.insert(SigningKey {
            access_key_id: credentials.access_key_id.clone(),
            day: day.to_owned(),
            key: Zeroizing::new(key.as_ref().to_vec()),
        });
        calculate_signature(&key.key, to_sign)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("credentials", &self.credentials)
            .field("region", &self.region)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// The day, such as `20261130`, and the time, such as `20261130T051500Z`.
fn amz_date(now: Timestamp) -> (String, String) {
    let at = OffsetDateTime::from_unix_timestamp(now.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let day = format!("{:04}{:02}{:02}", at.year(), u8::from(at.month()), at.day());
    let date = format!("{day}T{:02}{:02}{:02}Z", at.hour(), at.minute(), at.second());
    (day, date)
}

#[cfg(test)]
mod tests {
    use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
    use aws_sigv4::sign::v4::SigningParams;

    use super::*;

    const HOST: &str = "dynamodb.eu-west-1.amazonaws.com";
    /// AWS's own example credentials.
    const ID: &str = "AKIDEXAMPLE";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn signer() -> Signer {
        Signer::new(CredentialSource::Environment, "eu-west-1".to_owned(), HOST.to_owned())
    }

    fn credentials(id: &str, secret: &str, session_token: Option<&str>) -> Credentials {
        Credentials {
            access_key_id: id.to_owned(),
            secret_access_key: secret.to_owned().into(),
            session_token: session_token.map(str::to_owned),
        }
    }

    /// The `Authorization` header that aws-sigv4 computes for the same headers.
    fn expected(request: &Request<Full<Bytes>>, body: &[u8], now: Timestamp, credentials: &Credentials) -> String {
        let identity = aws_credential_types::Credentials::new(
            &*credentials.access_key_id,
            &**credentials.secret_access_key,
            credentials.session_token.clone(),
            None,
            "test",
        )
        .into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name(SERVICE)
            .time(UNIX_EPOCH + Duration::from_millis(now.millis().unsigned_abs()))
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let kept = |name: &str| !matches!(name, "authorization" | "x-amz-date" | "x-amz-security-token");
        let headers = request.headers().iter().filter(|(name, _)| kept(name.as_str()));
        let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let url = format!("https://{HOST}/");
        let signable = SignableRequest::new("POST", url, headers, SignableBody::Bytes(body)).unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        instructions.headers().find(|(name, _)| *name == "authorization").unwrap().1.to_owned()
    }

    #[test]
    fn signatures_agree_with_aws_sigv4() {
        let signer = signer();
        let rotated = [
            (ID, SECRET, None, "2026-11-26T10:30:00.789Z"),
            (ID, SECRET, Some("SESSION/TOKEN=="), "2026-11-26T23:59:59Z"),
            (ID, SECRET, None, "2026-11-27T00:00:00Z"),
            ("AKIDROTATED", "another/secret", Some("x"), "2026-11-27T00:00:01Z"),
            (ID, SECRET, None, "2026-11-27T00:00:02Z"),
        ];
        for (id, secret, token, at) in rotated {
            let (now, credentials) = (Timestamp::parse(at).unwrap(), credentials(id, secret, token));
            let body = format!(r#"{{"TableName":"{at}"}}"#).into_bytes();
            let request = signer.signed_at(now, &credentials, "GetItem", body.clone().into()).unwrap();
            let authorization = request.headers()["authorization"].to_str().unwrap();
            assert_eq!(authorization, expected(&request, &body, now, &credentials), "{at}");
            assert_eq!(request.headers().get("x-amz-security-token").map(|value| value.to_str().unwrap()), token);
        }
    }

    #[test]
    fn a_signer_shows_no_credentials() {
        let fixed = CredentialSource::new(Some((ID.to_owned(), SECRET.to_owned())));
        let signer = Signer::new(fixed, "eu-west-1".to_owned(), HOST.to_owned());
        signer.signed("GetItem", Bytes::new()).unwrap();
        assert!(!format!("{signer:?}").contains("wJal"), "{signer:?}");
    }
}
