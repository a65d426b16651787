//! Lambda entry point: decide, write the audit line, respond, then run the deferred work.

use std::io;

use lambda_runtime::tower::service_fn;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, Runtime};
use portcullis::env::Env;
use portcullis::{App, logging};
use portcullis_authorizer::{
    Authorizer, AuthorizerError, AuthorizerResponse, Event, HttpApiResponseFormat, PostResponseLayer,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init(Env::process());
    let app = App::authorizer_from_env(Env::process())?;
    let format = HttpApiResponseFormat::from_env(Env::process(), app.settings.authz.cache_seconds)?;
    let authorizer = Authorizer::new(app, format)?;
    authorizer.warm_up().await;
    let post_response = PostResponseLayer::new(authorizer.clone());
    // Boxed, because the runtime moves it several times.
    let handler = service_fn(move |event: LambdaEvent<Event>| Box::pin(handle(authorizer.clone(), event)));
    Runtime::new(handler).layer(post_response).run().await
}

async fn handle(authorizer: Authorizer, event: LambdaEvent<Event>) -> Result<AuthorizerResponse, Diagnostic> {
    let mut outcome = authorizer.handle(event.payload).await;
    // TOKEN events have no request id from the gateway; Lambda's id finds the log too.
    outcome.audit.request_id.get_or_insert(event.context.request_id);
    // Without an audit line, the request is not allowed.
    outcome.audit.write_to(&mut io::stdout()).map_err(|_| diagnostic(AuthorizerError::NoDecision))?;
    PostResponseLayer::set_pending(outcome.note);
    outcome.response.map_err(diagnostic)
}

fn diagnostic(error: AuthorizerError) -> Diagnostic {
    Diagnostic { error_type: "AuthorizerError".to_owned(), error_message: error.to_string() }
}
