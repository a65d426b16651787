//! One test binary: the guarantees of Portcullis over HTTP, and the guarantees of its store on
//! a DynamoDB.
//!
//! | module | tests | against |
//! | --- | --- | --- |
//! | [`faults`] | each fault of each DynamoDB call of each operation, faults of the clock and of the OIDC provider | dynoxide behind a proxy, in this process |
//! | [`linearizability`] | the outcomes of concurrent calls, by a checker | as [`routes`] |
//! | [`model`] | the store's transactions, as a model that is checked exhaustively | nothing |
//! | [`roles`] | each function's role, evaluated for the function's own calls | isolated stacks, in this process |
//! | [`routes`] | every route of the HTTP API, and the authorizer in front of a protected API | `PORTCULLIS_E2E_URL` with the admin token `PORTCULLIS_E2E_TOKEN`; else the stack of `local`, in this process |
//! | [`scenarios`] | the promises of five products' pages on API tokens, with the catalogs of `examples/catalogs` | an isolated stack per test, in this process |
//! | [`store`] | the contract of `portcullis::store` | `PORTCULLIS_TEST_DYNAMODB`: an endpoint's URL, or `aws`; else dynoxide, in this process |
//!
//! Each test's name states one guarantee. No test sleeps, retries a failure, or shares data
//! with another: each creates tokens for its own owners, so all tests can run in parallel and
//! against a deployment in use. The suite assumes the template's default limit of ten live
//! tokens per owner.
#![cfg(test)]

mod faults;
mod linearizability;
mod model;
mod roles;
mod routes;
mod scenarios;
mod store;
mod support;
