//! Reads the state of a deployed stack, and of the APIs that use its authorizer.
//!
//! Required permissions: `cloudformation:DescribeStacks`, `cloudformation:ListStackResources`,
//! `lambda:GetFunctionConfiguration`, `logs:DescribeLogGroups`, `apigateway:GET`, and `cloudwatch:DescribeAlarms` if the
//! stack has alarms.

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_cloudwatchlogs::types::LogGroup as DescribedLogGroup;
use portcullis::clock::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::api_gateway::authorizers_of;
use super::deployed_stack::{DeployedStack, aws_error, no_credentials};
use super::signed_request::SignedClient;
use super::stack_state::{Alarm, Function, LogGroup, StackState};
use crate::CliError;

/// Maximum number of alarms per call.
const MAX_ALARMS: usize = 100;

/// Name prefix of the functions' log groups.
const FUNCTION_LOGS: &str = "/aws/lambda/";

/// Physical IDs of a stack's resources, with their types.
struct Resources(Vec<Resource>);

struct Resource {
    logical_id: String,
    kind: String,
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedAlarms {
    #[serde(default)]
    metric_alarms: Vec<DescribedAlarm>,
    #[serde(default)]
    composite_alarms: Vec<DescribedAlarm>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedAlarm {
    alarm_name: String,
    actions_enabled: Option<bool>,
    #[serde(default)]
    alarm_actions: Vec<String>,
}

impl DeployedStack {
    /// Reads the state of the stack, and of the APIs that use its authorizer.
    ///
    /// # Errors
    /// When AWS denies a request or fails.
    pub(crate) fn inspect(&self) -> Result<StackState, CliError> {
        let authorizer_arn = self.output("AuthorizerFunctionArn")?;
        let resources = self.resources()?;
        let gateway = self.signed_client("apigateway")?;
        Ok(StackState {
            parameters: self.parameters.clone(),
            authorizer_arn: authorizer_arn.to_owned(),
            management_api_id: resources.with_logical_id("Api"),
            authorizers: authorizers_of(authorizer_arn, &gateway)?,
            functions: self.functions(resources.of_kinds(&["AWS::Lambda::Function"]), authorizer_arn)?,
            log_groups: self.log_groups(resources.of_kinds(&["AWS::Logs::LogGroup"]))?,
            alarms: self.alarms(&resources.of_kinds(&["AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"]))?,
        })
    }

    /// The log groups of the stack's functions.
    ///
    /// # Errors
    /// When AWS denies a request or fails.
    pub(crate) fn function_log_groups(&self) -> Result<Vec<LogGroup>, CliError> {
        let names = self.resources()?.of_kinds(&["AWS::Logs::LogGroup"]).into_iter();
        self.log_groups(names.filter(|name| name.starts_with(FUNCTION_LOGS)).collect())
    }

    fn signed_client(&self, service: &'static str) -> Result<SignedClient, CliError> {
        let provider = self.config.credentials_provider().ok_or_else(|| no_credentials("found"))?;
        let credentials = self.runtime.block_on(provider.provide_credentials());
        let credentials = credentials.map_err(|error| no_credentials(&format!("could be used: {error}")))?;
        SignedClient::new(service, &self.config, credentials)
    }

    fn resources(&self) -> Result<Resources, CliError> {
        let client = aws_sdk_cloudformation::Client::new(&self.config);
        let mut pages = client.list_stack_resources().stack_name(&self.name).into_paginator().items().send();
        self.runtime.block_on(async {
            let mut resources = Vec::new();
            while let Some(resource) = pages.next().await {
                let resource = resource.map_err(|error| aws_error("cloudformation:ListStackResources", &error))?;
                resources.push(Resource {
                    logical_id: resource.logical_resource_id().unwrap_or_default().to_owned(),
                    kind: resource.resource_type().unwrap_or_default().to_owned(),
                    id: resource.physical_resource_id().unwrap_or_default().to_owned(),
                });
            }
            Ok(Resources(resources))
        })
    }

    /// The functions. The authorizer is read as the version that its alias points to.
    fn functions(&self, names: Vec<String>, authorizer_arn: &str) -> Result<Vec<Function>, CliError> {
        let client = aws_sdk_lambda::Client::new(&self.config);
        let read = |name: String| {
            let is_authorizer = authorizer_arn.split(':').any(|part| part == name);
            let called = if is_authorizer { authorizer_arn } else { &name };
            let request = client.get_function_configuration().function_name(called).send();
            let read = self.runtime.block_on(request);
            let read = read.map_err(|error| aws_error("lambda:GetFunctionConfiguration", &error))?;
            let variables = read.environment.and_then(|environment| environment.variables).unwrap_or_default();
            Ok(Function { name, variables: variables.into_iter().collect() })
        };
        names.into_iter().map(read).collect()
    }

    fn log_groups(&self, names: Vec<String>) -> Result<Vec<LogGroup>, CliError> {
        let client = aws_sdk_cloudwatchlogs::Client::new(&self.config);
        let read = |name: String| {
            let request = client.describe_log_groups().log_group_name_prefix(&name).send();
            let found = self.runtime.block_on(request);
            let found = found.map_err(|error| aws_error("logs:DescribeLogGroups", &error))?;
            // Other groups may have this name as a prefix.
            let group = found.log_groups().iter().find(|group| group.log_group_name() == Some(&name));
            let days = group.and_then(DescribedLogGroup::retention_in_days);
            let days = days.and_then(|days| u32::try_from(days).ok());
            let created_at = group.and_then(DescribedLogGroup::creation_time).map(Timestamp::from_millis);
            Ok(LogGroup { name, retention_days: days, created_at })
        };
        names.into_iter().map(read).collect()
    }

    fn alarms(&self, names: &[String]) -> Result<Vec<Alarm>, CliError> {
        let mut alarms = Vec::new();
        for names in names.chunks(MAX_ALARMS) {
            let body =
                json!({"AlarmNames": names, "AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "MaxRecords": MAX_ALARMS});
            let (target, action) = ("GraniteServiceVersion20100801.DescribeAlarms", "cloudwatch:DescribeAlarms");
            let described: DescribedAlarms =
                self.signed_client("monitoring")?.call(target, &body.to_string(), action)?;
            alarms.extend(described.metric_alarms.into_iter().chain(described.composite_alarms).map(|alarm| Alarm {
                has_action: alarm.actions_enabled.unwrap_or(true) && !alarm.alarm_actions.is_empty(),
                name: alarm.alarm_name,
            }));
        }
        Ok(alarms)
    }
}

impl Resources {
    /// Physical ID of a resource of the template; empty if there is none.
    fn with_logical_id(&self, logical_id: &str) -> String {
        let found = self.0.iter().find(|resource| resource.logical_id == logical_id);
        found.map(|resource| resource.id.clone()).unwrap_or_default()
    }

    fn of_kinds(&self, kinds: &[&str]) -> Vec<String> {
        let matching = self.0.iter().filter(|resource| kinds.contains(&resource.kind.as_str()));
        matching.map(|resource| resource.id.clone()).collect()
    }
}
