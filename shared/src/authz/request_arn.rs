//! The ARN that API Gateway evaluates the policy against; it holds the method and the path that the decision is
//! about: `arn:<partition>:execute-api:<region>:<account>:<api>/<stage>/<METHOD>/<path>`.

use crate::catalog::Target;

/// Maximum length of a resource in an authorizer's policy, in characters.
pub const MAX_ARN_LENGTH: usize = 512;

/// The ARN of a request.
#[derive(Debug)]
pub struct Arn<'a> {
    /// The full ARN.
    pub text: &'a str,
    /// The target of the request.
    pub target: Target<'a>,
    /// The ARN up to and including the stage and its slash.
    stage: &'a str,
}

impl<'a> Arn<'a> {
    /// Parses the ARN; `None` if it is not one of API Gateway.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let api = text.splitn(6, ':').nth(5).filter(|_| text.starts_with("arn:"))?;
        let (_, after_api) = api.split_once('/')?;
        let (_, after_stage) = after_api.split_once('/')?;
        let stage = text.strip_suffix(after_stage)?;
        let target = match after_stage.split_once('/') {
            Some((method, path)) => Target::Http { method, path },
            None if after_stage == "$connect" => Target::Connect,
            // HTTP APIs omit the root's slash.
            None => Target::Http { method: after_stage, path: "" },
        };
        Some(Self { text, target, stage })
    }

    /// `arn:aws:execute-api`, without a trailing colon.
    #[must_use]
    pub fn service(&self) -> &'a str {
        let end = self.text.match_indices(':').nth(2).map_or(self.text.len(), |(at, _)| at);
        self.text.get(..end).unwrap_or(self.text)
    }

    /// The ARN up to and including the stage and its slash.
    #[must_use]
    pub fn stage(&self) -> &'a str {
        self.stage
    }

    /// The narrowest pattern for this request. `?` replaces each wildcard that the client sent. An ARN that is
    /// too long becomes a prefix with `*`, which matches other requests too.
    #[must_use]
    pub fn exact_pattern(&self) -> String {
        let pattern = self.text.replace("${", "?{").replace('*', "?");
        if pattern.len() <= MAX_ARN_LENGTH {
            return pattern;
        }
        let end = (0..MAX_ARN_LENGTH).rev().find(|end| pattern.is_char_boundary(*end)).unwrap_or(0);
        format!("{}*", pattern.get(..end).unwrap_or_default())
    }

    /// The resource for a policy that denies this request. If the ARN is too long or contains wildcards that
    /// the client sent, it is the whole stage.
    #[must_use]
    pub fn deny_resource(&self) -> String {
        if self.text.len() <= MAX_ARN_LENGTH && !self.text.contains(['*', '?']) {
            self.text.to_owned()
        } else {
            format!("{}*", self.stage)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::api_wide_policy::arn_pattern::matches;

    #[test]
    fn method_and_path_come_from_the_arn() {
        let prefix = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/";
        for (rest, method, path) in [
            ("v1/GET/apps/billing", "GET", "apps/billing"),
            ("v1/GET/", "GET", ""),
            ("v1/GET", "GET", ""),
            ("$default/POST/a:b/c", "POST", "a:b/c"),
            ("v1/GET//apps", "GET", "/apps"),
            ("v1/DELETE/a/../b", "DELETE", "a/../b"),
        ] {
            let text = format!("{prefix}{rest}");
            assert_eq!(Arn::parse(&text).unwrap().target, Target::Http { method, path }, "{rest}");
        }
        let connect = format!("{prefix}prod/$connect");
        assert_eq!(Arn::parse(&connect).unwrap().target, Target::Connect);
    }

    #[test]
    fn anything_but_an_api_gateway_arn_is_none() {
        for bad in [
            "",
            "arn",
            "arn:aws:execute-api:r:1:",
            "arn:aws:execute-api:r:1:api",
            "arn:aws:execute-api:r:1:api/stage",
            "x:aws:execute-api:r:1:a/b/GET/c",
        ] {
            assert!(Arn::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_exact_pattern_matches_only_this_request_where_possible() {
        let prefix = "arn:aws:execute-api:r:1:api/v1/GET/";
        for (path, expected) in [("apps", "apps"), ("a*b?c", "a?b?c"), ("${aws:x}", "?{aws:x}")] {
            let text = format!("{prefix}{path}");
            let exact = Arn::parse(&text).unwrap().exact_pattern();
            assert_eq!(exact, format!("{prefix}{expected}"));
            assert!(matches(&exact, &text));
        }
        let long = format!("{prefix}{}", "ü*".repeat(300));
        let exact = Arn::parse(&long).unwrap().exact_pattern();
        assert!(exact.len() <= MAX_ARN_LENGTH && exact.ends_with('*') && matches(&exact, &long), "{exact}");
    }

    #[test]
    fn service_and_stage_are_prefixes_of_the_arn() {
        let arn = Arn::parse("arn:aws-cn:execute-api:cn-north-1:1:api/v1/GET/a:b").unwrap();
        assert_eq!(
            (arn.service(), arn.stage()),
            ("arn:aws-cn:execute-api", "arn:aws-cn:execute-api:cn-north-1:1:api/v1/")
        );
    }

    #[test]
    fn a_denied_resource_never_contains_wildcards_from_the_client() {
        let denied =
            |path: &str| Arn::parse(&format!("arn:aws:execute-api:r:1:api/v1/GET/{path}")).unwrap().deny_resource();
        assert_eq!(denied("apps"), "arn:aws:execute-api:r:1:api/v1/GET/apps");
        for path in ["apps/*", "a?", &"x".repeat(600)] {
            assert_eq!(denied(path), "arn:aws:execute-api:r:1:api/v1/*");
        }
    }
}
