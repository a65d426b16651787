//! A table with an administrator, a catalog and as many owners as needed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use authorizer::{Authorizer, HttpApiResponseFormat, Outcome};
use portcullis::catalog::Catalog;
use portcullis::clock::{Clock, Timestamp};
use portcullis::grants::{Grants, Resource};
use portcullis::oidc;
use portcullis::secret::PlaintextToken;
use portcullis::store::{CatalogWrite, CreateOutcome, Limits, Timeouts};
use portcullis::token::{Actor, EventOrigin, TokenRecord};
use portcullis::{App, Settings};
use rand::rngs::SysRng;
use serde_json::json;

use crate::store::fixture::Table;
use crate::store::unavailable::asked;
use crate::support::{AUDIENCE, Issuer, provider};

pub(super) const FOREVER: Duration = Duration::from_secs(3600);
/// Maximum number of live tokens per owner.
pub(super) const LIMIT: u32 = 2;
/// The caller of the functions.
const ADMIN: &str = "0123456789abcdef";

/// A table, and an issuer of identities and sessions.
pub(super) struct World {
    pub(super) table: Table,
    pub(super) issuer: Arc<Issuer>,
    owners: AtomicUsize,
    /// The authorizer and the functions, without faults.
    authorizer: Authorizer,
    pub(super) functions: App,
}

/// A token and its secret.
pub(super) struct StoredToken {
    pub(super) id: String,
    pub(super) secret: String,
}

/// The settings of the functions.
pub(super) fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.limits = Limits { live_tokens: LIMIT, ..settings.limits };
    settings.token.quarantine_on_reuse = true;
    settings.oidc.timeout = FOREVER;
    settings
}

/// When tokens were created: an hour ago.
pub(super) fn created_at() -> Timestamp {
    static BEGUN: LazyLock<Timestamp> = LazyLock::new(|| Clock::system().now().truncated_to_seconds());
    BEGUN.plus_seconds(-3600)
}

impl World {
    pub(super) async fn new() -> Self {
        let world = Self::without_catalog(Arc::new(Issuer::start())).await;
        let catalog = json!({
            "permissions": {
                "apps:write": {"description": "", "approval": {"valid_for": "15m", "token_approvers": true}},
            },
            "roles": {"reader": {"permissions": ["apps:read"]}},
            "sessions": {"groups": {"readers": "reader"}},
            "trust": [{
                "name": "job", "issuer": world.issuer.url, "audience": AUDIENCE, "lifetime": "10m",
                "claims": {"repository": "acme/billing"},
                "grants": [{"permissions": ["apps:read"], "resources": ["apps/billing"]}],
            }],
        });
        let catalog = Catalog::read(&catalog).unwrap();
        let put = world.table.tokens.put_catalog(&catalog, 0, &Actor::Bootstrap, Clock::system().now()).await;
        assert_eq!(put.unwrap(), CatalogWrite::Done(1));
        world
    }

    pub(super) async fn without_catalog(issuer: Arc<Issuer>) -> Self {
        let table = Table::in_process().await;
        let authorizer = authorizer(&table, table.engine_url(), Timeouts::ONE_MACHINE, &issuer, Clock::system());
        let functions = App { tokens: table.another_client(), settings: settings(), clock: Clock::system() };
        let world = Self { table, issuer, owners: AtomicUsize::new(0), authorizer, functions };
        let secret =
            PlaintextToken::generate_for(&"pcl".parse().unwrap(), &ADMIN.parse().unwrap(), &mut SysRng).unwrap();
        world.store(&secret, "admin", "*", Resource::All, None).await;
        world
    }

    /// An owner without tokens.
    pub(super) fn new_owner(&self) -> String {
        format!("case-{}", self.owners.fetch_add(1, Ordering::SeqCst))
    }

    /// A token that may read an app. It expires in so many seconds.
    pub(super) async fn token_until(&self, owner: &str, seconds: Option<i64>) -> StoredToken {
        let secret = PlaintextToken::generate(&"pcl".parse().unwrap(), &mut SysRng).unwrap();
        self.store(&secret, owner, "apps:*", "apps/billing".parse().unwrap(), seconds).await;
        StoredToken { id: secret.id().to_string(), secret: secret.expose_secret().to_owned() }
    }

    /// A token that is not in the table.
    pub(super) fn unknown_token(&self) -> StoredToken {
        let secret = PlaintextToken::generate(&"pcl".parse().unwrap(), &mut SysRng).unwrap();
        StoredToken { id: secret.id().to_string(), secret: secret.expose_secret().to_owned() }
    }

    async fn store(&self, secret: &PlaintextToken, owner: &str, permission: &str, on: Resource, seconds: Option<i64>) {
        let (now, created_at) = (Clock::system().now().truncated_to_seconds(), created_at());
        let grants = Grants::single(vec![permission.parse().unwrap()], vec![on]);
        let (id, name, owner) = (secret.id().clone(), "sample".parse().unwrap(), owner.parse().unwrap());
        let expires_at = seconds.map(|seconds| now.plus_seconds(seconds));
        let record =
            TokenRecord { expires_at, ..TokenRecord::new(id, name, owner, grants, Actor::Bootstrap, created_at) };
        let by = EventOrigin { actor: Some(Actor::Bootstrap), source_ip: None, agent: None };
        let (clock, limits) = (Clock::from_fn(move || created_at), settings().limits);
        let created = self.table.tokens.create(&record, &secret.digest(), &by, &clock, limits).await;
        assert_eq!(created.unwrap(), CreateOutcome::Done);
    }

    /// A new instance of the functions. Its clock stands still, so that no time limit of a call passes.
    pub(super) fn app(&self, url: &str, timeouts: Timeouts) -> App {
        let now = Clock::system().now();
        let clock = Clock::from_fn(move || now);
        App { tokens: self.table.behind_with(url, timeouts), clock, ..self.functions.clone() }
    }

    /// A new instance of the authorizer, with this clock.
    pub(super) fn authorizer(&self, url: &str, timeouts: Timeouts, clock: Clock) -> Authorizer {
        authorizer(&self.table, url, timeouts, &self.issuer, clock)
    }

    /// The decision on a request with this token, without faults.
    pub(super) async fn ask(&self, credential: &str) -> Outcome {
        asked(&self.authorizer, credential).await
    }

    /// Whether a request with this token is allowed, without faults.
    pub(super) async fn allows(&self, credential: &str) -> bool {
        match self.ask(credential).await.audit.rbac_decision {
            "allow" => true,
            "deny" => false,
            other => panic!("there is no decision: {other}"),
        }
    }
}

fn authorizer(table: &Table, url: &str, timeouts: Timeouts, issuer: &Issuer, clock: Clock) -> Authorizer {
    let mut settings = settings();
    settings.oidc = oidc::Settings { provider: Some(provider(&issuer.url)), timeout: FOREVER };
    let app = App { tokens: table.items_behind(url, timeouts), settings, clock };
    Authorizer::new(app, HttpApiResponseFormat::Simple).unwrap().with_deadlines(FOREVER, FOREVER)
}
