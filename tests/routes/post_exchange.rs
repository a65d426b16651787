//! `POST /exchange`: a CI job's ID token for a short-lived API token; and the sign-in metadata,
//! which the same function serves.

use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::{AuditLog, Issuer, Response, Stack, Token, isolated_stack};

const GRANT: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange";
const ID_TOKEN: &str = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token";

/// A deployment that trusts the issuer's jobs on the main branch of `acme/billing`.
pub(super) fn trusting(issuer: &Issuer, settings: impl FnOnce(&mut local::Options) + Send + 'static) -> Stack {
    let stack = isolated_stack(settings);
    stack.put_catalog(&catalog(issuer));
    stack
}

fn catalog(issuer: &Issuer) -> Value {
    json!({ "trust": [{
        "name": "deploy-billing", "issuer": issuer.url, "audience": "https://tokens.example.com",
        "claims": {"repository": "acme/billing", "ref": ["refs/heads/main", "refs/tags/v*"]},
        "grants": [
            {"permissions": ["apps:write", "apps:read"], "resources": ["apps/billing"]},
            {"permissions": ["tokens:read"], "resources": ["tokens"]},
        ],
        "lifetime": "10m",
    }]})
}

fn send(stack: &Stack, identity: &str, more: &str) -> Response {
    let form = format!("grant_type={GRANT}&subject_token_type={ID_TOKEN}&subject_token={identity}{more}");
    stack.post("/exchange").form(form).send()
}

pub(super) fn exchange(stack: &Stack, identity: &str) -> Response {
    send(stack, identity, "")
}

/// The issued token.
#[track_caller]
fn token(response: &Response) -> Token {
    Token::exchanged_in(response)
}

#[track_caller]
fn refused(response: Response, error: &str, why: &str) {
    let body = response.expect(400).json();
    assert_eq!(body["error"], error, "{body}");
    assert!(body["error_description"].as_str().unwrap().contains(why), "{body}");
}

fn with(mut claims: Value, claim: &str, value: Value) -> Value {
    claims[claim] = value;
    claims
}

#[test]
fn a_jobs_identity_is_exchanged_for_a_token_with_its_rules_grants() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer, |_| {});
    let response = exchange(&stack, &issuer.signs(&issuer.claims())).expect(200);
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let shown = response.json();
    assert_eq!(shown["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    assert_eq!((&shown["token_type"], &shown["expires_in"]), (&json!("Bearer"), &json!(600)));
    assert_eq!(shown["scope"], "apps:read apps:write tokens:read");
    // No further fields: some OAuth clients read `expires_at`, which is not standard, as a number.
    let names: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    let standard = ["access_token", "expires_in", "issued_token_type", "scope", "token_type"];
    let (standard, own): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| standard.contains(name));
    assert_eq!((standard.len(), own), (5, vec!["rule", "token_id", "via"]));
    let job = token(&response);
    stack.post("/demo/apps/billing/builds").bearer(&job).send().expect(200);
    stack.post("/demo/apps/payroll/builds").bearer(&job).send().problem(403, "insufficient_scope");
    let me = stack.get("/me").bearer(&job).send().expect(200).json();
    assert_eq!((&me["owner"], &me["token_name"]), (&json!("trust:deploy-billing"), &json!("deploy-billing")));
}

#[test]
fn lists_and_the_audit_log_show_the_identity_of_an_exchanged_token() {
    let issuer = Issuer::start();
    let log = AuditLog::default();
    let audit = log.clone();
    let stack = trusting(&issuer, move |options| {
        options.audit_log = Box::new(audit);
        options.log = local::LogFormat::Json;
    });
    log.take();
    let job = token(&exchange(&stack, &issuer.signs(&issuer.claims())).expect(200));
    stack.get("/demo/apps/billing").bearer(&job).send().expect(200);
    let via = format!("{}:acme/billing@refs/heads/main", issuer.url.trim_start_matches("http://"));
    let lines = log.take();
    let of = |line: &Value| {
        ["principal_type", "path", "rbac_decision", "via", "api_token_id"].map(|field| line[field].clone())
    };
    let id = json!(job.id);
    assert_eq!(
        lines.iter().map(of).collect::<Vec<_>>(),
        [
            [json!("identity"), json!("/exchange"), json!("allow"), json!(via), id.clone()],
            [json!("token"), json!("/apps/billing"), json!("allow"), json!(via), id],
        ]
    );
    let shown = stack.get(&job.path()).bearer(&stack.admin).send().expect(200).json();
    assert_eq!((&shown["via"], &shown["created_by"]), (&json!(via), &json!("trust:deploy-billing")));
    let listed = stack.get("/tokens?owner=trust:deploy-billing").bearer(&stack.admin).send().expect(200).json();
    assert_eq!(listed["tokens"][0]["via"], via);
    let events = stack.get(&format!("{}/events", job.path())).bearer(&stack.admin).send().expect(200).json();
    let kinds: Vec<_> = events["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert!(kinds.contains(&json!("created")), "{kinds:?}");
}

#[test]
fn of_concurrent_exchanges_of_one_identity_one_succeeds() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer, |_| {});
    let identity = issuer.signs(&issuer.claims());
    let statuses: Vec<_> = thread::scope(|scope| {
        let racing: Vec<_> = (0..16).map(|_| scope.spawn(|| exchange(&stack, &identity).status)).collect();
        racing.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 400)), "{statuses:?}");
    refused(exchange(&stack, &identity), "invalid_request", "can be exchanged once");
    // A new signature does not make it a new identity.
    let claims = issuer.claims();
    exchange(&stack, &issuer.signs(&claims)).expect(200);
    let header = json!({"alg": "Ed25519", "kid": "one"});
    for again in [issuer.signs(&with(claims.clone(), "sha", json!("x"))), issuer.signs_with(&header, &claims)] {
        refused(exchange(&stack, &again), "invalid_request", "can be exchanged once");
    }
}

#[test]
fn an_identity_without_a_jti_is_exchanged_only_once() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer, |_| {});
    let nameless = || {
        let mut claims = issuer.claims();
        let job = claims.as_object_mut().unwrap().remove("jti").unwrap();
        issuer.signs(&with(claims, "job", job))
    };
    let identity = nameless();
    let statuses: Vec<_> = thread::scope(|scope| {
        let racing: Vec<_> = (0..8).map(|_| scope.spawn(|| exchange(&stack, &identity).status)).collect();
        racing.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    for same in [identity.clone(), format!("%20{identity}%0D%0A")] {
        refused(exchange(&stack, &same), "invalid_request", "can be exchanged once");
    }
    let (signed, signature) = identity.rsplit_once('.').unwrap();
    for altered in [format!("{identity}%3D"), format!("{signed}%3D.{signature}"), format!("{signed}.{signature}A")] {
        refused(exchange(&stack, &altered), "invalid_request", "The subject_token is invalid");
    }
    exchange(&stack, &nameless()).expect(200);
}

#[test]
fn the_same_jti_from_two_issuers_counts_as_two_identities() {
    let (one, other) = (Issuer::start(), Issuer::start());
    let stack = isolated_stack(|_| {});
    let mut both = catalog(&one);
    let mut rule = catalog(&other)["trust"][0].clone();
    rule["name"] = json!("other");
    both["trust"].as_array_mut().unwrap().push(rule);
    stack.put_catalog(&both);
    let claims = one.claims();
    exchange(&stack, &one.signs(&claims)).expect(200);
    // Signed by one issuer with the `iss` of the other.
    let theirs = with(claims.clone(), "iss", json!(other.url));
    refused(exchange(&stack, &one.signs(&theirs)), "invalid_request", "signature");
    let response = exchange(&stack, &other.signs(&theirs)).expect(200).json();
    assert_eq!(response["rule"], "other");
}

#[test]
fn without_a_matching_rule_no_response_reveals_the_rules() {
    let issuer = Issuer::start();
    let log = AuditLog::default();
    let audit = log.clone();
    let stack = trusting(&issuer, move |options| {
        options.audit_log = Box::new(audit);
        options.log = local::LogFormat::Json;
    });
    for (claim, value) in [
        ("repository", json!("acme/payroll")),
        ("ref", json!("refs/heads/dev")),
        ("ref", json!("refs/tags/v1/x")),
        ("ref", json!("refs/tags/v1:x")),
        ("ref", json!("refs/heads/main\nrefs/tags/v1")),
        ("ref", json!("refs/heads/main\0")),
        ("ref", json!(" refs/heads/main")),
        ("ref", json!("*")),
        ("ref", json!("refs/tags/x")),
        ("repository", json!("Acme/billing")),
        ("repository", json!("\u{430}cme/billing")),
        ("repository", json!("acme\u{2215}billing")),
        ("repository", json!("acme/billing\u{200b}")),
        ("repository", json!("acme/billing\n")),
        ("repository", json!("acme/billing\0x")),
        ("repository", json!("acme%2Fbilling")),
        ("repository", json!("acme/../acme/billing")),
        ("repository", json!("acme/billing/x")),
        ("repository", json!("*/*")),
        ("repository", json!({"acme/billing": "acme/billing"})),
        ("repository", json!([["acme/billing"]])),
        ("repository", json!(["evil/x"])),
        ("repository", Value::Null),
    ] {
        log.take();
        let response = exchange(&stack, &issuer.signs(&with(issuer.claims(), claim, value.clone())));
        let body = response.expect(400).json();
        let told = body["error_description"].as_str().unwrap();
        assert!(told.contains("no trust rule matches it") && !told.contains("deploy-billing"), "{told}");
        let line = log.take().remove(0);
        assert_eq!((&line["rbac_decision"], &line["reason"]), (&json!("deny"), &json!("untrusted")));
        let detail = line["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("deploy-billing: {claim} is")), "{detail}");
    }
}

#[test]
fn identities_with_a_wrong_signature_audience_or_time_are_refused() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer, |_| {});
    let good = issuer.claims();
    let now = good["iat"].as_i64().unwrap();
    let other = Issuer::start();
    let forged = Issuer::start();
    let header = |more: Value| crate::support::merge_json(json!({"alg": "EdDSA", "kid": "one", "typ": "JWT"}), more);
    for (identity, why) in [
        (issuer.signs(&with(good.clone(), "aud", json!("https://other.example.com"))), "no trust rule for this"),
        (other.signs(&other.claims()), "no trust rule for this"),
        (forged.signs(&good), "signature"),
        (issuer.signs(&with(good.clone(), "exp", json!(now - 3600))), "expired"),
        (issuer.signs(&with(good.clone(), "nbf", json!(now + 3600))), "not valid yet"),
        (issuer.signs(&with(good.clone(), "jti", Value::Null)), "jti"),
        (issuer.signs(&with(good.clone(), "jti", json!(""))), "jti"),
        (issuer.signs(&with(good.clone(), "jti", json!("x".repeat(513)))), "jti"),
        (issuer.signs(&with(good.clone(), "sub", json!(7))), "claim is missing"),
        (issuer.signs_with(&header(json!({"alg": "none"})), &good), "algorithm"),
        (issuer.signs_with(&header(json!({"alg": "HS256"})), &good), "algorithm"),
        (issuer.signs_with(&header(json!({"kid": "two"})), &good), "no key with this id"),
        (issuer.signs_with(&header(json!({"typ": "logout+jwt"})), &good), "typ"),
        ("a.b.c".to_owned(), "The subject_token is invalid"),
        (stack.admin.clone(), "not a signed JWT"),
    ] {
        refused(exchange(&stack, &identity), "invalid_request", why);
    }
    // None of these requests used up the identity.
    exchange(&stack, &issuer.signs(&good)).expect(200);
    assert_eq!(other.fetched(), 0, "no other issuer's keys are fetched");
}

#[test]
fn issuer_and_audience_must_match_the_rule_exactly() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer, |_| {});
    let (url, audience) = (&issuer.url, "https://tokens.example.com");
    let cyrillic = audience.replace('o', "\u{43e}");
    let variants = |text: &str| {
        [
            json!(format!("{text}/")),
            json!(format!("{text}\n")),
            json!(format!("{text}\0")),
            json!(format!(" {text}")),
            json!(format!("{text}#")),
            json!(format!("{text}/../")),
            json!(text.to_uppercase()),
            json!(text.replacen("//", "//x@", 1)),
            json!(text.replacen(':', "%3A", 1)),
            json!("*"),
            json!(""),
            json!([]),
            json!([[text]]),
            json!({text: text}),
            json!(null),
        ]
    };
    for iss in variants(url).into_iter().chain([json!([url])]) {
        let response = exchange(&stack, &issuer.signs(&with(issuer.claims(), "iss", iss)));
        refused(response, "invalid_request", "The subject_token is invalid");
    }
    let lists = [json!(cyrillic), json!([cyrillic, "other"]), json!([audience, 7]), json!(format!("{audience} other"))];
    for aud in variants(audience).into_iter().chain(lists) {
        let response = exchange(&stack, &issuer.signs(&with(issuer.claims(), "aud", aud)));
        refused(response, "invalid_request", "The subject_token is invalid");
    }
    assert_eq!(issuer.fetched(), 0, "that needs no key");
    for aud in [json!([audience]), json!(["other", audience])] {
        exchange(&stack, &issuer.signs(&with(issuer.claims(), "aud", aud))).expect(200);
    }
}

#[test]
fn no_jose_header_makes_a_forged_identity_valid() {
    let (issuer, forger) = (Issuer::start(), Issuer::start());
    let stack = trusting(&issuer, |_| {});
    let claims = issuer.claims();
    let header = |more: Value| crate::support::merge_json(json!({"alg": "EdDSA", "kid": "one", "typ": "JWT"}), more);
    let not_taken = |identity: &str, what: &str| {
        let body = exchange(&stack, identity).expect(400).json();
        let told = body["error_description"].as_str().unwrap();
        assert!(told.starts_with("The subject_token is invalid: "), "{what}: {told}");
    };
    for alg in ["none", "None", "nOnE", "", "HS256", "HS384", "RS256", "ES256", "PS256", "eddsa", "ED25519", "Ed448"] {
        let signed = issuer.signs_with(&header(json!({"alg": alg})), &claims);
        let (body, _) = signed.rsplit_once('.').unwrap();
        not_taken(&signed, alg);
        not_taken(&format!("{body}."), alg);
        not_taken(body, alg);
        // The public key as HMAC secret.
        for secret in [issuer.public_key().to_vec(), URL_SAFE_NO_PAD.encode(issuer.public_key()).into(), Vec::new()] {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret);
            let signature = URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, body.as_bytes()));
            not_taken(&format!("{body}.{signature}"), alg);
        }
    }
    let own = json!({"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": URL_SAFE_NO_PAD.encode(forger.public_key())});
    for forged in [
        json!({}),
        json!({"jwk": own}),
        json!({"jku": format!("{}/keys", forger.url)}),
        json!({"x5u": format!("{}/keys", forger.url)}),
        json!({"x5c": ["AAAA"]}),
        json!({"kid": format!("{}/keys", forger.url)}),
        json!({"iss": forger.url}),
    ] {
        not_taken(&forger.signs_with(&header(forged.clone()), &claims), &forged.to_string());
    }
    assert_eq!(forger.fetched(), 0);
    for odd in [
        json!({"crit": null}),
        json!({"crit": []}),
        json!({"crit": ["exp"]}),
        json!({"kid": null}),
        json!({"kid": 1}),
        json!({"kid": ""}),
        json!({"kid": "ONE"}),
        json!({"kid": "one\0"}),
        json!({"kid": "one\n"}),
        json!({"kid": "../one"}),
        json!({"kid": "\u{43e}ne"}),
        json!({"typ": 7}),
        json!({"typ": ""}),
        json!({"typ": "logout+jwt"}),
        json!({"typ": "text/jwt"}),
        json!({"alg": null}),
        json!({"alg": ["EdDSA"]}),
    ] {
        not_taken(&issuer.signs_with(&header(odd.clone()), &claims), &odd.to_string());
    }
    let doubled = |object: &Value, name: &str| {
        let text = object.to_string();
        format!("{},{}:{}}}", text.strip_suffix('}').unwrap(), json!(name), object[name])
    };
    for name in ["alg", "kid", "typ"] {
        not_taken(&issuer.signs_text(&doubled(&header(json!({})), name), &claims.to_string()), name);
    }
    for name in claims.as_object().unwrap().keys() {
        not_taken(&issuer.signs_text(&header(json!({})).to_string(), &doubled(&claims, name)), name);
    }
    // None of these requests used up the identity.
    exchange(&stack, &issuer.signs_with(&header(json!({"typ": "application/JWT"})), &claims)).expect(200);
}

#[test]
fn the_times_of_an_identity_are_numbers_of_seconds() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer, |_| {});
    let now = issuer.claims()["iat"].as_i64().unwrap();
    for (claim, values) in [
        ("exp", json!([null, "", (now + 600).to_string(), "never", [now + 600], {}, true])),
        ("nbf", json!(["", now.to_string(), [now], {}, false])),
        ("iat", json!(["", now.to_string(), [now], {}, false])),
    ] {
        for value in values.as_array().unwrap() {
            let response = exchange(&stack, &issuer.signs(&with(issuer.claims(), claim, value.clone())));
            refused(response, "invalid_request", "the wrong type");
        }
    }
    for (claim, value, why) in [
        ("exp", json!(0), "expired"),
        ("exp", json!(-1), "expired"),
        ("exp", json!(-0.5), "expired"),
        ("exp", json!(1e-300), "expired"),
        ("exp", json!(i64::MIN), "expired"),
        ("nbf", json!(1e300), "not valid yet"),
        ("nbf", json!(u64::MAX), "not valid yet"),
    ] {
        let response = exchange(&stack, &issuer.signs(&with(issuer.claims(), claim, value)));
        refused(response, "invalid_request", why);
    }
    for digits in ["1e400", "NaN", "0x7fffffff"] {
        let claims = with(issuer.claims(), "exp", json!("later")).to_string().replace("\"later\"", digits);
        let identity = issuer.signs_text(&json!({"alg": "EdDSA", "kid": "one"}).to_string(), &claims);
        refused(exchange(&stack, &identity), "invalid_request", "not a JSON object");
    }
    // The rule's lifetime applies, however long the identity is valid.
    for exp in [json!(now as f64 + 600.5), json!(i64::MAX), json!(1e300)] {
        let identity = issuer.signs(&with(issuer.claims(), "exp", exp));
        assert_eq!(exchange(&stack, &identity).expect(200).json()["expires_in"], 600);
        refused(exchange(&stack, &identity), "invalid_request", "can be exchanged once");
    }
}

#[test]
fn an_exchange_fails_closed_when_the_issuer_is_unavailable() {
    let issuer = Issuer::start();
    let mut gone = catalog(&issuer);
    let nowhere = { std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() };
    gone["trust"][0]["issuer"] = json!(format!("http://{nowhere}"));
    let stack = isolated_stack(|_| {});
    stack.put_catalog(&gone);
    let identity = issuer.signs(&with(issuer.claims(), "iss", json!(format!("http://{nowhere}"))));
    exchange(&stack, &identity).problem(503, "unavailable");
}

#[test]
fn the_form_follows_rfc_8693() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer, |_| {});
    let identity = issuer.signs(&issuer.claims());
    let sent = |form: String| stack.post("/exchange").form(form).send();
    let type_only = format!("subject_token_type={ID_TOKEN}&subject_token={identity}");
    refused(sent(type_only.clone()), "invalid_request", "grant_type is required");
    refused(sent(format!("grant_type=&{type_only}")), "invalid_request", "grant_type is required");
    refused(sent(String::new()), "invalid_request", "grant_type is required");
    refused(sent(format!("grant_type=password&{type_only}")), "unsupported_grant_type", "token-exchange");
    refused(sent("grant_type=password".to_owned()), "unsupported_grant_type", "token-exchange");
    refused(sent(format!("grant_type={GRANT}&subject_token={identity}")), "invalid_request", "subject_token_type");
    refused(
        sent(format!("grant_type={GRANT}&subject_token_type={ID_TOKEN}")),
        "invalid_request",
        "subject_token is required",
    );
    refused(send(&stack, &identity, "&subject_token=x"), "invalid_request", "must be given once");
    refused(send(&stack, &identity, "&actor_token=x"), "invalid_request", "actor_token");
    refused(send(&stack, &identity, "&requested_token_type=x"), "invalid_request", "requested_token_type");
    for empty in ["", "%20", "%0A"] {
        let form = format!("grant_type={GRANT}&subject_token_type={ID_TOKEN}&subject_token={empty}");
        refused(sent(form), "invalid_request", "subject_token is required");
    }
    let in_url = format!("/exchange?subject_token={identity}");
    refused(stack.post(&in_url).form("").send(), "invalid_request", "not in the query");
    // Unknown and empty parameters are ignored (RFC 6749, 3.2). No request above used up the identity.
    let empty = "&actor_token=&requested_token_type=&scope=&audience=&resource=&subject_token=&grant_type=";
    send(&stack, &format!("%0A{identity}%20%0D%0A"), &format!("{empty}&client_id=z&colour=red")).expect(200);
}

#[test]
fn an_exchange_for_another_service_is_refused() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer, |_| {});
    let own = stack.get("/.well-known/oauth-protected-resource").send().expect(200).json();
    let own = own["resource"].as_str().unwrap().replace(':', "%3A").replace('/', "%2F");
    let of_the_rule = "https%3A%2F%2Ftokens.example.com";
    let identity = issuer.signs(&issuer.claims());
    for name in ["audience", "resource"] {
        for other in [
            "https%3A%2F%2Fother.example.com",
            "x",
            "%20",
            &format!("{own}%2Fapps"),
            &own.to_uppercase(),
            "https%3A%2F%2Ftokens.example.com.evil",
        ] {
            refused(send(&stack, &identity, &format!("&{name}={other}")), "invalid_target", "another service");
            let both = format!("&{name}={own}&{name}={other}");
            refused(send(&stack, &identity, &both), "invalid_target", "another service");
        }
    }
    // None of these requests used up the identity.
    send(&stack, &identity, &format!("&audience={of_the_rule}&audience={own}&resource={own}%2F")).expect(200);
    for one in [format!("&audience={own}"), format!("&resource={own}"), format!("&resource={of_the_rule}")] {
        send(&stack, &issuer.signs(&issuer.claims()), &one).expect(200);
    }
}

#[test]
fn a_job_may_request_fewer_permissions_than_its_rule_gives_but_no_others() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer, |_| {});
    let identity = || issuer.signs(&issuer.claims());
    refused(send(&stack, &identity(), "&scope=apps%3Aread+apps%3Arestart"), "invalid_scope", "apps:restart");
    refused(send(&stack, &identity(), "&scope=*"), "invalid_scope", "*");
    refused(send(&stack, &identity(), "&scope=a+b"), "invalid_scope", "scope must be permissions");
    let response = send(&stack, &identity(), "&scope=apps%3Aread").expect(200);
    assert_eq!(response.json()["scope"], "apps:read");
    let job = token(&response);
    stack.get("/demo/apps/billing").bearer(&job).send().expect(200);
    stack.post("/demo/apps/billing").bearer(&job).send().problem(403, "insufficient_scope");
}

#[test]
fn exchanged_tokens_do_not_count_towards_the_limit() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer, |options| options.settings.limits.live_tokens = 1);
    for _ in 0..3 {
        exchange(&stack, &issuer.signs(&issuer.claims())).expect(200);
    }
    stack.create(json!({"permissions": ["a:b"], "owner": "trust:deploy-billing"}));
    exchange(&stack, &issuer.signs(&issuer.claims())).expect(200);
}

#[test]
fn an_exchanged_token_expires_cannot_be_changed_and_can_be_revoked() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer, |_| {});
    let job = token(&exchange(&stack, &issuer.signs(&issuer.claims())).expect(200));
    let tag = job.tag(&stack);
    let patch = stack.request("PATCH", &job.path()).bearer(&stack.admin).header("If-Match", tag);
    patch.json(&json!({"expires_at": null})).send().problem(409, "token_exchanged");
    let rotate = stack.post(&format!("{}/rotate", job.path())).bearer(&stack.admin);
    rotate.json(&json!({"expires_in": "30d"})).send().problem(409, "token_exchanged");
    assert_eq!(job.status(&stack), 200);
    let other = token(&exchange(&stack, &issuer.signs(&issuer.claims())).expect(200));
    stack.post("/revoke").form(format!("token={}", other.secret)).send().expect(200);
    assert_eq!(other.status(&stack), 401);
    stack.advance_clock(600);
    assert_eq!(job.status(&stack), 401);
}

#[test]
fn exchanged_records_have_a_ttl_of_a_day_and_hold_no_secret() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer, |_| {});
    let claims = issuer.claims();
    let response = exchange(&stack, &issuer.signs(&claims)).expect(200).json();
    let path = format!("/tokens/{}", response["token_id"].as_str().unwrap());
    let view = stack.get(&path).bearer(&stack.admin).send().expect(200).json();
    let expires = portcullis::clock::Timestamp::parse(view["expires_at"].as_str().unwrap()).unwrap().seconds();
    let number = |item: &std::collections::HashMap<String, _>| -> i64 {
        let ttl: &aws_sdk_dynamodb::types::AttributeValue = &item["ttl"];
        ttl.as_n().unwrap().parse().unwrap()
    };
    let of = |start: &str| {
        let items = stack.table().into_iter().filter(|item| item["pk"].as_s().unwrap().starts_with(start));
        items.collect::<Vec<_>>()
    };
    let identities = of("JTI#");
    assert_eq!(identities.len(), 1);
    assert_eq!(number(&identities[0]), claims["exp"].as_i64().unwrap() + 60, "for as long as it could be tried again");
    let text = format!("{identities:?}");
    assert!(!text.contains(claims["jti"].as_str().unwrap()) && !text.contains("acme"), "{text}");
    let left = of(&format!("TOKEN#{}", response["token_id"].as_str().unwrap()));
    let (records, events): (Vec<_>, Vec<_>) = left.iter().partition(|item| item["sk"].as_s().unwrap() == "TOKEN");
    assert!(records.len() == 1 && number(records[0]) == expires + 86_400, "{records:?}");
    // Events have the history's TTL, as for any other token.
    let kept = |event: &&std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>| {
        number(event) - event["at"].as_n().unwrap().parse::<i64>().unwrap() / 1000
    };
    assert!(!events.is_empty() && events.iter().all(|event| kept(event) == 400 * 86_400), "{events:?}");
}

#[test]
fn writing_a_trust_rule_needs_the_grants_that_it_gives() {
    let issuer = Issuer::start();
    let stack = isolated_stack(|_| {});
    let writer = stack.create(json!({"grants": [
        {"permissions": ["catalog:write", "catalog:read"], "resources": ["*"]},
        {"permissions": ["apps:*"], "resources": ["apps/billing"]},
    ]}));
    let put = |by: &dyn AsRef<str>, catalog: &Value| {
        let (_, tag) = stack.catalog();
        stack.request("PUT", "/catalog").bearer(by.as_ref()).header("If-Match", tag).json(catalog).send()
    };
    let document = put(&writer, &catalog(&issuer)).problem(403, "exceeds_grants");
    let errors = document["errors"].to_string();
    assert!(errors.contains("trust[0].grants[1].permissions") && errors.contains("tokens:read"), "{errors}");
    assert!(!errors.contains("grants[0]"), "{errors}");
    put(&stack.admin, &catalog(&issuer)).expect(200);
    // A writer may keep a rule that exists already.
    let (same, _) = stack.catalog();
    put(&writer, &same).expect(200);
    let mut wider = same;
    wider["trust"][0]["claims"] = json!({"ref": "*"});
    put(&writer, &wider).problem(403, "exceeds_grants");
}

#[test]
fn reordering_trust_rules_needs_the_grants_of_the_broader_rule() {
    let issuer = Issuer::start();
    let stack = isolated_stack(|_| {});
    let writer = stack.token(["catalog:*", "apps:read"]);
    let rule = |name: &str, claims: Value, permission: &str| {
        json!({"name": name, "issuer": issuer.url, "audience": "https://tokens.example.com", "claims": claims,
            "grants": [{"permissions": [permission], "resources": ["*"]}]})
    };
    let narrow = rule("narrow", json!({"repository": "acme/billing"}), "apps:read");
    let broad = rule("broad", json!({"ref": "*"}), "*");
    stack.put_catalog(&json!({"trust": [narrow, broad]}));
    let put = |trust: &[&Value]| {
        let (_, tag) = stack.catalog();
        let request = stack.request("PUT", "/catalog").bearer(&writer).header("If-Match", tag);
        request.json(&json!({ "trust": trust })).send()
    };
    let document = put(&[&broad, &narrow]).problem(403, "exceeds_grants");
    let errors = document["errors"].to_string();
    assert!(errors.contains("that the rule narrow matched") && errors.contains("you do not have *"), "{errors}");
    put(&[&broad]).problem(403, "exceeds_grants");
    // It may remove the broad rule, and put a rule with its own grants first.
    let other = rule("other", json!({"repository": "acme/docs"}), "apps:read");
    put(&[&other, &narrow, &broad]).expect(200);
    put(&[&other, &narrow]).expect(200);
}

#[test]
fn a_removed_trust_rule_stops_applying_within_a_minute() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer, |_| {});
    exchange(&stack, &issuer.signs(&issuer.claims())).expect(200);
    let (_, tag) = stack.catalog();
    let put = stack.request("PUT", "/catalog").bearer(&stack.admin).header("If-Match", tag);
    put.json(&json!({})).send().expect(200);
    stack.advance_clock(60);
    refused(exchange(&stack, &issuer.signs(&issuer.claims())), "invalid_request", "no trust rule for this");
}

#[test]
fn the_metadata_names_the_authorization_server() {
    let stack = isolated_stack(|_| {});
    let told = stack.get("/.well-known/oauth-protected-resource").send().expect(200).json();
    let url = told["resource"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:") && !url.ends_with('/'), "{url}");
    assert_eq!(told["authorization_servers"], json!([format!("{url}/dev")]));
    assert_eq!(
        (&told["client_id"], &told["scopes_supported"]),
        (&json!("portcullis-dev"), &json!(["openid", "offline_access"]))
    );
    let reachable = isolated_stack(|options| options.listen = ([0, 0, 0, 0], 0).into());
    let told = reachable.get("/.well-known/oauth-protected-resource").send().expect(200).json();
    assert_eq!(told.get("authorization_servers"), None);
    assert_eq!(told["bearer_methods_supported"], json!(["header"]));
}
