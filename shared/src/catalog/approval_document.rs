//! Reads and writes an approval rule.
//!
//! ```json
//! { "valid_for": "15m", "uses": "once", "resources": ["app/billing"], "unless": "app:unapproved" }
//! ```

use serde_json::{Map, Value, json};

use super::document::DocumentReader;
use super::duration::written_duration;
use super::{ApprovalRule, ApprovalUses, MAX_APPROVAL_SECONDS, MIN_APPROVAL_SECONDS};
use crate::grants::Resource;

const KNOWN: &str = "valid_for, uses, resources, unless, token_approvers";

impl ApprovalRule {
    pub(super) fn to_document(&self) -> Value {
        let resources: Vec<_> = self.resources.iter().map(ToString::to_string).collect();
        let fields = [
            ("valid_for", Some(json!(written_duration(self.valid_for_seconds)))),
            ("uses", Some(json!(self.uses.as_str()))),
            // The others are left out if they are as by default.
            ("resources", (!self.is_everywhere()).then(|| json!(resources))),
            ("unless", self.unless.as_ref().map(|unless| json!(unless.to_string()))),
            ("token_approvers", self.token_approvers.then_some(json!(true))),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

impl DocumentReader {
    pub(super) fn approval(&mut self, path: &str, value: &Value) -> Option<ApprovalRule> {
        let mut fields: Map<_, _> = self.object(path, value)?;
        let at = |field: &str| format!("{path}.{field}");
        let (valid_for, uses) = (fields.remove("valid_for"), fields.remove("uses"));
        let (resources, unless) = (fields.remove("resources"), fields.remove("unless"));
        let token_approvers = fields.remove("token_approvers");
        self.reject_unknown(&at(""), fields, KNOWN);
        if valid_for.is_none() {
            self.add_issue(at("valid_for"), "is required; say how long an approval lasts, as in 15m");
        }
        let range = MIN_APPROVAL_SECONDS..=MAX_APPROVAL_SECONDS;
        let form = "must be a whole number and s, m or h, as in 15m, from 1m to 24h";
        let valid_for = valid_for.and_then(|value| self.duration(&at("valid_for"), &value, range, form));
        let uses = match uses {
            None => Some(ApprovalUses::Any),
            Some(value) => {
                let read = value.as_str().and_then(|text| text.parse().ok());
                if read.is_none() {
                    self.add_value_issue(&at("uses"), &value, "must be any or once");
                }
                read
            }
        };
        let resources = match resources {
            None => Some(vec![Resource::All]),
            Some(list) => self.each(&at("resources"), Some(&list), |reader, path, value| {
                reader.text(path, value).map(|text| Resource::from_stored(&text))
            }),
        };
        let unless = match unless {
            None => Some(None),
            Some(value) => self.permission(&at("unless"), &value).map(Some),
        };
        let token_approvers = match token_approvers {
            None => Some(false),
            Some(value) => {
                if !value.is_boolean() {
                    self.add_value_issue(&at("token_approvers"), &value, "must be true or false");
                }
                value.as_bool()
            }
        };
        Some(ApprovalRule {
            valid_for_seconds: valid_for?,
            uses: uses?,
            resources: resources?,
            unless: unless?,
            token_approvers: token_approvers?,
        })
    }
}
