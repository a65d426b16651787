//! A minimal authorizer with the client that aws-config's documentation shows: every default feature and setting.
//! The work is that of `bench/src/bin/floor.rs`.

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = &Client::new(&aws_config::load_defaults(BehaviorVersion::latest()).await);
    let table = &std::env::var("PORTCULLIS_TABLE")?;
    run(service_fn(async |event: LambdaEvent<Value>| handle(client, table, &event.payload).await)).await
}

async fn handle(client: &Client, table: &str, event: &Value) -> Result<Value, Error> {
    let header = event["headers"]["Authorization"].as_str().ok_or("Unauthorized")?;
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
    let statement = json!({ "Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"] });
    Ok(json!({ "principalId": id, "policyDocument": { "Version": "2012-10-17", "Statement": [statement] } }))
}

/// The ID of a token whose checksum is right.
fn id_of(token: &str) -> Option<&str> {
    let (signed, claimed) = token.split_at_checked(token.len().checked_sub(6)?)?;
    let mut rest = crc32fast::hash(signed.as_bytes());
    let digits = [(); 6].map(|()| {
        let digit = BASE62[(rest % 62) as usize];
        rest /= 62;
        digit
    });
    let is_right = digits.iter().rev().eq(claimed.as_bytes());
    token.split_once('_').filter(|_| is_right).and_then(|(_, body)| body.get(..16))
}
