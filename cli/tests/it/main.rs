//! Tests of the built command against the whole stack of `local` in this process. Each test has its own deployment and
//! port.
//!
//! | module | tests |
//! | --- | --- |
//! | `approval`, `approval_wait` | `approval`, and waiting for a decision |
//! | `audit` | `audit`, `bootstrap` and `doctor` |
//! | `catalog`, `introspect`, `token`, `token_create`, `token_list`, `token_names`, `whoami` | these commands, without a terminal |
//! | `ci_examples` | the steps of `examples/ci` |
//! | `completion` | completion of the command line |
//! | `documents` | expressions and commands in `docs/` |
//! | `untrusted_server` | responses of later versions, gateways and malicious servers |
//! | `exchange` | `exchange` and `trust test`, with an OIDC issuer (`issuer`) |
//! | `help` | help texts and manual pages |
//! | `login` | `login` and `logout`, with a simulated browser (`browser_login`) |
//! | `dependency_budget` | absence of the AWS SDK |
//! | `problems` | errors of the service, in the CLI's words |
//! | `restore_check` | `restore-check`, with the feature `aws` |
//! | `scan` | finding tokens in files and git history, and revoking them |
//! | `scan_hostile` | scans of malicious trees and repositories |
//! | `scan_names` | names, link targets and incomplete clones |
//! | `configuration` | URL, credential, environment and config file |
//! | `terminal` | behavior on a terminal |
#![cfg(test)]

mod approval;
mod approval_wait;
mod audit;
mod browser_login;
mod catalog;
mod ci_examples;
mod completion;
mod configuration;
mod dependency_budget;
mod documents;
mod exchange;
mod help;
mod introspect;
#[expect(dead_code, reason = "the tests over HTTP use the rest of it")]
#[path = "../../../tests/support/issuer.rs"]
mod issuer;
mod login;
mod problems;
#[cfg(feature = "aws")]
mod restore_check;
mod scan;
mod scan_hostile;
mod scan_names;
mod support;
#[cfg(unix)]
mod terminal;
mod token;
mod token_create;
mod token_list;
mod token_names;
mod untrusted_server;
mod whoami;
