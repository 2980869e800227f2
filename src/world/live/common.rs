//! Shared helpers of the live world: blocking work beside asynchronous work, and file errors as
//! world errors.

use camino::Utf8Path;

use crate::world::{FileFailure, WorldError};

/// Runs blocking work beside the asynchronous one.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, WorldError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_stopped| WorldError::Interrupted)
}

/// A file error as a world error.
pub(super) fn file_error(operation: &str, path: &str, error: &std::io::Error) -> WorldError {
    use std::io::ErrorKind;
    WorldError::File {
        operation: operation.to_owned(),
        path: path.to_owned(),
        kind: match error.kind() {
            ErrorKind::NotFound => FileFailure::NotFound,
            ErrorKind::AlreadyExists => FileFailure::AlreadyExists,
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                FileFailure::NotPermitted
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FileFailure::NoSpace,
            ErrorKind::FileTooLarge => FileFailure::TooLarge,
            ErrorKind::InvalidData => FileFailure::NotText,
            _ => FileFailure::Other,
        },
        reason: error.to_string(),
    }
}

/// Whether this user may execute the file.
pub(super) fn is_executable(file: &Utf8Path) -> bool {
    file.is_file()
        && nix::unistd::access(file.as_std_path(), nix::unistd::AccessFlags::X_OK).is_ok()
}
