//! Parts of a decision, for micro-benchmarks (`bench/benches`) and instruction counts.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use authorizer::Event;
use portcullis::authz::{
    AccessRequest, Api, ApiWidePolicy, Arn, AuthzContext, Decision, Principal, Settings, authorize,
};
use portcullis::catalog::Catalog;
use portcullis::clock::Timestamp;
use portcullis::secret::{PlaintextToken, TokenPrefix};

use crate::{Error, events, seed};

/// The numbers of grants and of routes that the decision is measured with.
const SCALES: [(usize, usize); 5] =
    [(1, seed::ROUTES), (seed::GRANTS, 1), (seed::GRANTS, seed::ROUTES), (seed::GRANTS, 500), (50, seed::ROUTES)];

const TOKEN: &str = "pcl_0123456789abcdefABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq";
const ARN: &str = "arn:aws:execute-api:us-east-1:123456789012:s4x3opwd6i/v1/GET/apps/billing";
/// Its path has no route. With 500 routes, it is another spelling of the path of one.
const ARN_WITHOUT_ROUTE: &str =
    "arn:aws:execute-api:us-east-1:123456789012:s4x3opwd6i/v1/GET/apps/billing/service-499.json";
const ISSUER: &str = "https://id.example.com";
/// 2027-01-15T08:00:00Z
const NOW: i64 = 1_800_000_000;

/// A part of a decision, ready to run.
pub struct Case {
    /// Its name.
    pub name: String,
    run: Box<dyn Fn() -> Result<(), Error>>,
}

impl Case {
    fn new(name: impl Into<String>, run: impl Fn() -> Result<(), Error> + 'static) -> Self {
        Self { name: name.into(), run: Box::new(run) }
    }

    /// Runs it once.
    ///
    /// # Errors
    /// When the result is not the expected one.
    pub fn run(&self) -> Result<(), Error> {
        (self.run)()
    }
}

/// All cases.
///
/// # Errors
/// When the data of a case is invalid.
pub fn all() -> Result<Vec<Case>, Error> {
    let prefix = TokenPrefix::default();
    let token = token()?;
    let event = events::request(&token)?;
    let parsed = PlaintextToken::parse(&prefix, &token)?;
    let mut cases = vec![
        Case::new("token: parse", move || {
            PlaintextToken::parse(black_box(&prefix), black_box(&token))?;
            Ok(())
        }),
        Case::new("token: digest", move || {
            black_box(black_box(&parsed).digest());
            Ok(())
        }),
        Case::new("event: parse", move || {
            let event: Event = serde_json::from_slice(black_box(&event))?;
            black_box(event);
            Ok(())
        }),
    ];
    for (grants, routes) in SCALES {
        cases.push(decision(format!("decision: {grants} grants, {routes} routes"), ARN, grants, routes)?);
    }
    for routes in [1, 500] {
        let name = format!("decision: path without a route, {routes} routes");
        cases.push(decision(name, ARN_WITHOUT_ROUTE, seed::GRANTS, routes)?);
    }
    cases.push(parse_catalog(500)?);
    cases.push(api_wide_policy()?);
    Ok(cases)
}

/// A token of a fixed text, so that the counts repeat.
fn token() -> Result<String, Error> {
    let mut body = TOKEN.chars().cycle().skip(4).filter(char::is_ascii_alphanumeric).take(59).collect::<String>();
    body.insert_str(0, "pcl_");
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let sum = crc32fast::hash(body.as_bytes());
    for power in (0..6).rev() {
        let digit = digits.get((sum / 62_u32.pow(power) % 62) as usize).ok_or("no digit")?;
        body.push(char::from(*digit));
    }
    Ok(body)
}

fn decision(name: String, arn: &'static str, grants: usize, routes: usize) -> Result<Case, Error> {
    let (principal, catalog) = (principal(grants)?, seed::catalog(routes, ISSUER)?);
    Ok(Case::new(name, move || {
        let rules = AuthzContext::new(&catalog, &Settings::default());
        let arn = Arn::parse(black_box(arn)).ok_or("not an ARN")?;
        let from = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
        let request = AccessRequest { api: Api::Protected, target: arn.target, from };
        let decision = authorize(Some(black_box(&principal)), &rules, &request, Timestamp::from_seconds(NOW));
        if decision == Decision::Allow { Ok(()) } else { Err(format!("{decision:?}").into()) }
    }))
}

fn parse_catalog(routes: usize) -> Result<Case, Error> {
    let document = seed::catalog(routes, ISSUER)?.to_document().to_string();
    Ok(Case::new(format!("catalog: parse, {routes} routes"), move || {
        black_box(Catalog::from_stored(black_box(&document)).ok_or("not a catalog")?);
        Ok(())
    }))
}

fn api_wide_policy() -> Result<Case, Error> {
    let (principal, catalog) = (principal(seed::GRANTS)?, Catalog::default_catalog());
    Ok(Case::new(format!("policy: whole API, {} grants", seed::GRANTS), move || {
        let rules = AuthzContext::new(catalog, &Settings::default());
        let arn = Arn::parse(black_box(ARN)).ok_or("not an ARN")?;
        let now = Timestamp::from_seconds(NOW);
        black_box(ApiWidePolicy::compile(black_box(&principal), &rules, &arn, true, now)?.document());
        Ok(())
    }))
}

fn principal(grants: usize) -> Result<Principal, Error> {
    let secret = PlaintextToken::parse(&TokenPrefix::default(), &token()?)?;
    let record = seed::record(&secret, seed::grants(grants)?, Timestamp::from_seconds(NOW))?;
    Ok(Principal::Token(Box::new(record)))
}
