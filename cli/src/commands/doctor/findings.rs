//! Findings about a stack and the APIs that use its authorizer.

use serde::Serialize;

use crate::aws::stack_state::{ApiKind, Authorizer, LogGroup, StackState};

/// A setting to change.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// The API, function, log group or alarm.
    pub(super) subject: String,
    /// The setting.
    pub(super) setting: String,
    pub(super) found: String,
    pub(super) expected: String,
}

impl Finding {
    pub(super) fn new(subject: &str, setting: &str, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            subject: subject.to_owned(),
            setting: setting.to_owned(),
            found: found.into(),
            expected: expected.into(),
        }
    }
}

/// Checks a stack and the APIs that use its authorizer.
pub(super) fn check(state: &StackState) -> Vec<Finding> {
    let mut findings: Vec<_> =
        state.authorizers.iter().flat_map(|authorizer| check_authorizer(authorizer, state)).collect();
    findings.extend(check_variables(state));
    findings.extend(check_flush_stages(state));
    findings.extend(check_log_groups(state));
    let silent = state.alarms.iter().filter(|alarm| !alarm.has_action);
    findings
        .extend(silent.map(|alarm| Finding::new(&format!("alarm {}", alarm.name), "actions", "none", "one or more")));
    findings
}

fn check_authorizer(authorizer: &Authorizer, state: &StackState) -> Vec<Finding> {
    let subject = authorizer.subject();
    // The management API is never cached (ADR 0012).
    let cache_seconds = if authorizer.api_id == state.management_api_id { 0 } else { state.cache_seconds() };
    let mut findings = Vec::new();
    if authorizer.function_arn != state.authorizer_arn {
        findings.push(Finding::new(&subject, "function", &authorizer.function_arn, &state.authorizer_arn));
    }
    if authorizer.ttl_seconds > cache_seconds {
        let expected = if cache_seconds == 0 { "0 s".to_owned() } else { format!("at most {cache_seconds} s") };
        findings.push(Finding::new(&subject, "cache TTL", format!("{} s", authorizer.ttl_seconds), expected));
    }
    let expected = expected_sources(authorizer, authorizer.ttl_seconds > 0 && cache_seconds > 0);
    findings.extend(expected.map(|expected| {
        let found = authorizer.identity_sources.join(", ");
        Finding::new(&subject, "identity sources", or_none(&found), expected)
    }));
    let needs_simple = state.parameter("HttpApiResponseFormat") == "simple";
    // A payload of version 1.0 always gets a policy.
    if authorizer.payload_version.as_deref() == Some("2.0") && authorizer.simple_responses != needs_simple {
        let (found, expected) = (authorizer.simple_responses.to_string(), needs_simple.to_string());
        findings.push(Finding::new(&subject, "EnableSimpleResponses", found, expected));
    }
    findings
}

/// The identity sources that an authorizer should have, if it has others. They are the key of the cache, and each is
/// then required in every request; without a cache, they only refuse requests without an audit line.
fn expected_sources(authorizer: &Authorizer, caches: bool) -> Option<String> {
    let sources = &authorizer.identity_sources;
    if !caches {
        return (!sources.is_empty() && !authorizer.reads_one_header).then(|| "none".to_owned());
    }
    let needed = match authorizer.api_kind {
        ApiKind::Http => ["$request.header.Authorization", "$context.identity.sourceIp"],
        ApiKind::Rest | ApiKind::WebSocket => ["method.request.header.Authorization", "context.identity.sourceIp"],
    };
    // The names of headers are case-insensitive.
    let has = |needed: &str| sources.iter().any(|source| source.eq_ignore_ascii_case(needed));
    (!needed.into_iter().all(has)).then(|| needed.join(", "))
}

/// Variables of functions that differ from the parameter that sets them: `PORTCULLIS_MAX_IDLE_DAYS` is `MaxIdleDays`.
fn check_variables(state: &StackState) -> Vec<Finding> {
    let mut findings = Vec::new();
    for function in &state.functions {
        for (parameter, expected) in &state.parameters {
            let variable = format!("PORTCULLIS{}", upper_snake(parameter));
            if let Some(found) = function.variables.get(&variable).filter(|found| *found != expected) {
                let subject = format!("function {}", function.name);
                findings.push(Finding::new(&subject, &variable, or_none(found), or_none(expected)));
            }
        }
    }
    findings
}

/// `FlushStages` must name the APIs that cache, and only APIs with this authorizer.
fn check_flush_stages(state: &StackState) -> Vec<Finding> {
    let stages: Vec<_> = state.parameter("FlushStages").split(',').filter(|stage| !stage.is_empty()).collect();
    let api = |stage: &str| stage.split('/').next().unwrap_or_default().to_owned();
    let caching = |authorizer: &Authorizer| authorizer.ttl_seconds > 0;
    let unknown = stages.iter().filter(|stage| !state.authorizers.iter().any(|one| one.flush_name() == api(stage)));
    let unknown = unknown.map(|stage| Finding::new("stack", "FlushStages", *stage, "an API with this authorizer"));
    let missing = state
        .authorizers
        .iter()
        .filter(|one| !stages.is_empty() && caching(one) && !stages.iter().any(|stage| api(stage) == one.flush_name()));
    let missing = missing.map(|one| {
        Finding::new("stack", "FlushStages", state.parameter("FlushStages"), format!("also {}/STAGE", one.flush_name()))
    });
    unknown.chain(missing).collect()
}

fn check_log_groups(state: &StackState) -> Vec<Finding> {
    let expected = state.parameter("LogRetentionDays");
    let found = |days: Option<u32>| days.map_or_else(|| "unlimited".to_owned(), |days| format!("{days} days"));
    let differing = state.log_groups.iter().filter(|group| found(group.retention_days) != format!("{expected} days"));
    let finding = |group: &LogGroup| {
        let subject = format!("log group {}", group.name);
        Finding::new(&subject, "retention", found(group.retention_days), format!("{expected} days"))
    };
    differing.map(finding).collect()
}

impl Authorizer {
    /// The API and the authorizer, for a person.
    fn subject(&self) -> String {
        let kind = match self.api_kind {
            ApiKind::Rest => "REST API",
            ApiKind::Http => "HTTP API",
            ApiKind::WebSocket => "WebSocket API",
        };
        format!("{kind} {} ({}), authorizer {}", self.api_id, self.api_name, self.name)
    }

    /// The API as `FlushStages` names it.
    fn flush_name(&self) -> String {
        let kind = if self.api_kind == ApiKind::Rest { "rest" } else { "http" };
        format!("{kind}:{}", self.api_id)
    }
}

/// `MaxIdleDays` becomes `_MAX_IDLE_DAYS`.
fn upper_snake(name: &str) -> String {
    let word = |c: char| if c.is_ascii_uppercase() { format!("_{c}") } else { c.to_ascii_uppercase().to_string() };
    name.chars().map(word).collect()
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::stack_state::{Alarm, Function};

    const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:authorizer:live";

    /// The findings of a stack with these parameters, without their subjects.
    fn findings(parameters: &[(&str, &str)], change: impl FnOnce(&mut StackState)) -> Vec<[String; 3]> {
        let defaults =
            [("AuthorizerCacheSeconds", "0"), ("HttpApiResponseFormat", "simple"), ("LogRetentionDays", "90")];
        let parameters = defaults.iter().chain(parameters);
        let mut state = StackState {
            parameters: parameters.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            authorizer_arn: ARN.to_owned(),
            management_api_id: "tokens".to_owned(),
            ..StackState::default()
        };
        change(&mut state);
        check(&state).into_iter().map(|finding| [finding.setting, finding.found, finding.expected]).collect()
    }

    fn authorizer(api_kind: ApiKind, ttl_seconds: u32, identity_sources: &[&str]) -> Authorizer {
        Authorizer {
            api_kind,
            api_id: "a1".to_owned(),
            api_name: "orders".to_owned(),
            name: "Portcullis".to_owned(),
            function_arn: ARN.to_owned(),
            reads_one_header: false,
            ttl_seconds,
            identity_sources: identity_sources.iter().map(|&source| source.to_owned()).collect(),
            payload_version: (api_kind == ApiKind::Http).then(|| "2.0".to_owned()),
            simple_responses: api_kind == ApiKind::Http,
        }
    }

    fn authorizer_findings(parameters: &[(&str, &str)], authorizer: Authorizer) -> Vec<[String; 3]> {
        findings(parameters, |state| state.authorizers.push(authorizer))
    }

    const CACHED: [(&str, &str); 2] = [("AuthorizerCacheSeconds", "60"), ("HttpApiResponseFormat", "iam")];
    const REST_KEY: [&str; 2] = ["method.request.header.authorization", "context.identity.sourceIp"];

    #[test]
    fn apis_as_documented_have_no_findings() {
        for kind in [ApiKind::Rest, ApiKind::Http, ApiKind::WebSocket] {
            assert_eq!(authorizer_findings(&[], authorizer(kind, 0, &[])), Vec::<[String; 3]>::new());
        }
        for ttl in [0, 1, 60] {
            let sources = if ttl == 0 { &[][..] } else { &REST_KEY };
            assert_eq!(
                authorizer_findings(&CACHED, authorizer(ApiKind::Rest, ttl, sources)),
                Vec::<[String; 3]>::new()
            );
        }
        let header = Authorizer { reads_one_header: true, ..authorizer(ApiKind::Rest, 0, &[REST_KEY[0]]) };
        assert_eq!(authorizer_findings(&[], header), Vec::<[String; 3]>::new());
    }

    #[test]
    fn a_ttl_above_the_stacks_is_found() {
        let ttl = |found: &str, expected: &str| vec![["cache TTL", found, expected].map(str::to_owned)];
        assert_eq!(authorizer_findings(&[], authorizer(ApiKind::Rest, 300, &[])), ttl("300 s", "0 s"));
        assert_eq!(authorizer_findings(&CACHED, authorizer(ApiKind::Rest, 61, &REST_KEY)), ttl("61 s", "at most 60 s"));
    }

    #[test]
    fn the_management_api_must_not_cache_whatever_the_stack_allows() {
        let management = Authorizer { api_id: "tokens".to_owned(), ..authorizer(ApiKind::Rest, 60, &[]) };
        assert_eq!(authorizer_findings(&CACHED, management), [["cache TTL", "60 s", "0 s"]]);
    }

    #[test]
    fn identity_sources_must_be_the_cache_key_and_nothing_without_a_cache() {
        let none = [["identity sources", "$request.header.Authorization", "none"]];
        assert_eq!(authorizer_findings(&[], authorizer(ApiKind::Http, 0, &["$request.header.Authorization"])), none);
        let without_address = authorizer(ApiKind::Rest, 60, &["method.request.header.Authorization"]);
        let key = "method.request.header.Authorization, context.identity.sourceIp";
        let found = [["identity sources", "method.request.header.Authorization", key]];
        assert_eq!(authorizer_findings(&CACHED, without_address), found);
    }

    #[test]
    fn an_http_apis_response_format_must_be_the_stacks() {
        let iam = Authorizer { simple_responses: false, ..authorizer(ApiKind::Http, 0, &[]) };
        assert_eq!(authorizer_findings(&[], iam.clone()), [["EnableSimpleResponses", "false", "true"]]);
        let first = Authorizer { payload_version: Some("1.0".to_owned()), ..iam };
        assert_eq!(authorizer_findings(&[], first), Vec::<[String; 3]>::new());
        let simple = authorizer(ApiKind::Http, 0, &[]);
        assert_eq!(authorizer_findings(&CACHED, simple), [["EnableSimpleResponses", "true", "false"]]);
    }

    #[test]
    fn another_version_of_the_function_is_found() {
        let unqualified = ARN.trim_end_matches(":live");
        let other = Authorizer { function_arn: unqualified.to_owned(), ..authorizer(ApiKind::Rest, 0, &[]) };
        assert_eq!(authorizer_findings(&[], other), [["function", unqualified, ARN]]);
    }

    #[test]
    fn a_variable_that_differs_from_its_parameter_is_found() {
        let variables = [("MAX_IDLE_DAYS", "90"), ("HISTORY_DAYS", "400"), ("TABLE", "tokens")];
        let variables = variables.map(|(name, value)| (format!("PORTCULLIS_{name}"), value.to_owned())).into();
        let function = Function { name: "authorizer".to_owned(), variables };
        let found = findings(&[("MaxIdleDays", "0"), ("HistoryDays", "400")], |state| state.functions.push(function));
        assert_eq!(found, [[&format!("PORTCULLIS_{}", "MAX_IDLE_DAYS"), "90", "0"]]);
    }

    #[test]
    fn flush_stages_must_name_the_apis_that_cache() {
        let parameters = [&CACHED[..], &[("FlushStages", "rest:a1/prod,http:gone/$default")]].concat();
        let found = authorizer_findings(&parameters, authorizer(ApiKind::Rest, 60, &REST_KEY));
        assert_eq!(found, [["FlushStages", "http:gone/$default", "an API with this authorizer"]]);
        let parameters = [&CACHED[..], &[("FlushStages", "rest:a1/prod")]].concat();
        let found = findings(&parameters, |state| {
            let other = Authorizer { api_id: "b2".to_owned(), ..authorizer(ApiKind::Rest, 60, &REST_KEY) };
            state.authorizers = vec![authorizer(ApiKind::Rest, 60, &REST_KEY), other];
        });
        assert_eq!(found, [["FlushStages", "rest:a1/prod", "also rest:b2/STAGE"]]);
    }

    #[test]
    fn a_log_groups_retention_must_be_the_stacks() {
        for (retention_days, expected) in [(Some(90), None), (Some(7), Some("7 days")), (None, Some("unlimited"))] {
            let found = findings(&[], |state| {
                state.log_groups.push(LogGroup { name: "log".to_owned(), retention_days, created_at: None });
            });
            let expected = expected.map(|expected| ["retention", expected, "90 days"].map(str::to_owned));
            assert_eq!(found, Vec::from_iter(expected));
        }
    }

    #[test]
    fn an_alarm_without_action_is_found() {
        for (has_action, count) in [(true, 0), (false, 1)] {
            let found = findings(&[], |state| state.alarms.push(Alarm { name: "errors".to_owned(), has_action }));
            assert_eq!(found.len(), count);
        }
    }
}
