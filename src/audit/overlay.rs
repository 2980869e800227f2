//! Which files of a fix keep their earlier version, on which side.
//!
//! The old side has every file of the fix that is not source: tests, their data, their settings.
//! The fix without its change in scope has everything except that change.

use super::change::{ChangedFile, Commits, Status};
use super::error::AuditError;
use super::git::Git;
use super::project::Project;
use super::syntax::grammar_for;

/// Files of the fix that are the product: they are as before on the old side.
pub(super) fn product<'f>(
    files: &'f [ChangedFile],
    scope: &[String],
    project: &Project,
) -> Vec<&'f ChangedFile> {
    let is_product = |file: &&ChangedFile| {
        if file.test || in_package(&file.path, project) {
            return !file.test;
        }
        if scope.is_empty() {
            return grammar_for(&file.path).is_some();
        }
        file.in_scope || (grammar_for(&file.path).is_some() && may_be_imported(&file.path))
    };
    files.iter().filter(is_product).collect()
}

/// Files of the fix whose change is under audit.
pub(super) fn scoped<'f>(product: &[&'f ChangedFile]) -> Vec<&'f ChangedFile> {
    let in_scope = product.iter().filter(|file| file.in_scope);
    in_scope.copied().collect()
}

/// Whether a source file outside of any package may be a module of the product: beside the
/// project's files, or in a source directory. A script in `tasks/` that tests use is not one.
fn may_be_imported(path: &str) -> bool {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    directory.is_empty() || ["src", "lib"].contains(&directory.split('/').next().unwrap_or(""))
}

/// Whether a file is in a package, as its templates and tables are.
fn in_package(path: &str, project: &Project) -> bool {
    let mut directory = path;
    while let Some((above, _)) = directory.rsplit_once('/') {
        let file = format!("{above}/__init__.py");
        if project.paths.contains(&file) {
            return true;
        }
        directory = above;
    }
    false
}

/// Puts these files of a checked-out fix back to what they were before it.
pub(super) async fn as_before(
    git: Git<'_>,
    commits: &Commits,
    files: &[&ChangedFile],
) -> Result<(), AuditError> {
    let mut restored = Vec::new();
    let mut gone = Vec::new();
    for file in files {
        let old = file.renamed_from.as_deref().unwrap_or(&file.path);
        for name in [old, &file.path] {
            if name.contains('\u{fffd}') {
                return Err(AuditError::Request(format!(
                    "the name of the source file `{name}` is not UTF-8: which file is meant cannot be told"
                )));
            }
        }
        match file.status {
            Status::Modified | Status::Deleted => restored.push(file.path.as_str()),
            Status::Added => gone.push(file.path.as_str()),
            Status::Renamed => {
                gone.push(file.path.as_str());
                restored.push(old);
            }
        }
    }
    let listed = ["--pathspec-from-file=-", "--pathspec-file-nul"];
    if !gone.is_empty() {
        let arguments = ["--literal-pathspecs", "rm", "-q", "-f", "--ignore-unmatch"];
        let arguments = [&arguments[..], &listed].concat();
        git.text(&arguments, Some(gone.join("\0"))).await?;
    }
    if !restored.is_empty() {
        let arguments = [
            "--literal-pathspecs",
            "checkout",
            "--quiet",
            &commits.parent,
        ];
        let arguments = [&arguments[..], &listed].concat();
        git.text(&arguments, Some(restored.join("\0"))).await?;
    }
    Ok(())
}
