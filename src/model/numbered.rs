//! Paths with a number in them, in shell notation: `/tmp/run-{1..4}.log`. Pure.

/// More files than this are a slip of the pen.
const MOST: u32 = 99;

/// The paths that a pattern stands for: one for each number of its `{1..4}`, in that order; the
/// text itself if it has no range. The empty text stands for no path.
///
/// # Errors
/// What is wrong with the pattern, as a fragment: it is not absolute, has more than one range, an
/// invalid range, or a part such as `..`.
pub fn numbered_paths(pattern: &str) -> Result<Vec<String>, String> {
    if pattern.is_empty() {
        return Ok(Vec::new());
    }
    let names = match pattern.split_once('{') {
        None => vec![pattern.to_owned()],
        Some((before, rest)) => {
            let (range, after) = rest
                .split_once('}')
                .ok_or_else(|| "`{` without `}`; write `{1..4}`".to_owned())?;
            numbers(range)?
                .map(|number| format!("{before}{number}{after}"))
                .collect()
        }
    };
    match names.iter().find_map(|name| wrong_with(name)) {
        Some(wrong) => Err(wrong),
        None => Ok(names),
    }
}

/// Whether a path is one of these, or one of these with a number appended.
#[must_use]
pub fn is_numbered_name(names: &[String], path: &str) -> bool {
    names.iter().any(|name| {
        path.strip_prefix(name.as_str()).is_some_and(|rest| {
            let number = rest.strip_prefix('.');
            rest.is_empty()
                || number.is_some_and(|number| {
                    (1..=3).contains(&number.len())
                        && !number.starts_with('0')
                        && number.bytes().all(|byte| byte.is_ascii_digit())
                })
        })
    })
}

fn numbers(range: &str) -> Result<std::ops::RangeInclusive<u32>, String> {
    let wrong = || format!("`{{{range}}}` is no range of numbers such as `{{1..4}}`");
    let (first, last) = range.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<u32>().map_err(|_error| wrong());
    let (first, last) = (number(first)?, number(last)?);
    if first > last || last - first >= MOST {
        return Err(wrong());
    }
    Ok(first..=last)
}

fn wrong_with(name: &str) -> Option<String> {
    let below = match name.chars().next() {
        Some('/') => &name[1..],
        // A place's token, such as `‹run›`.
        Some('‹') => name.split_once('/').map_or("", |(_, below)| below),
        _ => return Some(format!("`{name}` is not an absolute path")),
    };
    if name.contains(['{', '}']) {
        return Some(format!("`{name}`: one range is all that is read"));
    }
    if name.contains(char::is_control) {
        return Some("a path with a control character".to_owned());
    }
    below
        .split('/')
        .any(|part| matches!(part, "" | "." | ".."))
        .then(|| format!("`{name}` has an empty part, `.` or `..` in it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_stands_for_its_paths_and_a_path_for_itself() {
        let four = numbered_paths("/tmp/run-{1..4}.log").unwrap();
        assert_eq!(four.len(), 4);
        assert_eq!(
            (four[0].as_str(), four[3].as_str()),
            ("/tmp/run-1.log", "/tmp/run-4.log")
        );
        assert_eq!(numbered_paths("/tmp/a.log").unwrap(), ["/tmp/a.log"]);
        assert_eq!(numbered_paths("").unwrap(), Vec::<String>::new());
        assert_eq!(
            numbered_paths("‹state›/logs/{9..10}").unwrap(),
            ["‹state›/logs/9", "‹state›/logs/10"]
        );
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for odd in [
            "tmp/a",
            "~/a",
            "/tmp/{1..4",
            "/tmp/{4..1}",
            "/tmp/{1..999}",
            "/tmp/{a..b}",
            "/tmp/{1..2}/{1..2}",
            "/tmp/../a",
            "/tmp//a",
            "/tmp/",
            "/",
            "‹run›",
            "/tmp/a\nb",
            "/tmp/}",
        ] {
            assert!(numbered_paths(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_number_behind_it_is_the_same_name() {
        let names = ["/tmp/a.log".to_owned()];
        for same in ["/tmp/a.log", "/tmp/a.log.2", "/tmp/a.log.999"] {
            assert!(is_numbered_name(&names, same), "{same}");
        }
        for other in [
            "/tmp/a.log.",
            "/tmp/a.log.02",
            "/tmp/a.log.1000",
            "/tmp/a.log.2/x",
            "/tmp/a.log2",
            "/tmp/a.lo",
            "/tmp/b.log",
        ] {
            assert!(!is_numbered_name(&names, other), "{other}");
        }
    }
}
