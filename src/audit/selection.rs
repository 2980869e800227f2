//! Which tests are run: those of the fix, those that read the data it changed, and, if the fix adds
//! none, existing tests that mention the rule.

use std::collections::BTreeSet;

use super::behaviour::Behaviour;
use super::change::{ChangedFile, Status};
use super::error::AuditError;
use super::git::Git;
use super::project::{Project, is_test_module};
use super::request::AuditRequest;

/// Maximum number of test modules that are run because of their content.
const MOST: usize = 10;

/// Paths to run, sorted; none if the fix adds no test.
pub(super) async fn tests_to_run(
    git: Git<'_>,
    req: &AuditRequest,
    behaviour: &Behaviour,
    product: &[&ChangedFile],
    project: &Project,
) -> Result<Vec<String>, AuditError> {
    let is_product = |file: &&ChangedFile| product.iter().any(|other| other.path == file.path);
    let there = || {
        let files = behaviour
            .files
            .iter()
            .filter(|file| file.status != Status::Deleted);
        files.filter(|file| !is_product(file))
    };
    let mut modules: BTreeSet<String> = there()
        .filter(|file| file.test && is_test_module(project, &file.path))
        .map(|file| file.path.clone())
        .collect();
    let data: Vec<&ChangedFile> = there()
        .filter(|file| !is_test_module(project, &file.path) && (file.test || is_data(&file.path)))
        .collect();
    modules.extend(readers(git, &behaviour.commits.fix, &data, project).await?);
    if modules.is_empty() {
        let near = data.iter().filter(|file| file.test);
        modules.extend(near.filter_map(|file| nearest(&file.path, project)));
    }
    if modules.is_empty() && !req.about.is_empty() {
        return speaking_of(git, &behaviour.commits.fix, &req.about, project).await;
    }
    Ok(modules.into_iter().collect())
}

/// Whether a file may be data that tests read; settings are read by all of them.
fn is_data(path: &str) -> bool {
    const NOT: [&str; 8] = ["md", "rst", "toml", "cfg", "ini", "lock", "yml", "yaml"];
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.')
        .is_some_and(|(stem, extension)| !stem.is_empty() && !NOT.contains(&extension))
        && path.contains('/')
}

/// Test modules that name one of these files.
async fn readers(
    git: Git<'_>,
    fix: &str,
    data: &[&ChangedFile],
    project: &Project,
) -> Result<Vec<String>, AuditError> {
    let names: BTreeSet<&str> = data
        .iter()
        .filter_map(|file| file.path.rsplit('/').next())
        .filter(|name| {
            *name != "conftest.py" && *name != "__init__.py" && !name.contains('\u{fffd}')
        })
        .take(MOST)
        .collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let words: Vec<&str> = names.into_iter().map(stem_of_helper).collect();
    grep(git, fix, &["-F"], &words, project).await
}

/// A helper is imported without its ending.
fn stem_of_helper(name: &str) -> &str {
    name.strip_suffix(".py").unwrap_or(name)
}

/// Existing test modules that contain all words of the rule: they can prove a fix that was reverted
/// and applied again, because its tests were added the first time.
async fn speaking_of(
    git: Git<'_>,
    fix: &str,
    about: &[String],
    project: &Project,
) -> Result<Vec<String>, AuditError> {
    let words: Vec<&str> = about.iter().map(String::as_str).collect();
    grep(git, fix, &["-i", "-F", "--all-match"], &words, project).await
}

/// Test modules of a commit that contain words.
async fn grep(
    git: Git<'_>,
    fix: &str,
    how: &[&str],
    words: &[&str],
    project: &Project,
) -> Result<Vec<String>, AuditError> {
    let mut arguments = vec!["grep", "-l", "-z", "--full-name"];
    arguments.extend(how);
    for word in words {
        arguments.extend(["-e", word]);
    }
    arguments.extend([fix, "--", "*.py"]);
    // git grep reports by its exit code that there is no match.
    let finished = git.run(&arguments, None).await?;
    let start = format!("{fix}:");
    let modules = finished
        .stdout
        .text
        .split('\0')
        .filter_map(|path| path.strip_prefix(&start))
        .filter(|path| is_test_module(project, path));
    Ok(modules.take(MOST).map(str::to_owned).collect())
}

/// The nearest directory above a file that contains test modules.
fn nearest(path: &str, project: &Project) -> Option<String> {
    let mut directory = path;
    while let Some((above, _)) = directory.rsplit_once('/') {
        let start = format!("{above}/");
        let holds = |path: &String| path.starts_with(&start) && is_test_module(project, path);
        if project.paths.iter().any(holds) {
            return Some(above.to_owned());
        }
        directory = above;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_are_told_from_settings() {
        assert!(is_data("fixtures/rollback.json"));
        assert!(!is_data("pyproject.toml") && !is_data("docs/index.rst"));
    }

    #[test]
    fn the_nearest_directory_with_tests() {
        let paths = [
            "tests/unit/data/a.json",
            "tests/unit/test_a.py",
            "tests/test_b.py",
        ];
        let project = Project::new(
            paths.map(str::to_owned).into(),
            std::collections::BTreeMap::default(),
        );
        assert_eq!(
            nearest("tests/unit/data/a.json", &project).as_deref(),
            Some("tests/unit")
        );
        assert_eq!(nearest("data/a.json", &project), None);
    }
}
