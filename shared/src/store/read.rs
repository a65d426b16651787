//! Consistent reads by key, and queries.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

use super::item::Item;
use super::transaction::{MAX_ATTEMPTS, backoff};
use super::{Error, Presented, StoredCredential, TokenStore, item};
use crate::clock::Timestamp;
use crate::secret::{PlaintextToken, SecretHistory, SecretMatch, TokenId};
use crate::token::TokenRecord;

/// The most items of one `BatchGetItem`
/// ([limits](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html)).
const MAX_PER_BATCH: usize = 100;

impl TokenStore {
    /// One token with what is stored of its secrets, as it is at this moment: for the functions
    /// that are shown secrets.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn credential(&self, id: &TokenId) -> Result<Option<StoredCredential>, Error> {
        self.read(item::token_key(id), &item::CREDENTIAL).await?.as_ref().map(item::credential).transpose()
    }

    /// The token that a secret is or was one of, as it is at this moment; `None` alike where there is no
    /// such ID and where the secret is wrong.
    ///
    /// Both do the same: one read, and a comparison with as many digests. The record is decoded only for
    /// a secret of its own.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn present(&self, secret: &PlaintextToken, now: Timestamp) -> Result<Option<Presented>, Error> {
        let item = self.read(item::token_key(secret.id()), &item::CREDENTIAL).await?;
        let secrets = item.as_ref().map_or_else(|| Ok(SecretHistory::dummy()), item::stored_secrets)?;
        let proof = match secrets.verify(&secret.digest(), now) {
            SecretMatch::Current => Presented::Current,
            SecretMatch::Previous => Presented::Superseded,
            SecretMatch::Retired => Presented::Ended,
            SecretMatch::None => return Ok(None),
        };
        item.as_ref().map(|item| item::credential(item).map(proof)).transpose()
    }

    /// One token without its digest, as it is at this moment.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, id: &TokenId) -> Result<Option<TokenRecord>, Error> {
        self.read(item::token_key(id), &item::SHOWN).await?.as_ref().map(item::record).transpose()
    }

    /// One item, as it is at this moment.
    pub(super) async fn read(&self, key: Item, attributes: &[&str]) -> Result<Option<Item>, Error> {
        let (expression, names) = item::projection(attributes);
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .consistent_read(true)
            .projection_expression(expression)
            .set_expression_attribute_names(Some(names))
            .send()
            .await
            .map_err(Error::unavailable)?;
        Ok(answer.item)
    }

    /// A query for the newest items. One more than `limit` tells whether there is another page.
    pub(super) fn query_newest(
        &self,
        condition: impl Into<String>,
        names: HashMap<String, String>,
        values: Item,
        limit: usize,
    ) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX).saturating_add(1))
    }

    /// The items with these keys, in their order and as they are at this moment, without those that are
    /// not there. Of the keys, all but `pk` and `sk` is left aside.
    pub(super) async fn batch(&self, keys: Vec<Item>, attributes: &[&str]) -> Result<Vec<Item>, Error> {
        let mut found = HashMap::new();
        for keys in keys.chunks(MAX_PER_BATCH) {
            let mut wanted: Vec<Item> = keys.iter().map(primary_key).collect();
            let mut tries = 0;
            while !wanted.is_empty() {
                // DynamoDB may leave keys out where an answer is large or a partition busy, and names them.
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

    /// Puts what one call gives among what was found, and returns the keys that it left out.
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
        let request = self.client.batch_get_item().request_items(&self.table, request);
        let answer = request.send().await.map_err(Error::unavailable)?;
        let items = answer.responses.unwrap_or_default().into_values().flatten();
        found.extend(items.map(|item| (identity(&item), item)));
        let left = answer.unprocessed_keys.unwrap_or_default().into_values();
        Ok(left.flat_map(|left| left.keys).collect())
    }
}

type Identity = (String, String);

/// What tells items apart.
fn identity(item: &Item) -> Identity {
    let text = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    (text("pk"), text("sk"))
}

fn primary_key(key: &Item) -> Item {
    let (pk, sk) = identity(key);
    HashMap::from([("pk".to_owned(), AttributeValue::S(pk)), ("sk".to_owned(), AttributeValue::S(sk))])
}
