//! What a program gets of the operator's environment: nothing that is not written down.

use std::collections::BTreeMap;

use canary_gate::world::{EnvBase, Program};

use super::stage::Stage;

async fn environment(stage: &Stage, change: impl FnOnce(&mut Program)) -> BTreeMap<String, String> {
    let mut program = Program::new(["env", "-0"]);
    change(&mut program);
    let text = stage.run(program).await.unwrap().stdout.text;
    text.split_terminator('\0')
        .map(|entry| entry.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

const OPERATORS: &[(&str, &str)] = &[
    ("HOME", "/wrong"),
    ("SSL_CERT_FILE", "/certificates.pem"),
    ("https_proxy", "http://proxy:1"),
    ("GH_TOKEN", "ghp_env_token_value"),
    ("GITHUB_TOKEN", "other-env-token"),
    ("GH_CONFIG_DIR", "/gh"),
    ("FLY_APP", "some-app"),
    ("UV_DEFAULT_INDEX", "http://index/simple"),
    ("UV_INDEX_TEAM_USERNAME", "me"),
    ("UV_PYTHON", "3.9"),
    ("PIP_INDEX_URL", "http://index/pip"),
    ("PIP_USER", "1"),
    ("CANARY_TOKEN", "canary-secret"),
    ("LD_PRELOAD_NOT", "x"),
    ("PYTHONPATH", "/evil"),
    ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/bus"),
];

/// The names beyond those that every program gets.
fn beyond(env: &BTreeMap<String, String>) -> Vec<&str> {
    const ALWAYS: &[&str] = &[
        "PATH",
        "HOME",
        "TMPDIR",
        "XDG_CACHE_HOME",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
        "LANG",
        "TZ",
        "SSL_CERT_FILE",
        "https_proxy",
    ];
    for name in ALWAYS {
        assert!(env.contains_key(*name), "{name}");
    }
    env.keys()
        .map(String::as_str)
        .filter(|name| !ALWAYS.contains(name))
        .collect()
}

#[tokio::test]
async fn a_bare_environment_is_exactly_what_is_written_down() {
    let stage = Stage::with_env(OPERATORS);
    let env = environment(&stage, |_| ()).await;
    assert_eq!(beyond(&env), ["XDG_CONFIG_HOME"]);
    for (name, value) in [
        ("HOME", "‹run›/home"),
        ("TMPDIR", "‹run›/tmp/T000-1-env"),
        ("XDG_CONFIG_HOME", "‹run›/home/.config"),
        ("XDG_STATE_HOME", "‹run›/home/.local/state"),
        ("LANG", "C.UTF-8"),
        ("TZ", "UTC"),
        ("SSL_CERT_FILE", "/certificates.pem"),
    ] {
        assert_eq!(env[name], value, "{name}");
    }
}

#[tokio::test]
async fn each_base_adds_what_is_written_down() {
    let stage = Stage::with_env(OPERATORS);
    let github = environment(&stage, |program| program.base = EnvBase::GitHub).await;
    assert_eq!(
        beyond(&github),
        ["DBUS_SESSION_BUS_ADDRESS", "GH_CONFIG_DIR"]
    );
    assert_eq!(github["HOME"], "‹home›");
    let token = environment(&stage, |program| {
        program.base = EnvBase::GitHubEnvironmentToken;
    })
    .await;
    assert_eq!(
        beyond(&token),
        [
            "DBUS_SESSION_BUS_ADDRESS",
            "GH_CONFIG_DIR",
            "GH_TOKEN",
            "GITHUB_TOKEN"
        ]
    );
    assert_eq!(token["GH_TOKEN"], "‹secret:GH_TOKEN›");
    let fly = environment(&stage, |program| program.base = EnvBase::Fly).await;
    assert_eq!(beyond(&fly), ["FLY_APP", "XDG_CONFIG_HOME"]);
    assert_eq!(fly["HOME"], "‹home›");
}

/// Whether this machine's own pip configuration sets the option: it counts as the operator's.
fn of_this_machine(name: &str) -> bool {
    let expected = ["PIP_INDEX_URL", "PIP_TIMEOUT"];
    let option = name
        .strip_prefix("PIP_")
        .map(|name| name.to_lowercase().replace('_', "-"));
    let machine = ["/etc/pip.conf", "/etc/xdg/pip/pip.conf"];
    let set = |option: String| {
        let texts = machine
            .iter()
            .filter_map(|path| std::fs::read_to_string(path).ok());
        texts
            .into_iter()
            .any(|text| text.replace('_', "-").contains(&option))
    };
    !expected.contains(&name) && option.is_some_and(set)
}

#[tokio::test]
async fn an_installer_gets_the_operators_index_and_the_gates_cache() {
    let stage = Stage::with_env(OPERATORS);
    let config = stage.path("home/.config");
    std::fs::create_dir_all(config.join("pip")).unwrap();
    std::fs::create_dir_all(config.join("uv")).unwrap();
    let pip = "[global]\ntimeout = 9\npre = true\n";
    std::fs::write(config.join("pip/pip.conf"), pip).unwrap();
    let uv = "offline = true\nprerelease = \"allow\"\n";
    std::fs::write(config.join("uv/uv.toml"), uv).unwrap();
    std::fs::write(stage.path("home/.netrc"), "").unwrap();
    let env = environment(&stage, |program| program.base = EnvBase::Installer).await;
    let mut names = beyond(&env);
    names.retain(|name| !of_this_machine(name));
    assert_eq!(
        names,
        [
            "NETRC",
            "PIP_CACHE_DIR",
            "PIP_CONFIG_FILE",
            "PIP_INDEX_URL",
            "PIP_TIMEOUT",
            "UV_CACHE_DIR",
            "UV_DEFAULT_INDEX",
            "UV_INDEX_TEAM_USERNAME",
            "UV_OFFLINE",
            "XDG_CONFIG_HOME",
        ]
    );
    assert_eq!(env["UV_CACHE_DIR"], "‹cache›/uv");
    assert_eq!(env["PIP_CONFIG_FILE"], "/dev/null");
    assert_eq!(env["NETRC"], "‹home›/.netrc");
    assert!(!stage.path("run/home/.config/uv/uv.toml").exists());
    let noted = std::fs::read_to_string(stage.path("run/index-settings.json")).unwrap();
    let noted: serde_json::Value = serde_json::from_str(&noted).unwrap();
    let resolving = serde_json::json!(["pip.conf: [global] pre", "uv.toml: prerelease"]);
    assert_eq!(noted["would_resolve"], resolving);
}

#[tokio::test]
async fn a_passed_variable_is_a_secret() {
    let stage = Stage::with_env(OPERATORS);
    let env = environment(&stage, |program| {
        program.pass.insert("CANARY_TOKEN".into());
        program.pass.insert("NOT_SET".into());
    })
    .await;
    assert_eq!(env["CANARY_TOKEN"], "‹secret:CANARY_TOKEN›");
    assert!(!env.contains_key("NOT_SET"));
    let finished = stage
        .bash("printf canary-; printf secret | base64; echo canary-secret")
        .await;
    assert!(
        !finished.stdout.text.contains("canary-secret"),
        "{}",
        finished.stdout.text
    );
    let logs = std::fs::read_to_string(stage.path("run/logs/T000-2-bash.out")).unwrap();
    assert!(!logs.contains("canary-secret"), "{logs}");
}
