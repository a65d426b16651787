//! The SDK's client as an [`ItemClient`].

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{Builder, Config};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};

use super::item::Item;
use super::item_client::{CallFuture, ConditionalWrite, DEFERRED_SHARE, ItemClient, ItemResponse};
use super::transaction_outcome::TransactionOutcome;
use super::{Error, item, transaction_outcome};

impl ItemClient for Client {
    fn get_item<'a>(&'a self, table: &'a str, key: Item, attributes: &'a [&'a str]) -> CallFuture<'a, ItemResponse> {
        let (expression, names) = item::projection(attributes);
        let request = self
            .get_item()
            .table_name(table)
            .set_key(Some(key))
            .consistent_read(true)
            .projection_expression(expression)
            .set_expression_attribute_names(Some(names));
        Box::pin(async move { Ok(ItemResponse::Decoded(request.send().await.map_err(Error::unavailable)?.item)) })
    }

    fn update_item(&self, update: Update) -> CallFuture<'_, ConditionalWrite> {
        let request = self
            .update_item()
            .table_name(update.table_name)
            .set_key(Some(update.key))
            .update_expression(update.update_expression)
            .set_condition_expression(update.condition_expression)
            .set_expression_attribute_names(update.expression_attribute_names)
            .set_expression_attribute_values(update.expression_attribute_values)
            .set_return_values_on_condition_check_failure(update.return_values_on_condition_check_failure)
            .customize()
            .config_override(deferred_config(self));
        Box::pin(async move {
            match request.send().await {
                Ok(_) => Ok(ConditionalWrite::Written),
                Err(error) => match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                        Ok(ConditionalWrite::Refused(refused.item.clone()))
                    }
                    _ => Err(Error::unavailable(error)),
                },
            }
        })
    }

    fn transact_write_items(&self, writes: Vec<TransactWriteItem>) -> CallFuture<'_, TransactionOutcome> {
        let request = self.transact_write_items().set_transact_items(Some(writes)).customize();
        let request = request.config_override(deferred_config(self));
        Box::pin(async move { transaction_outcome::outcome(request.send().await) })
    }
}

/// Settings for writes after the response.
pub(super) fn deferred_config(client: &Client) -> Builder {
    let operation = client.config().timeout_config().and_then(TimeoutConfig::operation_timeout);
    let mut timeouts = TimeoutConfig::builder();
    timeouts.set_operation_timeout(operation.map(|timeout| timeout / DEFERRED_SHARE));
    Config::builder().timeout_config(timeouts.build()).retry_config(RetryConfig::disabled())
}
