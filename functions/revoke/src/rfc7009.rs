//! `POST /revoke` ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)): revokes the token in its body
//! without any permission. The response is the same for unknown tokens.

use lambda_http::{Request, RequestExt as _};
use portcullis::App;
use portcullis::http::{ApiResult, Form, OAuthError, check_content_encoding, ok_empty, origin};
use portcullis::secret::PlaintextToken;
use portcullis::store::{ClientInfo, DeferredWrite, MatchedSecret, StatusChange};
use portcullis::token::{Actor, EventOrigin, RevocationDetails};

pub(crate) const ROUTE: &str = "/revoke";

pub(crate) async fn revoke(app: &App, request: &Request) -> ApiResult {
    check_content_encoding(request)?;
    // URLs are logged, so a token in one counts as leaked.
    if request.query_string_parameters_ref().is_some_and(|query| !query.is_empty()) {
        let refusal = OAuthError::new("Send token in the form body, not in the query.");
        return Ok(refusal.into_response());
    }
    let form = Form::read(request.body(), "token", &["token_type_hint"], &[]);
    let secret = match form.and_then(|form| Ok(PlaintextToken::parse(&app.settings.prefix, form.secret()?))) {
        Ok(Ok(secret)) => secret,
        Ok(Err(_)) => return Ok(ok_empty()),
        Err(refusal) => return Ok(refusal.into_response()),
    };
    let now = app.clock.now();
    let caller = origin(request);
    match app.tokens.match_secret(&secret, now).await? {
        Some(MatchedSecret::Current(credential) | MatchedSecret::Previous(credential))
            if !credential.record.has_expired(now) =>
        {
            let actor = Actor::Token(secret.id().clone());
            let ClientInfo { source_ip, agent } = caller;
            let author = EventOrigin { actor: Some(actor.clone()), source_ip, agent };
            let (seen, limits) = (&credential.record, app.settings.limits);
            let change = StatusChange { seen, actor: &actor, by: &author, clock: &app.clock, limits };
            app.tokens.revoke(&change, &RevocationDetails::default()).await?;
        }
        // A rotated-out secret does not revoke the token: it may have been found in an old log.
        Some(MatchedSecret::Retired(credential)) => {
            if let Some(note) =
                DeferredWrite::secret_reuse(&credential, app.settings.token.quarantine_on_reuse, &caller, now)
            {
                app.tokens.apply_deferred(&note, &app.clock, app.settings.limits.history_days).await?;
            }
        }
        Some(MatchedSecret::Current(_) | MatchedSecret::Previous(_)) | None => {}
    }
    Ok(ok_empty())
}
