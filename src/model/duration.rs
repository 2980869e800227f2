//! Durations as people write them: `90s`, `15m`, `1h 30m`.

use std::time::Duration;

/// The longest duration a gate may name: a week. A longer one is a slip of the pen.
const LONGEST: Duration = Duration::from_hours(7 * 24);

/// Why a text is not a valid duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It is not a duration.
    #[error("`{0}` is not a duration such as `90s`, `15m` or `24h`")]
    NotOne(String),
    /// It is zero or negative.
    #[error("expected a duration above zero, got `{0}`")]
    Nothing(String),
    /// It is longer than a week.
    #[error("`{0}` is longer than a week")]
    TooLong(String),
}

/// Parses a duration.
///
/// # Errors
/// If the text is not one, or the duration is not between a millisecond and a week.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let signed: jiff::SignedDuration = text
        .trim()
        .parse()
        .map_err(|_| DurationError::NotOne(text.to_owned()))?;
    let duration =
        Duration::try_from(signed).map_err(|_| DurationError::Nothing(text.to_owned()))?;
    if duration < Duration::from_millis(1) {
        return Err(DurationError::Nothing(text.to_owned()));
    }
    if duration > LONGEST {
        return Err(DurationError::TooLong(text.to_owned()));
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("24h", 86_400), ("1h 30m", 5400)] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_secs(seconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_time_limit_is_refused() {
        for text in [
            "",
            "5",
            "soon",
            "-5m",
            "0s",
            "8d",
            "{{ x }}",
            "1e9h",
            "99999999999999h",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
