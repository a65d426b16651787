//! The faults of a DynamoDB call.

use serde_json::json;

use crate::support::Symptom;

/// One attempt fails. Reads, and writes that a caller waits for, are attempted three times.
const ONE_ATTEMPT: u32 = 1;
/// All attempts of a call fail, and the next call works.
const ONE_CALL: u32 = 3;
/// Everything fails from then on.
const OUTAGE: u32 = u32::MAX;

/// Kind of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Throttled,
    Conflict,
    Refused,
    ServerError,
    Reset,
    Silence,
    Unreadable,
}

/// A fault, from the call on that the test chooses.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) kind: Kind,
    pub(super) symptom: Symptom,
    /// Whether the engine handles the call, and only the response is lost.
    pub(super) after: bool,
    /// Number of attempts that fail.
    pub(super) times: u32,
}

/// The faults of each call in an ordinary run: kind, whether the response is lost, and number of attempts. A lost
/// response matters to writes only.
const ORDINARY: [(Kind, bool, u32); 14] = [
    (Kind::Throttled, false, ONE_ATTEMPT),
    (Kind::Throttled, false, ONE_CALL),
    (Kind::Conflict, false, ONE_ATTEMPT),
    (Kind::Refused, false, ONE_CALL),
    (Kind::ServerError, false, ONE_ATTEMPT),
    (Kind::ServerError, false, OUTAGE),
    (Kind::ServerError, true, ONE_ATTEMPT),
    (Kind::ServerError, true, ONE_CALL),
    (Kind::Reset, false, ONE_CALL),
    (Kind::Reset, true, ONE_CALL),
    (Kind::Silence, false, OUTAGE),
    (Kind::Silence, true, ONE_ATTEMPT),
    (Kind::Unreadable, false, ONE_CALL),
    (Kind::Unreadable, true, OUTAGE),
];

/// The codes of
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html> and of
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html>.
const THROTTLED: [&str; 4] =
    ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException", "LimitExceededException"];
const CONFLICT: [&str; 4] = [
    "IdempotentParameterMismatchException",
    "ReplicatedWriteConflictException",
    "TransactionConflictException",
    "TransactionInProgressException",
];
const REFUSED: [&str; 14] = [
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "ItemCollectionSizeLimitExceededException",
    "MissingAuthenticationTokenException",
    "OptInRequired",
    "RequestExpired",
    "ResourceInUseException",
    "ResourceNotFoundException",
    "SerializationException",
    "UnrecognizedClientException",
    "ValidationException",
    "RequestEntityTooLarge",
];
const SERVER_ERROR: [(u16, &str); 3] =
    [(500, "InternalServerError"), (503, "ServiceUnavailable"), (500, "InternalFailure")];
/// The reasons of
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>.
const CANCELLED: [(Kind, &str); 7] = [
    (Kind::Throttled, "ProvisionedThroughputExceeded"),
    (Kind::Throttled, "ThrottlingError"),
    (Kind::Conflict, "ConditionalCheckFailed"),
    (Kind::Conflict, "TransactionConflict"),
    (Kind::Refused, "AccessDenied"),
    (Kind::Refused, "ItemCollectionSizeLimitExceeded"),
    (Kind::Refused, "ValidationError"),
];

impl Fault {
    /// The faults of the `turn`-th call of a run, which is one of this operation: of each kind one symptom in turn.
    pub(super) fn ordinary(operation: &str, turn: usize) -> Vec<Self> {
        let lost = is_write(operation);
        let faults = ORDINARY.iter().filter(|(_, after, _)| !after || lost);
        let fault = |&(kind, after, times): &_| {
            let symptoms = symptoms(kind, operation);
            let symptom = symptoms.get(turn % symptoms.len().max(1))?.clone();
            Some(Self { kind, symptom, after, times })
        };
        faults.filter_map(fault).collect()
    }

    /// All faults of a call of this operation.
    pub(super) fn all(operation: &str) -> Vec<Self> {
        let mut faults = Vec::new();
        for (kind, after, times) in ORDINARY
            .iter()
            .flat_map(|&(kind, after, _)| [(kind, after, ONE_ATTEMPT), (kind, after, ONE_CALL), (kind, after, OUTAGE)])
        {
            let is_new =
                !faults.iter().any(|known: &Self| (known.kind, known.after, known.times) == (kind, after, times));
            if is_new && (!after || is_write(operation)) {
                let symptoms = symptoms(kind, operation).into_iter();
                faults.extend(symptoms.map(|symptom| Self { kind, symptom, after, times }));
            }
        }
        faults
    }

    /// Whether it hits other operations than that of the chosen call. A conflict and the end of a transaction do not.
    pub(super) fn hits_every_operation(&self) -> bool {
        let is_cancellation = matches!(&self.symptom, Symptom::Response(_, body) if body.contains("Reasons"));
        self.kind != Kind::Conflict && !is_cancellation
    }
}

fn is_write(operation: &str) -> bool {
    matches!(operation, "TransactWriteItems" | "PutItem" | "UpdateItem" | "DeleteItem")
}

/// What a client can see of a fault of this kind.
fn symptoms(kind: Kind, operation: &str) -> Vec<Symptom> {
    let is_transaction = operation == "TransactWriteItems";
    let reasons = CANCELLED.iter().filter(|(of, _)| is_transaction && *of == kind);
    let errors = |codes: &[&str]| codes.iter().map(|code| error(400, code)).collect::<Vec<_>>();
    let mut symptoms = match kind {
        Kind::Throttled => errors(&THROTTLED),
        Kind::Conflict if is_write(operation) => errors(&CONFLICT),
        Kind::Conflict => Vec::new(),
        Kind::Refused => errors(&REFUSED),
        Kind::ServerError => SERVER_ERROR.iter().map(|(status, code)| error(*status, code)).collect(),
        Kind::Reset => vec![Symptom::Reset],
        Kind::Silence => vec![Symptom::Silence],
        Kind::Unreadable => vec![Symptom::HalfJson, Symptom::Response(502, "<h1>Bad gateway</h1>".into())],
    };
    symptoms.extend(reasons.map(|(_, code)| cancelled(code)));
    if kind == Kind::Conflict && matches!(operation, "PutItem" | "UpdateItem") {
        symptoms.push(error(400, "ConditionalCheckFailedException"));
    }
    symptoms
}

fn error(status: u16, code: &str) -> Symptom {
    let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "injected"});
    Symptom::Response(status, body.to_string().into())
}

/// The end of a transaction for the reason of its first write.
fn cancelled(code: &str) -> Symptom {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": format!("cancelled [{code}, None]"),
        "CancellationReasons": [{"Code": code, "Message": "injected"}, {"Code": "None"}],
    });
    Symptom::Response(400, body.to_string().into())
}
