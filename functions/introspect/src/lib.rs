//! `POST /introspect` ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)): what a token is worth,
//! for services that stand behind no gateway. The answer is that of the very `decide` which the
//! authorizer asks.

use std::net::IpAddr;
use std::str::FromStr as _;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use portcullis::App;
use portcullis::api_types::{Activity, Grant, Introspection, Verdict};
use portcullis::authz::{Api, Decision, Principal, Reason, Rules, decide};
use portcullis::clock::Timestamp;
use portcullis::grants::Permission;
use portcullis::http::{
    Answer, AskedApi, Call, DescribedRequest, Form, FormError, Problem, json, parse_source_ip, respond,
};
use portcullis::secret::Secret;
use portcullis::store::{Caller, Note, Presented};
use portcullis::text::redact;
use portcullis::token::{Record, Standing};
use portcullis::validation::Invalid;

const KNOWN: [&str; 5] = ["token_type_hint", "method", "path", "api", "source_ip"];

/// Answers a call.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    respond(&request, introspect(app, &request).await)
}

async fn introspect(app: &App, request: &Request) -> Answer {
    let call = Call::read(app, request).await?;
    call.parameters([])?;
    if call.route != "/introspect" {
        return Err(Problem::not_found());
    }
    let form = Form::read(request.body(), "token", &KNOWN, &[]);
    let read = form.and_then(|form| Ok((Secret::parse(&app.settings.prefix, form.secret()?), Question::read(&form)?)));
    let (secret, question) = match read {
        Ok(read) => read,
        Err(refusal) => return Ok(refusal.into_response()),
    };
    let record = match secret {
        Ok(secret) => alive(app, &secret, question.source_ip).await?,
        Err(_) => None,
    };
    match record {
        None => Ok(json(StatusCode::OK, &Activity { active: false })),
        Some(record) => {
            let catalog = call.catalog(app).await?;
            let rules = Rules::of(&catalog.catalog, &app.settings.authz);
            let active = introspection(record, &question, &rules, app.clock.now());
            Ok(json(StatusCode::OK, &active))
        }
    }
}

/// The token that a secret opens at this moment, from there.
async fn alive(app: &App, secret: &Secret, from: Option<IpAddr>) -> Result<Option<Record>, Problem> {
    let now = app.clock.now();
    match app.tokens.present(secret, now).await? {
        None => Ok(None),
        Some(Presented::Ended(credential)) => {
            // The audit log has whoever asks; that this was asked about is said here.
            tracing::warn!(token_id = %secret.id(), reason = Reason::SecretReuse.as_str(), "an ended secret was asked about");
            // Where it came from, the caller has said.
            let caller = Caller { source_ip: from, agent: None };
            if let Some(note) = Note::of_reuse(&credential, app.settings.token.quarantine_on_reuse, &caller, now) {
                app.tokens.note(&note, &app.clock, app.settings.limits.history_days).await?;
            }
            Ok(None)
        }
        Some(Presented::Current(credential) | Presented::Superseded(credential)) => {
            let record = credential.record;
            let good = record.standing(now, app.settings.authz.max_idle_days) == Standing::Active
                && record.allowed_ips.allow(from);
            Ok(good.then_some(record))
        }
    }
}

/// What is asked besides: about one request, or nothing.
struct Question {
    request: Option<DescribedRequest>,
    source_ip: Option<IpAddr>,
}

impl Question {
    fn read(form: &Form) -> Result<Self, FormError> {
        let api = parsed(form, "api", AskedApi::from_str)?.map_or(Api::Protected, |AskedApi(api)| api);
        let source_ip = parsed(form, "source_ip", parse_source_ip)?;
        let request = match (parsed(form, "method", str::parse)?, parsed(form, "path", str::parse)?) {
            (None, None) => None,
            (Some(method), Some(path)) => Some(DescribedRequest { method, path, api, source_ip }),
            _ => return Err(FormError::new("method and path go together.")),
        };
        Ok(Self { request, source_ip })
    }
}

fn parsed<T>(form: &Form, name: &str, parse: fn(&str) -> Result<T, Invalid>) -> Result<Option<T>, FormError> {
    form.field(name).map(parse).transpose().map_err(|invalid| FormError::new(format!("{name} {invalid}.")))
}

fn introspection(record: Record, question: &Question, rules: &Rules<'_>, now: Timestamp) -> Introspection {
    let scope = record.grants.scope();
    let (id, owner) = (record.id.to_string(), record.owner.to_string());
    let (name, grants) = (record.name.to_string(), Grant::all(&record.grants));
    let (iat, exp) = (record.created_at.seconds(), record.expires_at.map(Timestamp::seconds));
    let principal = Principal::Token(Box::new(record));
    let decision = question.request.as_ref().map(|request| decide(Some(&principal), rules, &request.asked(), now));
    Introspection {
        active: true,
        token_type: "Bearer".to_owned(),
        client_id: id,
        name,
        sub: owner.clone(),
        username: owner,
        scope,
        grants,
        iat,
        exp,
        verdict: decision.map(verdict),
    }
}

fn verdict(decision: Decision) -> Verdict {
    let (reason, missing) = match decision {
        Decision::Allow => (None, None),
        Decision::Refuse(reason) => (Some(reason), None),
        Decision::Forbid(reason, missing) => (Some(reason), Some(missing)),
    };
    let missing = missing.unwrap_or_default();
    Verdict {
        allowed: reason.is_none(),
        reason: reason.map(|reason| reason.as_str().to_owned()),
        permission: missing.permission.as_ref().map(Permission::to_string),
        resource: missing.resource.map(|resource| redact(&resource).into_owned()),
    }
}
