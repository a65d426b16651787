//! `restore-check`: the table of a second stack gets the items of the first one's at the restore point, as from a
//! backup. (`tests/deployed/test_restore.py` tests the logs of a deployed stack.)

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use portcullis::clock::{Clock, Timestamp};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::approval::{as_bob, deployer, deploys};
use crate::support::{Stack, stack, stack_with, stderr, stdout};

/// A token of the first stack.
struct Token {
    id: String,
    secret: String,
}

impl Token {
    fn read(created: &Value) -> Self {
        let text = |field: &str| created[field].as_str().unwrap().to_owned();
        Self { id: text("id"), secret: text("token") }
    }

    fn create(stack: &Stack, name: &str) -> Self {
        Self::read(&stack.create(["--name", name, "--grant", "apps:*@apps/billing"]))
    }

    fn rotate(&self, stack: &Stack) -> Self {
        let rotated =
            stack.portcullis(["token", "rotate", &self.id, "--no-overlap", "--yes", "--json"]).assert().success();
        Self::read(&serde_json::from_str(&stdout(&rotated)).unwrap())
    }
}

/// The status of a request with a secret.
fn status(stack: &Stack, secret: &str) -> u16 {
    let sent = ureq::get(format!("{}/me", stack.url())).header("authorization", format!("Bearer {secret}")).call();
    match sent {
        Ok(response) => response.status().as_u16(),
        Err(ureq::Error::StatusCode(status)) => status,
        Err(error) => panic!("{error}"),
    }
}

/// Takes the items of a stack's table. The result replaces those of another one's with them.
fn back_up(stack: &Stack) -> impl Fn(&Stack) {
    let runtime = Runtime::new().unwrap();
    let client = &stack.running().engine().client;
    let items = runtime.block_on(client.scan().table_name(local::dynamodb::TABLE).send()).unwrap().items.unwrap();
    move |restored| {
        let client = &restored.running().engine().client;
        let table = local::dynamodb::TABLE;
        let own = runtime.block_on(client.scan().table_name(table).send()).unwrap().items.unwrap();
        for mut item in own {
            let (pk, sk) = (item.remove("pk").unwrap(), item.remove("sk").unwrap());
            runtime.block_on(client.delete_item().table_name(table).key("pk", pk).key("sk", sk).send()).unwrap();
        }
        for item in &items {
            runtime.block_on(client.put_item().table_name(table).set_item(Some(item.clone())).send()).unwrap();
        }
    }
}

/// The lines of a stack's change log, the newest first, in two files.
fn exported(stack: &Stack) -> [PathBuf; 2] {
    let text = fs::read_to_string(stack.running().data_dir().change_log()).unwrap();
    let lines: Vec<_> = text.lines().rev().collect();
    let (newer, older) = lines.split_at(lines.len() / 2);
    [("newer.log", newer), ("older.log", older)].map(|(name, lines)| {
        let path = stack.home.path().join(name);
        fs::write(&path, format!("START RequestId: 7\n{}\n{{\"level\":\"INFO\"}}\n", lines.join("\n"))).unwrap();
        path
    })
}

/// Runs the command on the table of a restored stack.
fn restore_check(restored: &Stack, since: Timestamp, files: &[PathBuf]) -> Command {
    restore_check_of(local::dynamodb::TABLE, restored, since, files)
}

fn restore_check_of(table: &str, restored: &Stack, since: Timestamp, files: &[PathBuf]) -> Command {
    let connection = restored.running().engine().connection();
    let (id, secret) = connection.static_credentials.unwrap();
    let mut command = restored.bare();
    command.env("AWS_ENDPOINT_URL_DYNAMODB", connection.endpoint.unwrap()).env("AWS_REGION", connection.region);
    command.env("AWS_ACCESS_KEY_ID", id).env("AWS_SECRET_ACCESS_KEY", secret).env("AWS_EC2_METADATA_DISABLED", "true");
    command.args(["restore-check", "--table", table, "--since", &since.to_string()]);
    for file in files {
        command.arg("--from-file").arg(file);
    }
    command
}

#[test]
fn a_token_that_was_revoked_after_the_restore_point_is_refused() {
    // A restore takes minutes. An enabling counts as later only if it is in a later second.
    let later = Clock::from_fn(|| Clock::system().now().plus_seconds(60));
    let (stack, restored) = (stack(), stack_with(|options| options.clock = later));
    let create = |name: &str| Token::create(&stack, name);
    let [unchanged, renamed, revoked, deleted, rotated, disabled, enabled, reduced, checked] =
        ["unchanged", "renamed", "revoked", "deleted", "rotated", "disabled", "enabled", "reduced", "checked"]
            .map(create);
    let rotated_before = create("rotated before").rotate(&stack);
    let restore = back_up(&stack);
    let since = Clock::system().now();

    let run = |arguments: &[&str]| {
        stack.portcullis(["token"]).args(arguments).assert().success();
    };
    run(&["update", &renamed.id, "--name", "new"]);
    run(&["revoke", &revoked.id, "--yes"]);
    run(&["delete", &deleted.id, "--yes"]);
    let current = rotated.rotate(&stack);
    run(&["disable", &disabled.id]);
    run(&["disable", &enabled.id]);
    run(&["enable", &enabled.id]);
    for token in [&reduced, &checked] {
        run(&["update", &token.id, "--grant", "apps:read@apps/billing"]);
    }
    let [created, created_and_revoked] = ["created", "created and revoked"].map(create);
    run(&["revoke", &created_and_revoked.id, "--yes"]);

    restore(&restored);
    let files = exported(&stack);
    let refused = [&revoked, &deleted, &rotated, &disabled, &reduced, &checked];
    let kept = [&unchanged, &renamed, &enabled, &rotated_before];
    let statuses = |tokens: &[&Token]| tokens.iter().map(|token| status(&restored, &token.secret)).collect::<Vec<_>>();
    assert_eq!(statuses(&refused), [200; 6], "the restored table has the state of the restore point");

    let found = restore_check(&restored, since, &files).assert().code(1);
    let rows: Vec<_> =
        stdout(&found).lines().map(|row| row.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
    assert_eq!(rows[0], ["TOKEN", "NAME", "OWNER", "CHANGE", "TIME", "BY", "ACTION"]);
    let mut changes: Vec<_> =
        rows[1..].iter().map(|row| [&row[0], &row[3], &row[6]]).map(|row| row.map(String::as_str)).collect();
    let mut expected = [
        [revoked.id.as_str(), "revoked", "revoke"],
        [deleted.id.as_str(), "deleted", "revoke"],
        [rotated.id.as_str(), "rotated", "revoke"],
        [disabled.id.as_str(), "disabled", "disable"],
        [reduced.id.as_str(), "updated", "disable"],
        [checked.id.as_str(), "updated", "disable"],
    ];
    changes.sort_unstable();
    expected.sort_unstable();
    assert_eq!(changes, expected);
    let notes = stderr(&found);
    assert!(notes.contains("To revoke: 3; to disable: 3. Add --apply to do it."), "{notes}");
    assert!(notes.contains(&format!("refused: {}.", created.id)), "{notes}");
    assert_eq!(statuses(&refused), [200; 6], "without --apply it changes nothing");

    let applied = restore_check(&restored, since, &files).arg("--apply").assert().success();
    assert_eq!(stdout(&applied).matches(" revoked\n").count() + stdout(&applied).matches(" disabled\n").count(), 6);
    assert_eq!(statuses(&refused), [401; 6]);
    assert_eq!(statuses(&kept), [200; 4]);
    assert_eq!(statuses(&[&current, &created]), [401; 2], "the restored table never had these secrets");
    let shown = restored.with_token(stack.admin(), ["token", "show", &rotated.id, "--json"]).assert().success();
    let shown: Value = serde_json::from_str(&stdout(&shown)).unwrap();
    assert_eq!((&shown["revoked_by"], &shown["status"]), (&json!("restore"), &json!("revoked")));
    assert!(shown["revoked_comment"].as_str().unwrap().starts_with("After a restore: rotated at "));

    restored.with_token(stack.admin(), ["token", "enable", &checked.id]).assert().success();
    let again = restore_check(&restored, since, &files).arg("--apply").assert().success();
    assert_eq!(stdout(&again), "");
    assert!(stderr(&again).contains("Nothing to do."), "{}", stderr(&again));
    assert_eq!(statuses(&[&checked, &revoked]), [200, 401], "an admin has checked this one");
}

#[test]
fn a_catalog_that_the_restored_table_lacks_is_reported() {
    let (stack, restored) = (stack(), stack());
    let restore = back_up(&stack);
    let since = Clock::system().now();
    let authorization = format!("Bearer {}", stack.admin());
    let url = format!("{}/catalog", stack.url());
    let catalog = ureq::get(&url).header("authorization", &authorization).call().unwrap();
    let catalog = catalog.into_body().read_to_string().unwrap();
    ureq::put(&url).header("authorization", &authorization).header("if-match", "*").send(catalog).unwrap();
    restore(&restored);
    let checked = restore_check(&restored, since, &exported(&stack)).assert().success();
    assert!(stderr(&checked).contains("the catalog was replaced at "), "{}", stderr(&checked));
    assert!(stderr(&checked).contains("(version 1); the table has version 0"), "{}", stderr(&checked));
}

#[test]
fn logs_that_begin_after_the_restore_point_are_refused() {
    let stack = stack();
    let before = Clock::system().now().plus_seconds(-3600);
    let refused = stderr(&restore_check(&stack, before, &exported(&stack)).assert().code(2));
    assert!(refused.starts_with("error: the logs in --from-file begin at "), "{refused}");
    assert!(refused.contains("changes in between would be missed") && refused.contains("hint: "), "{refused}");
    let empty = stack.home.path().join("empty");
    fs::write(&empty, "junk\n").unwrap();
    let refused = stderr(&restore_check(&stack, before, &[empty]).assert().code(2));
    assert!(refused.contains("no log entries with a time in 1 line"), "{refused}");
}

#[test]
fn a_missing_table_is_reported() {
    let stack = stack();
    let files = exported(&stack);
    let refused = restore_check_of("missing", &stack, Clock::system().now(), &files).assert().code(5);
    assert!(stderr(&refused).starts_with("error: table missing not found in us-east-1"), "{}", stderr(&refused));
}

#[test]
fn approvals_from_before_the_restore_point_are_ended() {
    let (stack, restored) = (stack(), stack());
    let (_, secret) = deployer(&stack);
    let request = |resource: &str| {
        let flags = ["approval", "request", "--quiet", "-p", "releases:write", "--reason", "r", "--resource", resource];
        stdout(&stack.with_token(&secret, flags).assert().success()).trim().to_owned()
    };
    let [live, pending] = ["releases/42", "releases/43"].map(request);
    as_bob(&stack, ["approval", "approve", &live, "--yes"]).assert().success();
    let restore = back_up(&stack);
    let since = Clock::system().now();
    as_bob(&stack, ["approval", "end", &live, "--yes"]).assert().success();
    as_bob(&stack, ["approval", "reject", &pending]).assert().success();
    restore(&restored);
    assert_eq!([deploys(&stack, &secret), deploys(&restored, &secret)], [403, 200]);

    let files = exported(&stack);
    let found = restore_check(&restored, since, &files).assert().code(1);
    let rows = stdout(&found);
    let row = |id: &str| rows.lines().find(|row| row.starts_with(id) && row.ends_with(" end")).unwrap();
    assert!(row(&live).contains("releases:write on releases/42") && row(&pending).contains(" pending "), "{rows}");
    let notes = stderr(&found);
    assert!(notes.contains("To revoke: 0; to disable: 0; approvals to end: 2. Add --apply to do it."), "{notes}");
    let applied = restore_check(&restored, since, &files).args(["--apply", "--json"]).assert().success();
    let applied: Value = serde_json::from_str(&stdout(&applied)).unwrap();
    let ended = applied["approvals"].as_array().unwrap();
    assert_eq!(ended.iter().map(|approval| &approval["action"]).collect::<Vec<_>>(), ["ended"; 2]);
    assert_eq!(deploys(&restored, &secret), 403);
    let shown = restored.with_token(stack.admin(), ["approval", "show", &live, "--json"]).assert().success();
    let shown: Value = serde_json::from_str(&stdout(&shown)).unwrap();
    assert_eq!((&shown["status"], &shown["ended_by"]), (&json!("ended"), &json!("restore")));
    let again = restore_check(&restored, since, &files).arg("--apply").assert().success();
    assert!(stderr(&again).contains("Nothing to do."), "{}", stderr(&again));
}
