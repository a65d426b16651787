//! The HTTP API and the authorizer, from outside: one module a route.

mod catalog;
mod catalog_write;
mod content_encoding;
mod delete_token;
mod demo;
mod get_activity;
mod get_events;
mod get_me;
mod get_token;
mod get_tokens;
mod get_usage;
mod no_such_route;
mod owners;
mod patch_token;
mod post_exchange;
mod post_explain;
mod post_introspect;
mod post_revoke;
mod post_revoke_by_holder;
mod post_revoke_of_owner;
mod post_rotate;
mod post_tokens;
mod sessions;
mod switch;
