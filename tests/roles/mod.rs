//! Each function's role in `template.yaml` against the calls that the function makes.
//!
//! Emulators of AWS do not evaluate the roles' conditions on keys and attributes. [`RoleCheck`] does, for
//! every DynamoDB request of a function in every stack that the tests start in this process. So a test of
//! a route also shows that the function's role allows its calls. It also refuses reads of items that are not strongly
//! consistent.

mod calls;
mod policy;
mod request;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use local::dynamodb::{CallCheck, FunctionCall};
use local::template::Template;
use serde_json::{Value, json};

use crate::support::isolated_stack;
use calls::{Call, calls};
use policy::{Role, roles, roles_of_template};
use request::{ATTRIBUTES, ENCLOSING_OPERATION, INDEX, LEADING_KEYS, RETURN_VALUES, SELECT, TABLE, actions};

/// The roles, and the calls that they denied.
#[derive(Clone, Default)]
pub(crate) struct RoleCheck {
    denied: Arc<Mutex<Vec<String>>>,
}

impl RoleCheck {
    /// The check for [`local::Options`].
    pub(crate) fn check(&self) -> CallCheck {
        static ROLES: LazyLock<BTreeMap<String, Role>> =
            LazyLock::new(|| roles_of_template().expect("the roles can be evaluated"));
        let denied = Arc::clone(&self.denied);
        Arc::new(move |call| {
            allowed(&ROLES, call).inspect_err(|error| {
                denied.lock().unwrap_or_else(PoisonError::into_inner).push(error.clone());
            })
        })
    }

    /// The calls that were denied.
    pub(crate) fn denied(&self) -> Vec<String> {
        self.denied.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn allowed(roles: &BTreeMap<String, Role>, call: &FunctionCall<'_>) -> Result<(), String> {
    let role = roles.get(call.function).ok_or_else(|| format!("no role of {}", call.function))?;
    let body: Value = serde_json::from_slice(call.body).map_err(|error| error.to_string())?;
    let actions = actions(call.operation, &body)?;
    only_consistent(call.operation, &body)?;
    match actions.iter().find(|action| !role.allows(action)) {
        None => Ok(()),
        Some(action) => Err(format!("the role of {} does not allow {action:?}", call.function)),
    }
}

/// Refuses a read of an item that DynamoDB may answer with an earlier state. On one machine, no read is stale.
fn only_consistent(operation: &str, request: &Value) -> Result<(), String> {
    let is_consistent = match operation {
        "GetItem" => request["ConsistentRead"] == true,
        "BatchGetItem" => request["RequestItems"]
            .as_object()
            .is_some_and(|tables| tables.values().all(|keys| keys["ConsistentRead"] == true)),
        _ => true,
    };
    is_consistent.then_some(()).ok_or_else(|| format!("{operation} without ConsistentRead"))
}

/// The role without one statement, action, resource, partition or attribute, with a description of it.
/// The attributes of a mapping stay, because several statements use it.
fn reduced(role: &Role) -> Vec<(String, Role)> {
    let mut all = Vec::new();
    for (at, statement) in role.statements.iter().enumerate() {
        let mut add = |what: &str, change: &dyn Fn(&mut Role)| {
            let mut less = role.clone();
            change(&mut less);
            all.push((format!("{}: {what}", statement.sid), less));
        };
        add("the statement", &|role| drop(role.statements.remove(at)));
        for name in &statement.actions {
            add(name, &|role| role.statements[at].actions.retain(|it| it != name));
        }
        for name in &statement.resources {
            add(name, &|role| role.statements[at].resources.retain(|it| it != name));
        }
        for (which, condition) in statement.conditions.iter().enumerate().filter(|(_, it)| it.is_own_list()) {
            for value in &condition.values {
                let what = format!("{} {value}", condition.key);
                add(&what, &|role| role.statements[at].conditions[which].values.retain(|it| it != value));
            }
        }
    }
    all
}

#[test]
fn a_role_allows_every_call_of_its_function() {
    let roles = roles_of_template().unwrap();
    for Call { function, action } in calls() {
        assert!(roles[function].allows(action), "{function}: {action:?}");
    }
    let calling: BTreeSet<_> = calls().iter().map(|call| call.function.as_str()).collect();
    let with_access: BTreeSet<_> =
        roles.iter().filter(|(_, role)| !role.statements.is_empty()).map(|(name, _)| name.as_str()).collect();
    assert_eq!(calling, with_access);
}

#[test]
fn no_part_of_a_role_is_superfluous() {
    let mut superfluous = Vec::new();
    for (function, role) in roles_of_template().unwrap() {
        let own: Vec<_> = calls().iter().filter(|call| call.function == function).collect();
        for (what, less) in reduced(&role) {
            if own.iter().all(|call| less.allows(&call.action)) {
                superfluous.push(format!("{function}: {what}"));
            }
        }
    }
    assert_eq!(superfluous, Vec::<String>::new());
}

#[test]
fn no_attribute_of_a_mapping_is_superfluous() {
    let template = Template::document().unwrap();
    let lists = template["Mappings"]["Attributes"].as_object().unwrap().iter();
    let lists =
        lists.flat_map(|(kind, lists)| lists.as_object().unwrap().iter().map(move |(name, list)| (kind, name, list)));
    for (kind, name, list) in lists {
        for at in 0..list.as_array().unwrap().len() {
            let mut less = template.clone();
            less["Mappings"]["Attributes"][kind][name].as_array_mut().unwrap().remove(at);
            let roles = roles(&less).unwrap();
            let denied = calls().iter().any(|call| !roles[&call.function].allows(&call.action));
            assert!(denied, "{kind} {name}: no role needs {}", list[at]);
        }
    }
}

#[test]
fn a_role_allows_a_write_outside_a_transaction_only_to_a_function_that_makes_one() {
    let roles = roles_of_template().unwrap();
    let mut alone = BTreeSet::new();
    for Call { function, action } in calls() {
        let mut outside = action.clone();
        if outside.context.remove(ENCLOSING_OPERATION).is_some() && roles[function].allows(&outside) {
            alone.insert(format!("{function} {}", action.name));
        }
    }
    // The first use is written with its event, later ones alone.
    assert_eq!(alone, BTreeSet::from(["portcullis-authorizer dynamodb:UpdateItem".to_owned()]));
}

#[test]
fn a_role_denies_one_more_attribute_or_partition_of_every_call() {
    let roles = roles_of_template().unwrap();
    for Call { function, action } in calls() {
        let role = &roles[function];
        let more = |key, value: &str| {
            let mut more = action.clone();
            more.context.entry(key).or_default().insert(value.to_owned());
            role.allows(&more)
        };
        let is_usage = action.context[LEADING_KEYS].iter().all(|key| key.starts_with("USAGE#"));
        let writes_usage = is_usage && function == "portcullis-authorizer";
        let is_index = action.resource.starts_with(INDEX);
        // An index holds keys alone, and the role for usage has no list of attributes.
        assert_eq!(more(ATTRIBUTES, "another"), writes_usage || is_index, "{function}: {action:?}");
        assert_eq!(more(LEADING_KEYS, "OTHER#1"), is_index, "{function}: {action:?}");
    }
}

#[test]
fn a_role_denies_a_read_of_all_attributes_and_a_write_that_returns_some() {
    let roles = roles_of_template().unwrap();
    for Call { function, action } in calls().iter().filter(|call| call.action.resource == TABLE) {
        let with = |key, value: &str| {
            let mut other = action.clone();
            other.context.insert(key, BTreeSet::from([value.to_owned()]));
            roles[function].allows(&other)
        };
        if action.context.contains_key(SELECT) {
            assert!(!with(SELECT, "ALL_ATTRIBUTES"), "{function}: {action:?}");
        } else {
            assert!(!with(RETURN_VALUES, "ALL_OLD"), "{function}: {action:?}");
        }
    }
}

#[test]
fn every_part_of_a_request_that_names_an_attribute_counts() {
    let key = json!({"pk": {"S": "TOKEN#1"}});
    let with = |operation: &str, more: Value| {
        let mut request = crate::support::merge_json(json!({"TableName": local::dynamodb::TABLE}), more);
        if operation != "PutItem" {
            request["Key"] = key.clone();
        }
        actions(operation, &request).unwrap().remove(0).context[ATTRIBUTES].clone()
    };
    for (operation, more) in [
        ("GetItem", json!({"ProjectionExpression": "pk, secrets"})),
        ("GetItem", json!({"ProjectionExpression": "#a.b[0]", "ExpressionAttributeNames": {"#a": "secrets"}})),
        ("PutItem", json!({"Item": {"pk": {"S": "TOKEN#1"}, "secrets": {"S": ""}}})),
        ("UpdateItem", json!({"UpdateExpression": "SET secrets = :x"})),
        ("UpdateItem", json!({"UpdateExpression": "SET #a = :x", "ExpressionAttributeNames": {"#a": "secrets"}})),
        ("UpdateItem", json!({"ConditionExpression": "attribute_not_exists(secrets)"})),
        ("DeleteItem", json!({"ConditionExpression": "size(secrets) > :x"})),
    ] {
        assert!(with(operation, more.clone()).contains("secrets"), "{operation} {more}");
    }
    assert!(actions("GetItem", &json!({"TableName": local::dynamodb::TABLE, "AttributesToGet": []})).is_err());
    assert!(actions("Scan", &json!({"TableName": local::dynamodb::TABLE})).is_err());
}

#[test]
fn a_write_in_a_transaction_is_an_action_with_its_enclosing_operation() {
    let put =
        |pk: &str| json!({"Put": {"TableName": local::dynamodb::TABLE, "Item": {"pk": {"S": pk}, "sk": {"S": "x"}}}});
    let request = json!({"TransactItems": [put("TOKEN#1"), put("JTI#1")]});
    let [action] = &actions("TransactWriteItems", &request).unwrap()[..] else { panic!("one action, one table") };
    assert_eq!((&*action.name, &*action.resource), ("dynamodb:PutItem", TABLE));
    let values = |key| action.context[key].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(values(LEADING_KEYS), ["JTI#1", "TOKEN#1"]);
    assert_eq!(values(ENCLOSING_OPERATION), ["TransactWriteItems"]);
}

#[test]
fn a_policy_with_anything_that_is_not_evaluated_is_refused() {
    let template = Template::document().unwrap().to_string();
    for (there, instead) in [
        (r#""ForAnyValue:StringEquals""#, r#""StringEquals""#),
        (r#""ForAllValues:StringLike""#, r#""ForAllValues:StringNotLike""#),
        (r#""dynamodb:LeadingKeys""#, r#""dynamodb:FirstPartitionKeyValues""#),
        (r#""TOKEN#*""#, r#""TOKEN#?*""#),
        (r#""dynamodb:GetItem""#, r#""dynamodb:*""#),
        (r#""Effect":"Allow""#, r#""Effect":"Deny""#),
        ("${Table}/index/by_owner", "${Table}/index/*"),
    ] {
        assert!(template.contains(there), "the template no longer has {there}");
        let other = serde_json::from_str(&template.replace(there, instead)).unwrap();
        assert!(roles(&other).is_err(), "{instead} was accepted");
    }
}

#[test]
fn a_read_that_may_be_stale_is_refused() {
    for (operation, request) in
        [("GetItem", json!({})), ("BatchGetItem", json!({"RequestItems": {"t": {"ConsistentRead": false}}}))]
    {
        assert!(only_consistent(operation, &request).is_err(), "{operation}");
    }
    only_consistent("GetItem", &json!({"ConsistentRead": true})).unwrap();
}

#[test]
fn a_denied_call_does_not_reach_the_table() {
    let stack = isolated_stack(|options| {
        options.call_check = Some(Arc::new(|call| match call.operation {
            "Query" => Err("denied".to_owned()),
            _ => Ok(()),
        }));
    });
    stack.get("/tokens").bearer(&stack.admin).send().expect(503);
    stack.get("/me").bearer(&stack.admin).send().expect(200);
}
