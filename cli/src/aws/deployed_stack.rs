//! A deployed stack. AWS credentials are found as the AWS CLI finds them.
//!
//! Required permissions: `cloudformation:DescribeStacks` for the stack's parameters and outputs,
//! `lambda:InvokeFunction` to invoke a function, `logs:FilterLogEvents` to read a log.

use std::collections::BTreeMap;
use std::error::Error;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_cloudformation::types::Stack;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::primitives::Blob;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use portcullis::clock::Timestamp;
use tokio::runtime::{self, Runtime};
use zeroize::Zeroizing;

use super::{Retention, StackLocation};
use crate::{CliError, io_error};

/// A deployed stack.
pub(crate) struct DeployedStack {
    pub(super) name: String,
    pub(super) parameters: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
    pub(super) config: SdkConfig,
    pub(super) runtime: Runtime,
}

impl DeployedStack {
    /// Finds AWS credentials and region as the AWS CLI does, and reads the stack's parameters and outputs.
    ///
    /// # Errors
    /// When there are no credentials, or no such stack.
    pub(crate) fn find(location: &StackLocation) -> Result<Self, CliError> {
        let runtime = runtime()?;
        let name = location.stack.clone().unwrap_or_else(|| "portcullis".to_owned());
        let config = runtime.block_on(config(location.region.clone()))?;
        let stack = runtime.block_on(describe(&config, &name))?;
        let parameters = pairs(stack.parameters(), |one| Some((one.parameter_key()?, one.parameter_value()?)));
        let outputs = pairs(stack.outputs(), |one| Some((one.output_key()?, one.output_value()?)));
        Ok(Self { name, parameters, outputs, config, runtime })
    }

    /// Retention of the table's items, by the stack's parameters.
    pub(crate) fn retention(&self) -> Retention {
        let days = |name: &str| self.parameters.get(name).and_then(|days| days.parse().ok());
        let default = Retention::default();
        Retention {
            record_days: days("RetentionDays").unwrap_or(default.record_days),
            event_days: days("HistoryDays").unwrap_or(default.event_days),
        }
    }

    /// Value of a stack output.
    ///
    /// # Errors
    /// When the stack has no such output: it is not a Portcullis stack, or an older one.
    pub(crate) fn output(&self, key: &str) -> Result<&str, CliError> {
        self.outputs.get(key).map(String::as_str).ok_or_else(|| CliError::Aws {
            exit_code: 5,
            message: format!("stack {} has no output {key}: not a Portcullis stack, or an older version", self.name),
            hint: Some("select the stack with --stack, or update it with sam deploy".to_owned()),
        })
    }

    /// Invokes a function and returns its response.
    ///
    /// # Errors
    /// When it cannot be invoked, or fails.
    pub(crate) fn invoke(&self, function: &str, payload: String) -> Result<Zeroizing<String>, CliError> {
        let client = aws_sdk_lambda::Client::new(&self.config);
        let request = client.invoke().function_name(function).payload(Blob::new(payload)).send();
        let response = self.runtime.block_on(request).map_err(|error| aws_error("lambda:InvokeFunction", &error))?;
        let bytes = response.payload.map(Blob::into_inner).unwrap_or_default();
        let text = Zeroizing::new(
            String::from_utf8(bytes)
                .map_err(|_| CliError::Unreachable(format!("the response of function {function} is not UTF-8")))?,
        );
        match response.function_error {
            None => Ok(text),
            Some(_) => Err(CliError::Unfinished(format!("function {function} failed; see its log"))),
        }
    }

    /// Calls `each` with every line of a log group since a time that matches a filter pattern.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) fn log(
        &self,
        group: &str,
        pattern: &str,
        since: Timestamp,
        mut each: impl FnMut(&str),
    ) -> Result<(), CliError> {
        let client = aws_sdk_cloudwatchlogs::Client::new(&self.config);
        let request = client.filter_log_events().log_group_name(group).filter_pattern(pattern);
        let mut pages = request.start_time(since.millis()).into_paginator().send();
        self.runtime.block_on(async {
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| aws_error("logs:FilterLogEvents", &error))?;
                let messages = page.events().iter().filter_map(FilteredLogEvent::message);
                messages.flat_map(str::lines).for_each(&mut each);
            }
            Ok(())
        })
    }
}

/// The runtime of the AWS SDK.
///
/// # Errors
/// When the system refuses it.
pub(super) fn runtime() -> Result<Runtime, CliError> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| CliError::Unfinished(format!("cannot start the async runtime: {error}")))
}

async fn describe(config: &SdkConfig, stack: &str) -> Result<Stack, CliError> {
    let client = aws_sdk_cloudformation::Client::new(config);
    let found = client.describe_stacks().stack_name(stack).send().await.map_err(|error| {
        // CloudFormation has no error code of its own for a missing stack.
        let missing = error.message().is_some_and(|message| message.contains("does not exist"));
        if missing { no_stack(config, stack) } else { aws_error("cloudformation:DescribeStacks", &error) }
    })?;
    found.stacks.into_iter().flatten().next().ok_or_else(|| no_stack(config, stack))
}

fn pairs<T>(items: &[T], pair: impl Fn(&T) -> Option<(&str, &str)>) -> BTreeMap<String, String> {
    items.iter().filter_map(pair).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn no_stack(config: &SdkConfig, stack: &str) -> CliError {
    let region = config.region().map(Region::as_ref).unwrap_or_default();
    CliError::Aws {
        exit_code: 5,
        message: format!("stack {stack} not found in {region} with these credentials"),
        hint: Some("set --stack and --region, or select other credentials with AWS_PROFILE".to_owned()),
    }
}

/// AWS settings, with credentials that were found as the AWS CLI finds them.
///
/// # Errors
/// When there is no region, or there are no credentials.
pub(super) async fn config(region: Option<String>) -> Result<SdkConfig, CliError> {
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::rustls(CryptoMode::Ring)).build_https();
    let loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http);
    let loader = match region {
        Some(region) => loader.region(Region::new(region)),
        None => loader,
    };
    let config = loader.load().await;
    if config.region().is_none() {
        return Err(CliError::usage("no AWS region configured")
            .with_hint("use --region, set AWS_REGION, or set a region in your AWS profile"));
    }
    let Some(provider) = config.credentials_provider() else { return Err(no_credentials("found")) };
    match provider.provide_credentials().await {
        Ok(_) => Ok(config),
        Err(CredentialsError::CredentialsNotLoaded(_)) => Err(no_credentials("found")),
        Err(error) => Err(no_credentials(&format!("could be used: {}", error_chain(&error)))),
    }
}

pub(super) fn no_credentials(why: &str) -> CliError {
    CliError::Aws {
        exit_code: 3,
        message: format!("no AWS credentials {why}"),
        hint: Some(
            "sign in as for the AWS CLI: aws sso login, AWS_PROFILE, or AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY"
                .to_owned(),
        ),
    }
}

/// An error with its causes. The SDK's debug format is not used: it includes the response body, which may
/// contain a secret.
fn error_chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let chain = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
    io_error::without_code(&chain).to_owned()
}

/// Maps an error of the SDK.
pub(super) fn aws_error<E>(action: &str, error: &SdkError<E>) -> CliError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if error.as_service_error().is_none() {
        // The innermost cause; the others name layers of the SDK.
        let cause = std::iter::successors(error.source(), |&cause| cause.source()).last();
        let why = match cause.map(|cause| (cause.downcast_ref(), cause.to_string())) {
            Some((Some(error), _)) => io_error::explain(error),
            Some((None, text)) => text,
            None => error.to_string(),
        };
        return CliError::Unreachable(format!("AWS cannot be reached: {}", io_error::without_code(&why)));
    }
    refused(action, error.code().unwrap_or_default(), error.message().unwrap_or_default())
}

/// Maps an AWS error by its code. <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>
pub(super) fn refused(action: &str, code: &str, message: &str) -> CliError {
    let (exit_code, hint) = match code {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
            (4, Some(format!("your AWS credentials need {action}")))
        }
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => (3, Some("your AWS credentials are invalid or have expired".to_owned())),
        "ResourceNotFoundException" => (5, None),
        _ => (7, None),
    };
    CliError::Aws { exit_code, message: format!("{action}: {code}: {message}"), hint }
}
