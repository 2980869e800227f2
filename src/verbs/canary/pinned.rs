//! What has to stay the same through a protocol: the candidate, the harness, the configuration.

use serde_json::json;

use crate::store::sha256_hex;
use crate::verb::{Ctx, VerbError};
use crate::verbs::canary::run::Pinned;
use crate::world::{Fixed, ListFiles, Place, Program};

/// Files of the project that say how it runs, tracked or not.
const CONFIGURATION: [&str; 5] = [
    ".env",
    "pyproject.toml",
    "pytest.ini",
    "uv.lock",
    ".venv/pyvenv.cfg",
];

/// The files of the installed candidate that say what it does.
pub(in crate::verbs) fn installed() -> ListFiles {
    let include = ["**/*.py", "**/*.pth", "**/RECORD", "**/bin/*"].map(str::to_owned);
    ListFiles {
        root: Place::run("home/pipx"),
        include: include.to_vec(),
    }
}

/// What the runs are made with, and the files that tell when it changes.
pub(in crate::verbs) async fn of(
    ctx: &Ctx,
    project: &Place,
    program: &Program,
    results: &[String],
) -> Result<(Pinned, Vec<Fixed>), VerbError> {
    let commit = git(ctx, project, &["rev-parse", "HEAD"]).await?;
    let tracked = git(ctx, project, &["ls-files", "-z"]).await?;
    let written = |path: &&str| {
        let top = |path: &str| path.split('/').next().map(str::to_owned);
        results.iter().any(|result| top(result) == top(path))
    };
    let mut include: Vec<String> = tracked
        .as_deref()
        .unwrap_or_default()
        .split('\0')
        .filter(|path| !path.is_empty())
        .filter(|path| !written(path))
        .map(globset::escape)
        .collect();
    include.extend([".git/HEAD", ".git/packed-refs", ".git/refs/heads/**"].map(str::to_owned));
    let one = |name: &str, files: Vec<ListFiles>| Fixed {
        name: name.to_owned(),
        files,
    };
    let files = |root: Place, include: Vec<String>| ListFiles { root, include };
    let fixed = vec![
        one("candidate", vec![installed()]),
        one("harness", vec![files(project.clone(), include)]),
        one(
            "configuration",
            CONFIGURATION
                .map(|path| files(project.join(path), Vec::new()))
                .to_vec(),
        ),
    ];
    let configuration = json!({
        "argv": program.argv,
        "env": program.env,
        "pass": program.pass,
        "watch": program.watch,
    });
    Ok((
        Pinned {
            harness_commit: commit.map(|text| text.trim().to_owned()),
            configuration: sha256_hex(configuration.to_string().as_bytes()),
        },
        fixed,
    ))
}

/// What git says of the project; none when it is no repository.
async fn git(ctx: &Ctx, project: &Place, words: &[&str]) -> Result<Option<String>, VerbError> {
    let mut program = Program::new(["git"].iter().chain(words).copied());
    program.cwd = project.clone();
    let finished = ctx.run(program).await?;
    Ok((finished.success() && !finished.stdout.truncated).then_some(finished.stdout.text))
}
