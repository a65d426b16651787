//! The HTTP API and the authorizer over HTTP: one module per route.

mod audit_lines;
mod catalog;
mod catalog_write;
mod change_log;
mod content_encoding;
mod delete_token;
mod get_activity;
mod get_events;
mod get_me;
mod get_token;
mod get_tokens;
mod get_usage;
mod owners;
mod patch_token;
mod post_disable_enable;
mod post_exchange;
mod post_explain;
mod post_introspect;
mod post_owner_revoke_tokens;
mod post_revoke_rfc7009;
mod post_rotate;
mod post_token_revoke;
mod post_tokens;
mod protected_api;
mod sessions;
mod unknown_route;
