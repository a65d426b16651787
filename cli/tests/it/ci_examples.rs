//! Runs the steps of `examples/ci` with the variables of the CI system.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "the steps need the PATH that there is")]

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::{fs, thread};

use saphyr::{LoadableYamlNode as _, Yaml};
use serde_json::json;

use crate::approval::as_bob;
use crate::exchange::trusting;
use crate::issuer::Issuer;
use crate::support::{Stack, eventually, json as document, stack};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/ci");

fn read(name: &str) -> String {
    fs::read_to_string(format!("{EXAMPLES}/{name}")).unwrap()
}

/// The `run` scripts of a list of steps.
fn runs(steps: &Yaml<'_>) -> Vec<String> {
    let steps = steps.as_vec().unwrap();
    steps.iter().filter_map(|step| step.as_mapping_get("run")?.as_str().map(str::to_owned)).collect()
}

fn of_workflow(name: &str) -> Vec<String> {
    let text = read(name);
    let yaml = Yaml::load_from_str(&text).unwrap();
    runs(yaml[0].as_mapping_get("jobs").unwrap().as_mapping_get("deploy").unwrap().as_mapping_get("steps").unwrap())
}

fn of_action(name: &str) -> String {
    let text = read(name);
    let yaml = Yaml::load_from_str(&text).unwrap();
    let [run] = runs(yaml[0].as_mapping_get("runs").unwrap().as_mapping_get("steps").unwrap()).try_into().unwrap();
    run
}

/// Directory and environment of a job.
struct Job<'a> {
    at: &'a Path,
    env: BTreeMap<String, String>,
}

impl Job<'_> {
    fn in_stack<'a>(stack: &'a Stack) -> Job<'a> {
        let bin = Path::new(env!("CARGO_BIN_EXE_portcullis")).parent().unwrap().display().to_string();
        let path = format!("{bin}:{}", std::env::var("PATH").unwrap());
        let home = stack.home.path().display().to_string();
        let env = [("PATH", path), ("HOME", home), ("PORTCULLIS_URL", stack.url())];
        let api = ("PORTCULLIS_API", format!("{}/demo", stack.url()));
        let env = env.into_iter().chain([api]).map(|(name, value)| (name.to_owned(), value)).collect();
        Job { at: stack.home.path(), env }
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.env.insert(name.to_owned(), value.into());
    }

    /// Runs a step, and asserts that it succeeds.
    #[track_caller]
    fn runs(&self, shell: &[&str], script: &str) -> Output {
        let output = output_of(Command::new(shell[0]).args(&shell[1..]).args(["-c", script]), self);
        assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
        output
    }
}

/// Runs a step that waits for an approval, while Bob decides it. Returns the exit code.
fn waits_for_approval(job: &Job<'_>, shell: &[&str], script: &str, stack: &Stack, decide: [&str; 2]) -> Option<i32> {
    let mut step = Command::new(shell[0]);
    step.args(&shell[1..]).args(["-c", script]).env_clear().envs(&job.env).current_dir(job.at);
    let step = step.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let pending = || {
        let listed = as_bob(stack, ["approval", "list", "--status", "pending", "--json"]).assert().success();
        document(&listed)["approvals"].as_array().unwrap().clone()
    };
    eventually(|| !pending().is_empty());
    let [request] = pending().try_into().unwrap();
    assert!(request["link"].as_str().unwrap().ends_with("/7"), "{request}");
    assert_eq!(request["reason"], "Deploy main at 4f2c0d1");
    let [decision, flag] = decide;
    as_bob(stack, ["approval", decision, request["id"].as_str().unwrap(), flag]).assert().success();
    step.wait_with_output().unwrap().status.code()
}

fn output_of(command: &mut Command, job: &Job<'_>) -> Output {
    command.env_clear().envs(&job.env).current_dir(job.at).output().unwrap()
}

const GITHUB: [&str; 4] = ["bash", "-e", "-o", "pipefail"];

fn status(stack: &Stack, id: &str) -> serde_json::Value {
    document(&stack.portcullis(["token", "show", id, "--json"]).assert().success())["status"].clone()
}

#[test]
fn github_and_jenkins_deploy_with_a_stored_secret() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer);
    let made = stack.create(["--name", "ci", "--grant", "apps:write@apps/billing"]);
    let mut job = Job::in_stack(&stack);
    job.set("PORTCULLIS_API_TOKEN", made["token"].as_str().unwrap());
    let [deploy] = of_workflow("github-stored-secret.yml").try_into().unwrap();
    let printed = job.runs(&GITHUB, &deploy);
    assert!(String::from_utf8_lossy(&printed.stdout).contains(r#""path":"/apps/billing/builds""#));

    let jenkins = read("Jenkinsfile");
    let script = jenkins.split("'''").nth(1).unwrap().replace("\\\\", "\\");
    let printed = job.runs(&["sh", "-e"], &script);
    assert!(String::from_utf8_lossy(&printed.stdout).contains(r#""path":"/apps/billing/builds""#));

    job.set("PORTCULLIS_API_TOKEN", "pcl_wrong");
    let refused = output_of(Command::new("bash").args(["-e", "-o", "pipefail", "-c", &deploy]), &job);
    assert!(!refused.status.success(), "a denied deployment fails the job");
}

#[test]
fn keyless_github_jobs_exchange_first_and_revoke_last() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer);
    // Simulates GitHub: responds once with the job's ID token.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut job = Job::in_stack(&stack);
    job.set("ACTIONS_ID_TOKEN_REQUEST_URL", format!("http://{}/t?api-version=2.0", listener.local_addr().unwrap()));
    job.set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner");
    job.set("GITHUB_ACTIONS", "true");
    job.set("AUDIENCE", "https://tokens.example.com");
    let env_file = stack.home.path().join("env");
    job.set("GITHUB_ENV", env_file.display().to_string());
    let body = json!({"value": issuer.signs(&issuer.claims())}).to_string();
    let github = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut seen = [0; 16 * 1024];
        assert!(stream.read(&mut seen).unwrap() > 0);
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).unwrap();
    });
    let started = job.runs(&GITHUB, &of_action("github-keyless/start/action.yml"));
    github.join().unwrap();
    let handed = fs::read_to_string(&env_file).unwrap();
    let token = handed.trim().strip_prefix("PORTCULLIS_API_TOKEN=").unwrap().to_owned();
    assert_eq!(String::from_utf8_lossy(&started.stdout), format!("::add-mask::{token}\n"));
    job.set("PORTCULLIS_API_TOKEN", &token);
    let mut printed = started.stderr;
    for step in of_workflow("github-keyless.yml") {
        printed.extend(job.runs(&GITHUB, &step).stdout);
    }
    printed.extend(job.runs(&GITHUB, &of_action("github-keyless/end/action.yml")).stdout);
    assert_eq!(status(&stack, &token[4..20]), "revoked");
    assert!(!String::from_utf8_lossy(&printed).contains(&token[20..]), "no step prints the secret");
    // A job without a token revokes nothing and succeeds.
    job.env.remove("PORTCULLIS_API_TOKEN");
    job.runs(&GITHUB, &of_action("github-keyless/end/action.yml"));
}

#[test]
fn gitlab_jobs_exchange_deploy_and_always_revoke() {
    let issuer = Issuer::start();
    let stack = trusting(&issuer);
    let text = read("gitlab-ci.yml");
    let yaml = Yaml::load_from_str(&text).unwrap();
    let deploy = yaml[0].as_mapping_get("deploy").unwrap();
    let lines = |part: &str| -> Vec<String> {
        let lines = deploy.as_mapping_get(part).unwrap().as_vec().unwrap();
        lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
    };
    let mut job = Job::in_stack(&stack);
    job.set("CI_PROJECT_DIR", stack.home.path().display().to_string());
    job.set("PORTCULLIS_ID_TOKEN", issuer.signs(&issuer.claims()));
    // GitLab runs `script` in one shell, and `after_script` in another.
    let [exchange, call] = lines("script").try_into().unwrap();
    job.runs(&["sh", "-e"], &exchange);
    let file = stack.home.path().join(".portcullis-token");
    let token = fs::read_to_string(&file).unwrap().trim().to_owned();
    job.runs(&["sh", "-e"], &call);
    assert_eq!(status(&stack, &token[4..20]), "active");
    let after = lines("after_script").join("\n");
    job.runs(&["sh", "-e"], &after);
    assert_eq!((status(&stack, &token[4..20]), file.exists()), (json!("revoked"), false));
    job.runs(&["sh", "-e"], &after);
}

#[test]
fn jobs_deploy_after_an_approval_and_fail_after_a_rejection() {
    let text = read("gitlab-approval.yml");
    let yaml = Yaml::load_from_str(&text).unwrap();
    let script = yaml[0].as_mapping_get("deploy").unwrap().as_mapping_get("script").unwrap().as_vec().unwrap();
    let gitlab: Vec<_> = script.iter().map(|line| line.as_str().unwrap().to_owned()).collect();
    for (steps, shell) in [(of_workflow("github-approval.yml"), &GITHUB[..]), (gitlab, &["sh", "-e"])] {
        let [wait, deploy] = steps.try_into().unwrap();
        let stack = stack();
        let made = stack.create(["--name", "ci", "--grant", "releases:write@releases/billing"]);
        let mut job = Job::in_stack(&stack);
        job.set("PORTCULLIS_API_TOKEN", made["token"].as_str().unwrap());
        job.set("HOME", stack.home.path().join("job").display().to_string());
        for (name, value) in [
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "acme/billing"),
            ("GITHUB_RUN_ID", "7"),
            ("GITHUB_REF_NAME", "main"),
            ("GITHUB_SHA", "4f2c0d1"),
            ("CI_COMMIT_REF_NAME", "main"),
            ("CI_COMMIT_SHA", "4f2c0d1"),
            ("CI_JOB_URL", "https://gitlab.com/acme/billing/-/jobs/7"),
        ] {
            job.set(name, value);
        }
        let deploy_alone = output_of(Command::new(shell[0]).args(&shell[1..]).args(["-c", &deploy]), &job);
        assert!(!deploy_alone.status.success(), "the token cannot deploy alone");
        assert_eq!(waits_for_approval(&job, shell, &wait, &stack, ["reject", "--quiet"]), Some(9));
        assert_eq!(waits_for_approval(&job, shell, &wait, &stack, ["approve", "--yes"]), Some(0));
        let deployed = job.runs(shell, &deploy);
        assert!(String::from_utf8_lossy(&deployed.stdout).contains(r#""path":"/releases/billing""#));
    }
}
