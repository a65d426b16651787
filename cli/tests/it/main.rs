//! The built command, against the whole stack of `local` in this process: one deployment for
//! each test, on a port of its own.
//!
//! | module | proves |
//! | --- | --- |
//! | `audit` | what is said of a token's requests; with the feature `aws` |
//! | `catalog`, `introspect`, `token`, `whoami` | what these commands do, without a terminal |
//! | `ci_examples` | that the steps of `examples/ci` do what they say, as they stand there |
//! | `documents` | that what the documents say to copy does what they say |
//! | `untrusted_server` | what is made of answers that are not the service's as it is today |
//! | `exchange` | that CI jobs get tokens for their identities (`issuer`), and that trials of trust rules are true |
//! | `help` | what every command says of itself |
//! | `login` | signing in and out, as a person with a browser would (`browser_login`) |
//! | `dependency_budget` | that no AWS SDK comes with the command |
//! | `scan` | that tokens in files and git's history are found and ended |
//! | `scan_hostile` | that no tree and no repository hangs a scan, or has something run |
//! | `scan_names` | that names are searched, and that a history that is not all here is said to be |
//! | `configuration` | where URL and credential come from, and where a secret has no place |
//! | `terminal` | what is different on a terminal |
#![cfg(test)]

#[cfg(feature = "aws")]
mod audit;
mod browser_login;
mod catalog;
mod ci_examples;
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
mod scan;
mod scan_hostile;
mod scan_names;
mod support;
#[cfg(unix)]
mod terminal;
mod token;
mod untrusted_server;
mod whoami;
