//! The HTTP API and the authorizer, from outside: one module a route.

mod catalog;
mod delete_token;
mod demo;
mod get_me;
mod get_token;
mod get_tokens;
mod no_such_route;
mod post_explain;
mod post_revoke;
mod post_tokens;
mod sessions;
