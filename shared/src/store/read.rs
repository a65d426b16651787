//! Reads of tokens, batches and queries.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

use super::backoff::backoff;
use super::item::Item;
use super::transaction::MAX_ATTEMPTS;
use super::{Error, ItemStore, MatchedSecret, StoredCredential, TokenStore, item};
use crate::clock::Timestamp;
use crate::secret::{PlaintextToken, SecretHistory, SecretMatch, TokenId};
use crate::token::TokenRecord;

/// Maximum number of items per `BatchGetItem`
/// ([limits](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html)).
const MAX_PER_BATCH: usize = 100;

impl ItemStore {
    /// Reads a token with its secrets, consistently; for functions that verify secrets.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn credential(&self, id: &TokenId) -> Result<Option<StoredCredential>, Error> {
        let response = self.read(item::token_key(id), &item::CREDENTIAL_ATTRIBUTES).await?;
        response.attributes()?.as_ref().map(item::credential).transpose()
    }

    /// Reads the token that a current or previous secret belongs to, consistently; `None` if the ID is unknown
    /// or the secret is wrong.
    ///
    /// Both cases do the same work: one read, and comparisons with the same number of digests. The record is
    /// decoded only if a secret matches.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn match_secret(&self, secret: &PlaintextToken, now: Timestamp) -> Result<Option<MatchedSecret>, Error> {
        let response = self.read(item::token_key(secret.id()), &item::CREDENTIAL_ATTRIBUTES).await?;
        let item = response.attributes()?;
        let secrets = item.as_ref().map_or_else(|| Ok(SecretHistory::dummy()), item::stored_secrets)?;
        let proof = match secrets.verify(&secret.digest(), now) {
            SecretMatch::Current => MatchedSecret::Current,
            SecretMatch::Previous => MatchedSecret::Previous,
            SecretMatch::Retired => MatchedSecret::Retired,
            SecretMatch::None => return Ok(None),
        };
        item.as_ref().map(|item| item::credential(item).map(proof)).transpose()
    }

    /// Reads a token without its digests, consistently.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, id: &TokenId) -> Result<Option<TokenRecord>, Error> {
        let response = self.read(item::token_key(id), &item::RECORD_ATTRIBUTES).await?;
        response.attributes()?.as_ref().map(item::record).transpose()
    }

    /// Whether a token has this ID, consistently.
    pub(super) async fn exists(&self, id: &TokenId) -> Result<bool, Error> {
        Ok(self.read(item::token_key(id), &["pk"]).await?.attributes()?.is_some())
    }
}

impl TokenStore {
    /// A query for the newest items. It reads one more than `limit`, to tell whether there is another page.
    pub(super) async fn query_newest(
        &self,
        condition: impl Into<String>,
        names: HashMap<String, String>,
        values: Item,
        limit: usize,
    ) -> Result<QueryFluentBuilder, Error> {
        let query = self
            .client()
            .await?
            .query()
            .table_name(&self.table)
            .key_condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX).saturating_add(1));
        Ok(query)
    }

    /// Reads the items with these keys consistently, in their order; missing ones are omitted. Of the keys,
    /// only `pk` and `sk` are used.
    pub(super) async fn batch(&self, keys: Vec<Item>, attributes: &[&str]) -> Result<Vec<Item>, Error> {
        let mut found = HashMap::new();
        for keys in keys.chunks(MAX_PER_BATCH) {
            let mut wanted: Vec<Item> = keys.iter().map(primary_key).collect();
            let mut tries = 0;
            while !wanted.is_empty() {
                // DynamoDB may skip keys of large responses or busy partitions, and names them.
                if tries == MAX_ATTEMPTS {
                    return Err(Error::Contention);
                }
                if tries > 0 {
                    backoff(tries).await;
                }
                tries += 1;
                wanted = self.batch_once(wanted, attributes, &mut found).await?;
            }
        }
        Ok(keys.iter().filter_map(|key| found.remove(&identity(key))).collect())
    }

    /// Adds the items of one call to the result, and returns the keys that it skipped.
    async fn batch_once(
        &self,
        keys: Vec<Item>,
        attributes: &[&str],
        found: &mut HashMap<Identity, Item>,
    ) -> Result<Vec<Item>, Error> {
        let (expression, names) = item::projection(attributes);
        let request = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .projection_expression(expression)
            .set_expression_attribute_names(Some(names))
            .build()
            .map_err(Error::unavailable)?;
        let request = self.client().await?.batch_get_item().request_items(&self.table, request);
        let response = request.send().await.map_err(Error::unavailable)?;
        let items = response.responses.unwrap_or_default().into_values().flatten();
        found.extend(items.map(|item| (identity(&item), item)));
        let left = response.unprocessed_keys.unwrap_or_default().into_values();
        Ok(left.flat_map(|left| left.keys).collect())
    }
}

type Identity = (String, String);

/// Identifies an item.
fn identity(item: &Item) -> Identity {
    let text = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    (text("pk"), text("sk"))
}

fn primary_key(key: &Item) -> Item {
    let (pk, sk) = identity(key);
    HashMap::from([("pk".to_owned(), AttributeValue::S(pk)), ("sk".to_owned(), AttributeValue::S(sk))])
}
