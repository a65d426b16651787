//! Many requests at once to one authorizer, on one thread.

use std::sync::Arc;
use std::time::Duration;

use authorizer::{Authorizer, Event, HttpApiResponseFormat, Outcome, PostResponseLayer};
use lambda_http::http;
use lambda_http::lambda_runtime::LambdaInvocation;
use lambda_http::tower::{Layer as _, Service as _};
use lambda_http::{Error, service_fn};
use portcullis::grants::{Grants, Resource};
use portcullis::secret::{PlaintextToken, TokenId};
use portcullis::token::TokenRecord;
use rand::rngs::SysRng;
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::{JoinSet, LocalSet};

use super::unavailable::app;
use super::{CreateOutcome, Sample, Table};

const REQUESTS: usize = 64;
const FOREVER: Duration = Duration::from_secs(3600);

/// A request with a token of its own.
#[derive(Clone)]
struct TokenRequest {
    request_id: String,
    token: TokenId,
    credential: String,
    allowed: bool,
}

impl TokenRequest {
    /// Puts a token into a table. Every other one is allowed the request.
    async fn prepared(table: &Table, number: usize) -> Self {
        let secret = PlaintextToken::generate(&"pcl".parse().unwrap(), &mut SysRng).unwrap();
        let allowed = number.is_multiple_of(2);
        let permission = if allowed { "apps:read" } else { "apps:write" };
        let grants = Grants::single(vec![permission.parse().unwrap()], vec![Resource::All]);
        let of_owner = Sample::owned_by(&format!("owner-{number}").parse().unwrap());
        let record = TokenRecord { id: secret.id().clone(), grants, ..of_owner.record };
        let sample = Sample { digest: secret.digest(), record };
        assert_eq!(sample.try_in(&table.tokens).await, CreateOutcome::Done);
        let (token, credential) = (secret.id().clone(), secret.expose_secret().to_owned());
        Self { request_id: format!("r-{number}"), token, credential, allowed }
    }

    async fn all(table: &Table) -> Vec<Self> {
        let mut requests = Vec::new();
        for number in 0..REQUESTS {
            requests.push(Self::prepared(table, number).await);
        }
        requests
    }

    async fn send(&self, authorizer: &Authorizer) -> Outcome {
        let event = json!({
            "type": "REQUEST",
            "methodArn": format!("arn:aws:execute-api:us-east-1:000000000000:demo/demo/GET/apps/{}", self.request_id),
            "multiValueHeaders": { "Authorization": [format!("Bearer {}", self.credential)] },
            "requestContext": { "requestId": self.request_id, "identity": { "sourceIp": "192.0.2.1" } },
        });
        authorizer.handle(serde_json::from_str::<Event>(&event.to_string()).unwrap()).await
    }
}

fn authorizer(table: &Table) -> Authorizer {
    let authorizer = Authorizer::new(app(table.another_client()), HttpApiResponseFormat::Simple).unwrap();
    authorizer.with_deadlines(FOREVER, FOREVER)
}

#[tokio::test(flavor = "current_thread")]
async fn each_of_many_requests_at_once_gets_its_own_decision() {
    let table = Table::fresh().await;
    let authorizer = authorizer(&table);
    let mut running = JoinSet::new();
    for request in TokenRequest::all(&table).await {
        let authorizer = authorizer.clone();
        running.spawn(async move { (request.send(&authorizer).await, request) });
    }
    for (outcome, request) in running.join_all().await {
        let audit = &outcome.audit;
        assert_eq!(audit.request_id.as_deref(), Some(&*request.request_id));
        assert_eq!(audit.api_token_id.as_deref(), Some(request.token.as_str()));
        assert_eq!(audit.path, Some(format!("/apps/{}", request.request_id)));
        let decided = if request.allowed { ("allow", None) } else { ("deny", Some("permission_missing")) };
        assert_eq!((audit.rbac_decision, audit.reason), decided);
        let response = outcome.response.unwrap();
        assert!(response.as_str().contains(request.token.as_str()), "{response:?}");
        assert_eq!(response.as_str().contains("Allow"), request.allowed, "{response:?}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn each_of_many_invocations_at_once_makes_its_own_write() {
    let table = Table::fresh().await;
    let (authorizer, requests) = (authorizer(&table), TokenRequest::all(&table).await);
    let layer = PostResponseLayer::new(authorizer.clone());
    // No response is sent before every invocation has its write.
    let decided = Arc::new(Barrier::new(REQUESTS));
    let invocations = LocalSet::new();
    for request in requests.clone() {
        let (authorizer, decided) = (authorizer.clone(), Arc::clone(&decided));
        let mut service = layer.layer(service_fn(move |_: LambdaInvocation| {
            let (authorizer, decided, request) = (authorizer.clone(), Arc::clone(&decided), request.clone());
            async move {
                PostResponseLayer::set_pending(request.send(&authorizer).await.note);
                decided.wait().await;
                Ok::<(), Error>(())
            }
        }));
        let (parts, ()) = http::Response::new(()).into_parts();
        let invocation = LambdaInvocation { parts, body: Default::default(), context: Default::default() };
        invocations.spawn_local(service.call(invocation));
    }
    invocations.await;
    for request in requests {
        let item = table.item(&request.token).await.unwrap();
        assert_eq!(item.contains_key("last_use"), request.allowed, "{}", request.request_id);
    }
}
