//! Creates the template's table through the SDK.

use super::EngineError;
use crate::template::{Attribute, AttributeType, Index, Key, Table};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TableStatus, TimeToLiveSpecification,
};
use std::time::Duration;

/// DynamoDB creates a table within seconds; polling stops after a minute.
const ASK_EVERY: Duration = Duration::from_millis(20);
const MAX_POLLS: u32 = 3_000;

/// Creates the table under a name, with its indexes and its TTL, and waits until it is active.
///
/// # Errors
/// The engine refuses it, or it does not become active.
pub async fn create_table(client: &Client, name: &str, table: &Table) -> Result<(), EngineError> {
    let mut request = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for attribute in &table.attributes {
        request = request.attribute_definitions(definition(attribute).map_err(EngineError::table)?);
    }
    for element in key(&table.key).map_err(EngineError::table)? {
        request = request.key_schema(element);
    }
    for index in &table.indexes {
        request = request.global_secondary_indexes(global(index).map_err(EngineError::table)?);
    }
    request.send().await.map_err(EngineError::table)?;
    wait_until_active(client, name).await?;

    let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name(&table.ttl_attribute);
    let ttl = ttl.build().map_err(EngineError::table)?;
    let request = client.update_time_to_live().table_name(name).time_to_live_specification(ttl);
    request.send().await.map_err(EngineError::table)?;
    Ok(())
}

async fn wait_until_active(client: &Client, name: &str) -> Result<(), EngineError> {
    for _ in 0..MAX_POLLS {
        let described = client.describe_table().table_name(name).send().await;
        let described = described.map_err(EngineError::table)?;
        let status = described.table().and_then(|table| table.table_status());
        if status == Some(&TableStatus::Active) {
            return Ok(());
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
    Err(EngineError::Table(format!("{name} did not become active")))
}

fn definition(attribute: &Attribute) -> Result<AttributeDefinition, BuildError> {
    let kind = match attribute.kind {
        AttributeType::Text => ScalarAttributeType::S,
        AttributeType::Number => ScalarAttributeType::N,
        AttributeType::Bytes => ScalarAttributeType::B,
    };
    AttributeDefinition::builder().attribute_name(&attribute.name).attribute_type(kind).build()
}

fn key(key: &Key) -> Result<[KeySchemaElement; 2], BuildError> {
    let element = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    Ok([element(&key.hash, KeyType::Hash)?, element(&key.range, KeyType::Range)?])
}

fn global(index: &Index) -> Result<GlobalSecondaryIndex, BuildError> {
    let projection = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let [hash, range] = key(&index.key)?;
    GlobalSecondaryIndex::builder()
        .index_name(&index.name)
        .key_schema(hash)
        .key_schema(range)
        .projection(projection)
        .build()
}
