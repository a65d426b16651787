//! The ARN that API Gateway evaluates the answer against, and with it the method and the
//! path that decide:
//! `arn:<partition>:execute-api:<region>:<account>:<api>/<stage>/<METHOD>/<path>`.

use crate::catalog::Target;

/// The most characters of a resource in an authorizer's policy.
pub const MAX_ARN_LENGTH: usize = 512;

/// What API Gateway evaluates the response against.
#[derive(Debug)]
pub struct Arn<'a> {
    /// The whole ARN.
    pub text: &'a str,
    /// What the request is aimed at.
    pub target: Target<'a>,
    /// Up to and with the stage and its slash.
    stage: &'a str,
}

impl<'a> Arn<'a> {
    /// Reads the ARN; `None` where it is none of API Gateway.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let api = text.splitn(6, ':').nth(5).filter(|_| text.starts_with("arn:"))?;
        let (_, after_api) = api.split_once('/')?;
        let (_, after_stage) = after_api.split_once('/')?;
        let stage = text.strip_suffix(after_stage)?;
        let target = match after_stage.split_once('/') {
            Some((method, path)) => Target::Http { method, path },
            None if after_stage == "$connect" => Target::Connect,
            // HTTP APIs leave the slash of the root away.
            None => Target::Http { method: after_stage, path: "" },
        };
        Some(Self { text, target, stage })
    }

    /// `arn:aws:execute-api`, without a colon at its end.
    #[must_use]
    pub fn service(&self) -> &'a str {
        let end = self.text.match_indices(':').nth(2).map_or(self.text.len(), |(at, _)| at);
        self.text.get(..end).unwrap_or(self.text)
    }

    /// Up to and with the stage and its slash.
    #[must_use]
    pub fn stage(&self) -> &'a str {
        self.stage
    }

    /// A pattern for this request alone, as far as patterns go: one that holds wildcards of
    /// the caller's making, with any one character in the place of each; one that is too
    /// long, with all others that begin like it.
    #[must_use]
    pub fn alone(&self) -> String {
        let pattern = self.text.replace("${", "?{").replace('*', "?");
        if pattern.len() <= MAX_ARN_LENGTH {
            return pattern;
        }
        let end = (0..MAX_ARN_LENGTH).rev().find(|end| pattern.is_char_boundary(*end)).unwrap_or(0);
        format!("{}*", pattern.get(..end).unwrap_or_default())
    }

    /// What a policy that denies this request names. In an ARN that is too long or holds
    /// wildcards of the caller's making, everything behind the stage.
    #[must_use]
    pub fn denied(&self) -> String {
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
    fn method_and_path_are_those_of_the_arn() {
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
    fn what_is_no_arn_of_an_api_is_none() {
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
    fn a_request_is_denied_alone_as_far_as_patterns_go() {
        let prefix = "arn:aws:execute-api:r:1:api/v1/GET/";
        for (path, expected) in [("apps", "apps"), ("a*b?c", "a?b?c"), ("${aws:x}", "?{aws:x}")] {
            let text = format!("{prefix}{path}");
            let alone = Arn::parse(&text).unwrap().alone();
            assert_eq!(alone, format!("{prefix}{expected}"));
            assert!(matches(&alone, &text));
        }
        let long = format!("{prefix}{}", "ü*".repeat(300));
        let alone = Arn::parse(&long).unwrap().alone();
        assert!(alone.len() <= MAX_ARN_LENGTH && alone.ends_with('*') && matches(&alone, &long), "{alone}");
    }

    #[test]
    fn service_and_stage_are_the_beginnings_of_the_arn() {
        let arn = Arn::parse("arn:aws-cn:execute-api:cn-north-1:1:api/v1/GET/a:b").unwrap();
        assert_eq!(
            (arn.service(), arn.stage()),
            ("arn:aws-cn:execute-api", "arn:aws-cn:execute-api:cn-north-1:1:api/v1/")
        );
    }

    #[test]
    fn a_denied_arn_never_holds_the_callers_wildcards() {
        let denied = |path: &str| Arn::parse(&format!("arn:aws:execute-api:r:1:api/v1/GET/{path}")).unwrap().denied();
        assert_eq!(denied("apps"), "arn:aws:execute-api:r:1:api/v1/GET/apps");
        for path in ["apps/*", "a?", &"x".repeat(600)] {
            assert_eq!(denied(path), "arn:aws:execute-api:r:1:api/v1/*");
        }
    }
}
