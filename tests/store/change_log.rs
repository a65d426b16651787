//! The change log, if DynamoDB or the log fails.

use std::io::{self, Write};

use portcullis::catalog::Catalog;
use portcullis::change_log::ChangeLog;
use portcullis::store::Error;
use portcullis::token::Actor;

use super::fault_injection::{Behind, Fault, INTERNAL};
use super::{Sample, Table, alice, delete, now, revoke};
use crate::support::AuditLog as Lines;

/// A log that cannot be written.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_dynamodb_does_not_confirm_has_a_line_with_an_unknown_outcome() {
    let table = Table::in_process().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let lines = Lines::default();
    let logged = |lines: &Lines| {
        let fields =
            |line: serde_json::Value| ["change", "outcome"].map(|field| line[field].as_str().unwrap().to_owned());
        lines.take().into_iter().map(fields).collect::<Vec<_>>()
    };
    let behind =
        Behind::new(&table, Fault { operation: "TransactWriteItems", after: true, times: u32::MAX, ..INTERNAL }).await;
    let tokens = behind.tokens.clone().with_change_log(ChangeLog::new(lines.clone()));
    assert!(revoke(&tokens, &record.id, &Actor::Bootstrap, now(), 30).await.is_err());
    assert_eq!(logged(&lines), [["revoked", "unknown"]]);
    assert!(delete(&tokens, &record.id).await.is_err());
    assert_eq!(logged(&lines), [["deleted", "unknown"]]);
    assert!(tokens.put_catalog(&Catalog::default(), 0, &Actor::Bootstrap, now()).await.is_err());
    assert_eq!(logged(&lines), [["catalog_replaced", "unknown"]]);
}

#[tokio::test]
async fn a_change_without_a_line_in_the_change_log_is_not_acknowledged() {
    let table = Table::in_process().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let tokens = table.tokens.clone().with_change_log(ChangeLog::new(Full));
    let revoked = revoke(&tokens, &record.id, &Actor::Bootstrap, now(), 30).await;
    assert!(matches!(revoked, Err(Error::ChangeLog(_))), "{revoked:?}");
    // Nor is its repetition, which writes nothing.
    let repeated = revoke(&tokens, &record.id, &Actor::Bootstrap, now(), 30).await;
    assert!(matches!(repeated, Err(Error::ChangeLog(_))), "{repeated:?}");
    assert!(table.tokens.get(&record.id).await.unwrap().unwrap().revoked.is_some());
}
