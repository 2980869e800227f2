//! The one directory that holds an embedded world.

use camino::Utf8PathBuf;

use super::{RehearsalError, host};

/// Creates it, and these directories below it. Its path is short, because a Unix socket's path is
/// limited to about a hundred bytes.
pub(super) fn make(below: &[&str]) -> Result<(tempfile::TempDir, Utf8PathBuf), RehearsalError> {
    let failed = |source| RehearsalError::File {
        operation: "make",
        path: std::env::temp_dir(),
        source,
    };
    let directory = tempfile::Builder::new()
        .prefix("gate-")
        .tempdir()
        .map_err(failed)?;
    let real = directory.path().canonicalize().map_err(failed)?;
    let root = Utf8PathBuf::from_path_buf(real)
        .map_err(|path| RehearsalError::Other(format!("`{}` is not UTF-8", path.display())))?;
    for one in below {
        host::make_dir(root.join(one).as_std_path())?;
    }
    Ok((directory, root))
}

/// Runs blocking work on a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RehearsalError> + Send + 'static,
) -> Result<T, RehearsalError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| RehearsalError::Other(format!("a part of the rehearsal died: {error}")))?
}
