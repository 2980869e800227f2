//! Durations as gate files write them: `15s`, `2m 30s`, `24h`.

use std::time::Duration;

use crate::model::Finding;
use crate::verb::VerbError;

/// Reads a duration.
pub(crate) fn duration(text: &str) -> Result<Duration, VerbError> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| {
            VerbError::error(
                Finding::new(format!("`{text}` is not a duration"))
                    .remedy("write such as `15s` or `2m`"),
            )
        })
}
