//! `PATCH /tokens/{id}`: a JSON merge patch
//! ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396)) of a token's settings.

use lambda_http::{Body, Request};
use portcullis::api_types::Grant;
use portcullis::clock::Timestamp;
use portcullis::grants::{IpAllowlist, MAX_NETWORKS};
use portcullis::http::{ApiRequest, ApiResult, GrantSpec, IfMatch, JsonFields, Problem, RequestedAccess, read_expiry};
use portcullis::store::TokenUpdate;
use portcullis::text::{Description, TokenName};
use portcullis::token::{EventKind, FieldChange, TokenRecord};
use portcullis::{App, Settings};
use serde_json::json;

use crate::outcome::{ensure_not_ended, token_response, update_response};

const KNOWN: &str = "name, description, grants, allowed_ips, expires_at";

pub(crate) async fn patch(app: &App, call: &ApiRequest, request: &Request) -> ApiResult {
    let condition = IfMatch::required(request)?;
    let now = app.clock.now();
    let patch = Patch::read(request.body(), &app.settings, now)?;
    let seen = call.target_token(app).await?;
    condition.check(seen.version)?;
    ensure_not_ended(app, &seen)?;
    if seen.via.is_some() {
        return Err(Problem::token_exchanged(seen.version));
    }
    let next = patch.apply(app, call, &seen).await?;
    let changes = diff(&seen, &next);
    if changes.is_empty() {
        return token_response(app, &seen);
    }
    save(app, call, &seen, next, EventKind::Updated(changes)).await
}

/// Replaces the record that was read, unless another request changed it first.
pub(crate) async fn save(
    app: &App,
    call: &ApiRequest,
    seen: &TokenRecord,
    next: TokenRecord,
    what: EventKind,
) -> ApiResult {
    let change = TokenUpdate { seen, next, what, by: &call.author(), clock: &app.clock, limits: app.settings.limits };
    update_response(app, app.tokens.update(&change).await?)
}

/// Requested changes, each field validated on its own. An outer `None` leaves the field unchanged.
struct Patch {
    name: Option<TokenName>,
    description: Option<Option<Description>>,
    access: Option<GrantSpec>,
    allowed_ips: Option<IpAllowlist>,
    expires_at: Option<Option<Timestamp>>,
}

impl Patch {
    fn read(body: &Body, settings: &Settings, now: Timestamp) -> Result<Self, Problem> {
        let mut fields = JsonFields::read(body)?;
        for (field, why) in [("name", "a token has a name"), ("grants", "a token has at least one permission")] {
            if fields.take_if_null(field) {
                fields.error(field, format!("must not be removed: {why}"));
            }
        }
        let name = fields.optional("name");
        let removed = fields.take_if_null("description");
        let description = fields.optional("description").map(Some).or(removed.then_some(None));
        let access = GrantSpec::read_grants(&mut fields);
        let anywhere = fields.take_if_null("allowed_ips").then(IpAllowlist::default);
        let allowed_ips = fields.list("allowed_ips", MAX_NETWORKS).map(IpAllowlist::from).or(anywhere);
        // A merge patch is idempotent, so it takes no relative times.
        if fields.take("expires_in") {
            fields.error("expires_in", "is not a field of a token; send expires_at");
        }
        let expires_at = read_expiry(&mut fields, settings, now);
        fields.finish(KNOWN)?;
        Ok(Self { name, description, access, allowed_ips, expires_at })
    }

    /// The record with the patch applied, if the caller may grant the result.
    async fn apply(&self, app: &App, call: &ApiRequest, seen: &TokenRecord) -> Result<TokenRecord, Problem> {
        let mut next = seen.clone();
        if let Some(name) = &self.name {
            next.name = name.clone();
        }
        if let Some(description) = &self.description {
            next.description.clone_from(description);
        }
        if let Some(access) = &self.access {
            next.grants = access.expand(&call.catalog(app).await?.catalog, &call.caller)?;
            if next.grants != seen.grants {
                // The grants no longer match the role.
                next.role = None;
            }
        }
        if let Some(allowed_ips) = &self.allowed_ips {
            next.allowed_ips = allowed_ips.clone();
        }
        if let Some(expires_at) = self.expires_at {
            next.expires_at = expires_at;
        }
        // A name or description grants nothing. Any other change is checked against the whole record.
        if self.access.is_some() || self.allowed_ips.is_some() || self.expires_at.is_some() {
            let whole = GrantSpec::Grants(next.grants.clone());
            let (grants, allowed_ips, expires_at) = (&next.grants, &next.allowed_ips, next.expires_at);
            RequestedAccess { access: &whole, grants, allowed_ips, expires_at }.ensure_covered_by(&call.caller)?;
        }
        Ok(next)
    }
}

/// Changed fields, as the API shows them.
pub(crate) fn diff(seen: &TokenRecord, next: &TokenRecord) -> Vec<FieldChange> {
    let view = |record: &TokenRecord| {
        [
            ("name", json!(record.name.as_str())),
            ("description", json!(record.description.as_ref().map(Description::as_str))),
            ("role", json!(record.role.as_ref().map(ToString::to_string))),
            ("grants", json!(Grant::all(&record.grants))),
            ("allowed_ips", json!(record.allowed_ips.iter().map(ToString::to_string).collect::<Vec<_>>())),
            ("expires_at", json!(record.expires_at)),
        ]
    };
    let pairs = view(seen).into_iter().zip(view(next));
    pairs
        .filter(|((_, from), (_, to))| from != to)
        .map(|((field, from), (_, to))| FieldChange { field, from, to })
        .collect()
}
