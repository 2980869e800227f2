use camino::Utf8PathBuf;

use super::*;

/// An operator with these files below the home directory, and these variables.
fn settings(files: &[(&str, &str)], variables: &[(&str, &str)]) -> (IndexSettings, String) {
    let directory = tempfile::tempdir().unwrap();
    let home = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
    for (path, text) in files {
        let path = home.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let nowhere = ("XDG_CONFIG_DIRS".to_owned(), home.join("none").to_string());
    let own =
        |(name, value): &(&str, &str)| ((*name).to_owned(), value.replace('~', home.as_str()));
    let operator = Operator {
        env: variables.iter().map(own).chain([nowhere]).collect(),
        cwd: home.clone(),
        home: home.clone(),
    };
    (of(&operator), home.into_string())
}

const UV: &str = r#"
index-url = "https://me:secret@mirror.example/simple"
extra-index-url = ["https://more.example/simple"]
find-links = ["wheels", "/srv/wheels", "https://links.example/"]
keyring-provider = "subprocess"
native-tls = true
allow-insecure-host = ["a.example", "b.example"]
prerelease = "allow"
resolution = "lowest"
exclude-newer = "2020-01-01T00:00:00Z"
constraint-dependencies = ["click<8"]
link-mode = "copy"

[[index]]
name = "team"
url = "https://team.example/simple"

[[index]]
name = "torch"
url = "https://torch.example/simple"
explicit = true

[pip]
no-binary = ["click"]
index-strategy = "unsafe-best-match"
"#;

#[test]
fn of_uvs_file_what_says_where_is_taken_and_what_resolves_is_named() {
    let (settings, home) = settings(&[(".config/uv/uv.toml", UV)], &[]);
    let env = &settings.env;
    assert_eq!(
        env["UV_DEFAULT_INDEX"],
        "https://me:secret@mirror.example/simple"
    );
    assert_eq!(env["UV_EXTRA_INDEX_URL"], "https://more.example/simple");
    let wheels = format!("{home}/.config/uv/wheels,/srv/wheels,https://links.example/");
    assert_eq!(env["UV_FIND_LINKS"], wheels);
    assert_eq!(env["UV_INDEX"], "team=https://team.example/simple");
    assert_eq!(env["UV_NATIVE_TLS"], "true");
    assert_eq!(env["UV_INSECURE_HOST"], "a.example b.example");
    let all: Vec<String> = env
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let all = all.join(" ");
    for not_there in ["torch", "2020", "lowest", "click", "unsafe", "PRERELEASE"] {
        assert!(!all.contains(not_there), "{not_there} in {all}");
    }
    let resolving: Vec<&str> = settings
        .named
        .would_resolve
        .iter()
        .map(String::as_str)
        .collect();
    assert_eq!(
        resolving,
        [
            "uv.toml: [pip] index-strategy",
            "uv.toml: [pip] no-binary",
            "uv.toml: constraint-dependencies",
            "uv.toml: exclude-newer",
            "uv.toml: prerelease",
            "uv.toml: resolution",
        ]
    );
    assert!(settings.named.left_out.contains("uv.toml: link-mode"));
    let named = serde_json::to_string(&settings.named).unwrap();
    assert!(
        !named.contains("secret") && !named.contains(&home),
        "{named}"
    );
}

#[test]
fn variables_are_stronger_than_files_and_sorted_alike() {
    let variables = [
        ("UV_DEFAULT_INDEX", "https://own.example/simple"),
        ("UV_INDEX", "https://first.example/simple"),
        ("UV_INDEX_TEAM_PASSWORD", "secret"),
        ("UV_INDEX_STRATEGY", "unsafe-best-match"),
        ("UV_PRERELEASE", "allow"),
        ("UV_OVERRIDE", "/srv/overrides.txt"),
        ("UV_PYTHON", "3.9"),
        ("PIP_PRE", "1"),
        ("PIP_CONSTRAINT", "/srv/constraints.txt"),
        ("PIP_NO_BINARY", ":all:"),
        ("PIP_INDEX_URL", "https://own.example/pip"),
    ];
    let (settings, _) = settings(&[(".config/uv/uv.toml", UV)], &variables);
    let env = &settings.env;
    assert_eq!(env["UV_DEFAULT_INDEX"], "https://own.example/simple");
    assert_eq!(
        env["UV_INDEX"],
        "https://first.example/simple team=https://team.example/simple"
    );
    assert_eq!(env["UV_INDEX_TEAM_PASSWORD"], "secret");
    assert_eq!(env["PIP_INDEX_URL"], "https://own.example/pip");
    for name in [
        "UV_INDEX_STRATEGY",
        "UV_PRERELEASE",
        "UV_OVERRIDE",
        "PIP_PRE",
        "PIP_CONSTRAINT",
        "PIP_NO_BINARY",
    ] {
        assert!(!env.contains_key(name), "{name}");
        assert!(settings.named.would_resolve.contains(name), "{name}");
    }
    assert!(!env.contains_key("UV_PYTHON"));
    assert!(settings.named.left_out.contains("UV_PYTHON"));
    assert!(!settings.named.would_resolve.contains("UV_PYTHON"));
}

#[test]
fn of_pips_files_the_sections_for_installing_count() {
    let conf = "# mine\n[global]\nindex_url = https://mirror.example/simple\ntrusted-host =\n    a.example\n    b.example\npre = true\n\
        [install]\nindex-url: https://install.example/simple\nno-deps = true\n[list]\nformat = columns\n";
    for (path, variables) in [
        (".config/pip/pip.conf", vec![]),
        (".pip/pip.conf", vec![]),
        ("own.conf", vec![("PIP_CONFIG_FILE", "~/own.conf")]),
    ] {
        let (settings, _) = settings(&[(path, conf)], &variables);
        let env = &settings.env;
        assert_eq!(
            env["PIP_INDEX_URL"], "https://install.example/simple",
            "{path}"
        );
        assert_eq!(env["PIP_TRUSTED_HOST"], "a.example b.example");
        assert_eq!(env["PIP_CONFIG_FILE"], "/dev/null");
        assert!(!env.contains_key("PIP_PRE") && !env.contains_key("PIP_FORMAT"));
        let resolving = &settings.named.would_resolve;
        assert!(
            resolving.iter().any(|name| name.ends_with("[global] pre")),
            "{resolving:?}"
        );
        assert!(
            resolving
                .iter()
                .any(|name| name.ends_with("[install] no-deps"))
        );
    }
    let (settings, _) = settings(
        &[(".config/pip/pip.conf", conf)],
        &[("PIP_CONFIG_FILE", "/dev/null")],
    );
    assert!(!settings.env.contains_key("PIP_INDEX_URL"));
}

#[test]
fn a_file_that_is_named_replaces_and_one_that_cannot_be_read_is_named() {
    let files = [
        (".config/uv/uv.toml", UV),
        (
            "other.toml",
            "index-url = \"https://other.example/simple\"\n",
        ),
        ("bad.toml", "index-url = \n"),
    ];
    let (named, _) = settings(&files, &[("UV_CONFIG_FILE", "other.toml")]);
    assert_eq!(
        named.env["UV_DEFAULT_INDEX"],
        "https://other.example/simple"
    );
    assert!(!named.env.contains_key("UV_INDEX"));
    assert!(!named.env.contains_key("UV_CONFIG_FILE"));
    let (none, _) = settings(&files, &[("UV_NO_CONFIG", "1")]);
    assert!(!none.env.contains_key("UV_DEFAULT_INDEX"));
    let (bad, _) = settings(&files, &[("UV_CONFIG_FILE", "bad.toml")]);
    let told = bad.named.would_resolve.first().unwrap();
    assert!(
        told.starts_with("the file of UV_CONFIG_FILE, which cannot be read"),
        "{told}"
    );
}

#[test]
fn a_key_ring_is_reached_only_where_it_is_asked_for() {
    let bus = ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/bus");
    let (asked, _) = settings(&[], &[bus, ("PIP_KEYRING_PROVIDER", "subprocess")]);
    assert_eq!(asked.env["DBUS_SESSION_BUS_ADDRESS"], "unix:path=/run/bus");
    let (plain, _) = settings(&[], &[bus]);
    assert!(!plain.env.contains_key("DBUS_SESSION_BUS_ADDRESS"));
}
