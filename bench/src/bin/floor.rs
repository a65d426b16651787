//! The least that an authorizer over aws-sdk-dynamodb can do: check the token's checksum, hash the token, read its
//! record once, compare the digests, and return a policy. The client has the settings that
//! `shared/src/store/client.rs` found to be the fastest; this copy of them is fixed, so that it stays the yardstick.

use std::time::Duration;

use aws_config::environment::credentials::EnvironmentVariableCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use portcullis::env::Env;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECKSUM: usize = 6;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (client, table) = (&client(Env::process())?, &Env::process().require("PORTCULLIS_TABLE")?);
    run(service_fn(async |event: LambdaEvent<Value>| handle(client, table, &event.payload).await)).await
}

fn client(env: Env<'_>) -> Result<Client, Error> {
    let roots = std::fs::read(env.require("AWS_CA_BUNDLE")?)?;
    let context = TlsContext::builder().with_trust_store(TrustStore::empty().with_pem_certificate(roots)).build()?;
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_millis(1500))
        .operation_timeout(Duration::from_secs(4));
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(env.require("AWS_REGION")?))
        .http_client(http)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts.build())
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .endpoint_url(env.require("AWS_ENDPOINT_URL_DYNAMODB")?);
    Ok(Client::from_conf(config.build()))
}

async fn handle(client: &Client, table: &str, event: &Value) -> Result<Value, Error> {
    let header = event.pointer("/headers/Authorization").and_then(Value::as_str).ok_or("Unauthorized")?;
    let token = header.strip_prefix("Bearer ").ok_or("Unauthorized")?;
    let id = id_of(token).ok_or("Unauthorized")?;
    let response = client
        .get_item()
        .table_name(table)
        .key("pk", AttributeValue::S(format!("TOKEN#{id}")))
        .key("sk", AttributeValue::S("TOKEN".to_owned()))
        .consistent_read(true)
        .send()
        .await?;
    let item = response.item.ok_or("Unauthorized")?;
    let secrets = item.get("secrets").and_then(|secrets| secrets.as_m().ok());
    let stored = secrets.and_then(|secrets| secrets.get("digest")?.as_b().ok()).ok_or("Unauthorized")?;
    if stored.as_ref() != Sha256::digest(token.as_bytes()).as_slice() {
        return Err("Unauthorized".into());
    }
    let statement = json!({ "Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event.get("methodArn") });
    Ok(json!({ "principalId": id, "policyDocument": { "Version": "2012-10-17", "Statement": [statement] } }))
}

/// The ID of a token whose checksum is right.
fn id_of(token: &str) -> Option<&str> {
    let (signed, claimed) = token.split_at_checked(token.len().checked_sub(CHECKSUM)?)?;
    let mut rest = crc32fast::hash(signed.as_bytes());
    let digits = [(); CHECKSUM].map(|()| {
        let digit = BASE62.get((rest % 62) as usize).copied().unwrap_or_default();
        rest /= 62;
        digit
    });
    let is_right = digits.iter().rev().eq(claimed.as_bytes());
    token.split_once('_').filter(|_| is_right).and_then(|(_, body)| body.get(..16))
}
