//! Wiring: decide, write the audit line, answer; then the bookkeeping.

use std::io;

use lambda_runtime::tower::service_fn;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, Runtime};
use portcullis::env::Env;
use portcullis::{App, logging};
use portcullis_authorizer::{Authorizer, AuthorizerError, Event, HttpApiResponseFormat, PostResponseLayer};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init(Env::process());
    let app = App::from_env(Env::process())?;
    let answer = HttpApiResponseFormat::from_env(Env::process(), app.settings.authz.cache_seconds)?;
    let authorizer = Authorizer::new(app, answer)?;
    authorizer.warm_up().await;
    let bookkeeping = PostResponseLayer::new(authorizer.clone());
    let left = bookkeeping.clone();
    let decide = service_fn(move |event: LambdaEvent<Event>| decided(authorizer.clone(), left.clone(), event));
    Runtime::new(decide).layer(bookkeeping).run().await
}

async fn decided(
    authorizer: Authorizer,
    left: PostResponseLayer,
    event: LambdaEvent<Event>,
) -> Result<Value, Diagnostic> {
    let mut verdict = authorizer.handle(event.payload).await;
    // TOKEN events have no id of the gateway's; Lambda's own still finds the log.
    verdict.audit.request_id.get_or_insert(event.context.request_id);
    // No line, no entry.
    verdict.audit.write_to(&mut io::stdout()).map_err(|_| refused(AuthorizerError::NoDecision))?;
    left.leave(verdict.note);
    verdict.answer.map_err(refused)
}

fn refused(refusal: AuthorizerError) -> Diagnostic {
    Diagnostic { error_type: "AuthorizerError".to_owned(), error_message: refusal.to_string() }
}
