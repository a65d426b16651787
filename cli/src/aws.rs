//! A deployed stack, seen with AWS credentials: those that the AWS CLI would use.
//!
//! What is asked of AWS, and what it needs: `cloudformation:DescribeStacks` for a stack's outputs,
//! `lambda:InvokeFunction` to invoke a function of it, `logs:FilterLogEvents` to read a log of it.

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

use crate::CliError;

/// Which stack, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct StackLocation {
    /// The deployed stack's name [default: portcullis]
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// The stack's AWS region, if it is not that of your AWS settings
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
}

/// A deployed stack.
pub(crate) struct DeployedStack {
    name: String,
    outputs: BTreeMap<String, String>,
    config: SdkConfig,
    runtime: Runtime,
}

impl StackLocation {
    /// Whether any of it was said on the command line.
    pub(crate) fn is_given(&self) -> bool {
        self.stack.is_some() || self.region.is_some()
    }
}

impl DeployedStack {
    /// Finds credentials and region, as the AWS CLI does, and with them the stack.
    ///
    /// # Errors
    /// Where there are none, or no such stack.
    pub(crate) fn find(location: &StackLocation) -> Result<Self, CliError> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| CliError::Unfinished(format!("the system refuses: {error}")))?;
        let name = location.stack.clone().unwrap_or_else(|| "portcullis".to_owned());
        let config = runtime.block_on(config(location.region.clone()))?;
        let outputs = runtime.block_on(outputs(&config, &name))?;
        Ok(Self { name, outputs, config, runtime })
    }

    /// One of the stack's outputs.
    ///
    /// # Errors
    /// Where it has none of that name: it is not one of Portcullis, or an older one.
    pub(crate) fn output(&self, key: &str) -> Result<&str, CliError> {
        self.outputs.get(key).map(String::as_str).ok_or_else(|| CliError::Aws {
            exit_code: 5,
            message: format!("the stack {} has no output {key}: it is another's, or an older one", self.name),
            hint: Some("name the stack with --stack; an older one gets the output by sam deploy".to_owned()),
        })
    }

    /// What a function answers to a payload.
    ///
    /// # Errors
    /// Where it cannot be invoked, or fails.
    pub(crate) fn invoke(&self, function: &str, payload: String) -> Result<Zeroizing<String>, CliError> {
        let client = aws_sdk_lambda::Client::new(&self.config);
        let request = client.invoke().function_name(function).payload(Blob::new(payload)).send();
        let response = self.runtime.block_on(request).map_err(|error| aws_error("lambda:InvokeFunction", &error))?;
        let bytes = response.payload.map(Blob::into_inner).unwrap_or_default();
        let text = Zeroizing::new(String::from_utf8(bytes).map_err(|_| {
            CliError::Unreachable(format!("the function {function} answered with something that is no text"))
        })?);
        match response.function_error {
            None => Ok(text),
            Some(_) => Err(CliError::Unfinished(format!("the function {function} failed; its log says why"))),
        }
    }

    /// Hands every line of a log since then to `each`, of those that a filter pattern lets through.
    ///
    /// # Errors
    /// Where it cannot be read.
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

async fn outputs(config: &SdkConfig, stack: &str) -> Result<BTreeMap<String, String>, CliError> {
    let client = aws_sdk_cloudformation::Client::new(config);
    let found = client.describe_stacks().stack_name(stack).send().await.map_err(|error| {
        // CloudFormation has no code of its own for it.
        let missing = error.message().is_some_and(|message| message.contains("does not exist"));
        if missing { no_stack(config, stack) } else { aws_error("cloudformation:DescribeStacks", &error) }
    })?;
    let outputs = found.stacks().iter().flat_map(Stack::outputs);
    Ok(outputs.filter_map(|one| Some((one.output_key()?.to_owned(), one.output_value()?.to_owned()))).collect())
}

fn no_stack(config: &SdkConfig, stack: &str) -> CliError {
    let region = config.region().map(Region::as_ref).unwrap_or_default();
    CliError::Aws {
        exit_code: 5,
        message: format!("there is no stack {stack} in {region} for these credentials"),
        hint: Some("name it with --stack and --region; AWS_PROFILE chooses other credentials".to_owned()),
    }
}

async fn config(region: Option<String>) -> Result<SdkConfig, CliError> {
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::rustls(CryptoMode::Ring)).build_https();
    let loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http);
    let loader = match region {
        Some(region) => loader.region(Region::new(region)),
        None => loader,
    };
    let config = loader.load().await;
    if config.region().is_none() {
        return Err(CliError::usage("no AWS region: it is not known where the stack is")
            .with_hint("give --region, set AWS_REGION, or name one in your AWS profile"));
    }
    let Some(provider) = config.credentials_provider() else { return Err(no_credentials("there are none")) };
    match provider.provide_credentials().await {
        Ok(_) => Ok(config),
        Err(CredentialsError::CredentialsNotLoaded(_)) => Err(no_credentials("there are none")),
        Err(error) => Err(no_credentials(&error_chain(&error))),
    }
}

fn no_credentials(why: &str) -> CliError {
    CliError::Aws {
        exit_code: 3,
        message: format!("no AWS credentials: {why}"),
        hint: Some(
            "sign in as for the AWS CLI: aws sso login, AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret".to_owned(),
        ),
    }
}

/// An error and what brought it about. Not as the SDK shows it for debugging, with the answer's body,
/// which may hold a secret.
fn error_chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |said, cause| format!("{said}: {cause}"))
}

/// Why AWS did not do it. <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>
fn aws_error<E>(action: &str, error: &SdkError<E>) -> CliError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let (code, message) = (error.code().unwrap_or_default(), error.message().unwrap_or_default());
    if error.as_service_error().is_none() {
        return CliError::Unreachable(format!("AWS cannot be reached: {}", error_chain(error)));
    }
    let (exit_code, hint) = match code {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
            (4, Some(format!("your AWS credentials need {action}")))
        }
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => (3, Some("these AWS credentials are wrong or have expired".to_owned())),
        "ResourceNotFoundException" => (5, None),
        _ => (7, None),
    };
    CliError::Aws { exit_code, message: format!("{action}: {code}: {message}"), hint }
}
