//! Requests that are signed with AWS credentials, for services whose SDK would add more than it saves. They have the
//! timeouts and the proxy of the command's other requests.

use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use portcullis::clock::Clock;
use portcullis::https_url::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::Request;

use super::deployed_stack::refused;
use crate::CliError;
use crate::api::{agent, unreachable};

/// API Gateway's control plane allows ten requests a second in an account.
const MAX_ATTEMPTS: u32 = 5;
const RETRY_BACKOFF: Duration = Duration::from_millis(500);
const MAX_BYTES: u64 = 10 * 1024 * 1024;

/// Client of one AWS service.
pub(super) struct SignedClient {
    agent: ureq::Agent,
    endpoint: String,
    /// Name of the service in signatures.
    service: &'static str,
    region: String,
    credentials: Credentials,
}

/// Error response of a service.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorResponse {
    #[serde(rename = "__type")]
    code: String,
    #[serde(alias = "Message")]
    message: String,
}

impl SignedClient {
    /// # Errors
    /// When the endpoint is not a URL.
    pub(super) fn new(service: &'static str, config: &SdkConfig, credentials: Credentials) -> Result<Self, CliError> {
        let region = config.region().map(Region::to_string).unwrap_or_default();
        let endpoint = config.endpoint_url().map_or_else(
            || endpoint(service, &region, config.use_fips() == Some(true), config.use_dual_stack() == Some(true)),
            |url| url.trim_end_matches('/').to_owned(),
        );
        let url = Url::parse(&endpoint).ok_or_else(|| CliError::usage(format!("invalid AWS endpoint {endpoint}")))?;
        Ok(Self { agent: agent(&url)?, endpoint, service, region, credentials })
    }

    /// Sends a GET request and parses the response. `action` is the required permission.
    ///
    /// # Errors
    /// When the request is denied or fails.
    pub(super) fn get<T: DeserializeOwned>(&self, path: &str, action: &str) -> Result<T, CliError> {
        self.send("GET", path, &[("accept", "application/json")], "", action)
    }

    /// Sends a request of the AWS JSON 1.0 protocol, and parses the response.
    ///
    /// # Errors
    /// When the request is denied or fails.
    pub(super) fn call<T: DeserializeOwned>(&self, target: &str, body: &str, action: &str) -> Result<T, CliError> {
        self.send(
            "POST",
            "/",
            &[("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target)],
            body,
            action,
        )
    }

    fn send<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
        action: &str,
    ) -> Result<T, CliError> {
        let failed = |why: &dyn ToString| CliError::Unreachable(format!("{action}: {}", why.to_string()));
        let mut attempt = 1;
        loop {
            let request = self.signed(method, &format!("{}{path}", self.endpoint), headers, body);
            let request = request.ok_or_else(|| failed(&"the request cannot be signed"))?;
            let mut response = self.agent.run(request).map_err(|error| unreachable(&self.endpoint, &error))?;
            let status = response.status().as_u16();
            if status == 429 && attempt < MAX_ATTEMPTS {
                thread::sleep(RETRY_BACKOFF * attempt);
                attempt += 1;
                continue;
            }
            let text = response.body_mut().with_config().limit(MAX_BYTES).read_to_string();
            let text = text.map_err(|error| unreachable(&self.endpoint, &error))?;
            if status == 200 {
                return serde_json::from_str(&text).map_err(|error| failed(&error));
            }
            let code = response.headers().get("x-amzn-errortype").and_then(|value| value.to_str().ok());
            let error: ErrorResponse = serde_json::from_str(&text).unwrap_or_default();
            return Err(refused(action, error_code(code.unwrap_or(&error.code)), &error.message));
        }
    }

    /// `None` if the request cannot be signed.
    fn signed(&self, method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Option<Request<String>> {
        let identity = self.credentials.clone().into();
        let since_epoch = Duration::from_millis(Clock::system().now().millis().unsigned_abs());
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(UNIX_EPOCH + since_epoch)
            .settings(SigningSettings::default());
        let params = params.build().ok()?.into();
        let body_bytes = SignableBody::Bytes(body.as_bytes());
        let signable = SignableRequest::new(method, url, headers.iter().copied(), body_bytes).ok()?;
        let (instructions, _) = sign(signable, &params).ok()?.into_parts();
        let request = headers.iter().copied().chain(instructions.headers());
        let request = request
            .fold(Request::builder().method(method).uri(url), |request, (name, value)| request.header(name, value));
        request.body(body.to_owned()).ok()
    }
}

/// Endpoint of a service that has one in every region, by AWS's naming
/// ([reference](https://docs.aws.amazon.com/general/latest/gr/rande.html)).
fn endpoint(service: &str, region: &str, fips: bool, dual_stack: bool) -> String {
    let fips = if fips { "-fips" } else { "" };
    let domain = match (region.starts_with("cn-"), dual_stack) {
        (false, false) => "amazonaws.com",
        (false, true) => "api.aws",
        (true, false) => "amazonaws.com.cn",
        (true, true) => "api.amazonwebservices.com.cn",
    };
    format!("https://{service}{fips}.{region}.{domain}")
}

/// The code of `AccessDeniedException:http://internal…` or `com.amazonaws.cloudwatch#AccessDenied`.
fn error_code(text: &str) -> &str {
    let text = text.split(':').next().unwrap_or(text);
    text.rsplit('#').next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_follow_partition_fips_and_dual_stack() {
        for (region, fips, dual_stack, expected) in [
            ("eu-central-1", false, false, "https://monitoring.eu-central-1.amazonaws.com"),
            ("us-gov-west-1", true, false, "https://monitoring-fips.us-gov-west-1.amazonaws.com"),
            ("us-east-1", false, true, "https://monitoring.us-east-1.api.aws"),
            ("cn-north-1", false, false, "https://monitoring.cn-north-1.amazonaws.com.cn"),
        ] {
            assert_eq!(endpoint("monitoring", region, fips, dual_stack), expected);
        }
    }

    #[test]
    fn error_codes_have_no_namespace_and_no_address() {
        for text in ["AccessDenied", "com.amazonaws.cloudwatch#AccessDenied", "AccessDenied:http://internal/"] {
            assert_eq!(error_code(text), "AccessDenied");
        }
    }
}
