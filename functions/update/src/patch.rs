//! `PATCH /tokens/{id}`: a JSON merge patch
//! ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396)) of what can be changed.

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

use crate::outcome::{alive, changed, shown};

const KNOWN: &str = "name, description, grants, allowed_ips, expires_at";

pub(crate) async fn patch(app: &App, call: &ApiRequest, request: &Request) -> ApiResult {
    let condition = IfMatch::required(request)?;
    let now = app.clock.now();
    let patch = Patch::read(request.body(), &app.settings, now)?;
    let seen = call.target_token(app).await?;
    condition.check(seen.version)?;
    alive(app, &seen)?;
    if seen.via.is_some() {
        return Err(Problem::token_exchanged(seen.version));
    }
    let next = patch.applied(app, call, &seen).await?;
    let changes = alterations(&seen, &next);
    if changes.is_empty() {
        return shown(app, &seen);
    }
    replace(app, call, &seen, next, EventKind::Updated(changes)).await
}

/// Puts a record in the place of the one that was read, unless somebody was quicker.
pub(crate) async fn replace(
    app: &App,
    call: &ApiRequest,
    seen: &TokenRecord,
    next: TokenRecord,
    what: EventKind,
) -> ApiResult {
    let change = TokenUpdate { seen, next, what, by: &call.author(), clock: &app.clock, limits: app.settings.limits };
    changed(app, app.tokens.update(&change).await?)
}

/// What is to be changed, each part of it good in itself; the outer `None` is "as it is".
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
        // A merge patch has no relative times: whoever repeats it means the same.
        if fields.take("expires_in") {
            fields.error("expires_in", "is not a field of a token; send expires_at");
        }
        let expires_at = read_expiry(&mut fields, settings, now);
        fields.finish(KNOWN)?;
        Ok(Self { name, description, access, allowed_ips, expires_at })
    }

    /// The record with the patch applied, if whoever asks may do that.
    async fn applied(&self, app: &App, call: &ApiRequest, seen: &TokenRecord) -> Result<TokenRecord, Problem> {
        let mut next = seen.clone();
        if let Some(name) = &self.name {
            next.name = name.clone();
        }
        if let Some(description) = &self.description {
            next.description.clone_from(description);
        }
        if let Some(access) = &self.access {
            next.grants = access.expand(&call.catalog(app).await?.catalog)?;
            if next.grants != seen.grants {
                // They are not those of the role any more.
                next.role = None;
            }
        }
        if let Some(allowed_ips) = &self.allowed_ips {
            next.allowed_ips = allowed_ips.clone();
        }
        if let Some(expires_at) = self.expires_at {
            next.expires_at = expires_at;
        }
        // A name gives nobody anything; the rest might, and then all of it counts.
        if self.access.is_some() || self.allowed_ips.is_some() || self.expires_at.is_some() {
            let whole = GrantSpec::Grants(next.grants.clone());
            let (grants, allowed_ips, expires_at) = (&next.grants, &next.allowed_ips, next.expires_at);
            RequestedAccess { access: &whole, grants, allowed_ips, expires_at }.ensure_covered_by(&call.caller)?;
        }
        Ok(next)
    }
}

/// What is different, as the HTTP API shows it.
pub(crate) fn alterations(seen: &TokenRecord, next: &TokenRecord) -> Vec<FieldChange> {
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
    let both = view(seen).into_iter().zip(view(next));
    both.filter(|((_, from), (_, to))| from != to)
        .map(|((field, from), (_, to))| FieldChange { field, from, to })
        .collect()
}
