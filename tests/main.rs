//! One test binary: what Portcullis promises, tried from outside over HTTP, and what its
//! store promises, tried on a DynamoDB.
//!
//! | module | proves | against |
//! | --- | --- | --- |
//! | [`routes`] | every call of the HTTP API and the authorizer in front of a protected one | `PORTCULLIS_E2E_URL` with the admin token `PORTCULLIS_E2E_TOKEN`; else the stack of `local`, in this process |
//! | [`scenarios`] | what the pages of five products promise of their API tokens, with the catalogs of `examples/catalogs` | a stack of `local` of each test's own, in this process |
//! | [`store`] | the contract of `portcullis::store` | `PORTCULLIS_TEST_DYNAMODB`: an endpoint's URL, or `aws`; else dynoxide, in this process |
//!
//! A test is a sentence that states a guarantee. No test waits for a time to pass, tries
//! again what failed, or shares anything with another one: each makes tokens for owners of
//! its own, so that all can run at once, and against a deployment that is in use.
//! The suite takes the template's default limit, ten live tokens an owner, for granted.
#![cfg(test)]

mod routes;
mod scenarios;
mod store;
mod support;
