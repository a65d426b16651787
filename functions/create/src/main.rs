//! Lambda entry point: a direct invocation creates the first admin token; every other event comes
//! from API Gateway.

use lambda_http::lambda_runtime::{self, Diagnostic};
use lambda_http::request::LambdaRequest;
use lambda_http::{Error, LambdaEvent, Request, Response, Service as _, service_fn};
use portcullis::env::Env;
use portcullis::{App, logging};
use portcullis_create::Bootstrap;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init(Env::process());
    let app = &App::start(Env::process()).await?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| Box::pin(handle(app, event)))).await
}

async fn handle(app: &App, event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    if let Some(payload) = Bootstrap::from_payload(&event.payload) {
        let created = portcullis_create::bootstrap(app, payload.map_err(|error| diagnostic(&error))?).await;
        return created.or_else(|problem| serde_json::to_value(problem).map_err(|error| diagnostic(&error)));
    }
    let request: LambdaRequest = serde_json::from_value(event.payload).map_err(|error| diagnostic(&error))?;
    let handler =
        service_fn(async |request: Request| Ok::<Response<_>, Error>(portcullis_create::handle(app, request).await));
    let event = LambdaEvent::new(request, event.context);
    let response = lambda_http::Adapter::from(handler).call(event).await.map_err(|error| diagnostic(&*error))?;
    serde_json::to_value(response).map_err(|error| diagnostic(&error))
}

fn diagnostic(error: &(impl std::fmt::Display + ?Sized)) -> Diagnostic {
    Diagnostic { error_type: "BadInvocation".to_owned(), error_message: error.to_string() }
}
