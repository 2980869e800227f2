//! The hidden line at the end of each comment: which run posted it, for which subtask, gate and
//! candidate, and the key that nobody can foretell.
//!
//! Only the key makes a comment this run's. What else the line says is for whoever looks for the
//! comments of other runs, and counts only in those that the viewer wrote.

use std::fmt::Write as _;

use crate::candidate::canonical;
use crate::verb::Ctx;

const BEGIN: &str = "<!-- gate ";
const END: &str = " -->";

/// What a comment's last line says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) run: String,
    pub(super) subtask: String,
    /// Name of the gate; marks of earlier versions have none.
    pub(super) gate: Option<String>,
    /// The candidate, where the run knew it.
    pub(super) candidate: Option<String>,
}

impl Mark {
    /// What this subtask's comments are marked with.
    pub(super) fn of(ctx: &Ctx) -> Self {
        let setting = ctx.setting();
        Self {
            run: setting.run.clone(),
            subtask: ctx.by().to_string(),
            gate: (setting.format >= 3).then(|| setting.gate.clone()),
            candidate: setting.candidate.clone().filter(|_| setting.format >= 3),
        }
    }

    /// The line up to its key: the same in every version.
    pub(super) fn beginning(&self) -> String {
        format!("{BEGIN}run={} subtask={} comment", self.run, self.subtask)
    }

    /// The line with a key. Marks of earlier versions end behind the key.
    pub(super) fn line(&self, key: &str) -> String {
        let mut line = format!("{} key={key}", self.beginning());
        for (name, value) in [("gate", &self.gate), ("candidate", &self.candidate)] {
            if let Some(value) = value {
                let _ok = write!(line, " {name}={}", escaped(value));
            }
        }
        line + END
    }

    /// The mark of a comment. It is the last line and stands alone there: what only quotes a mark
    /// has none.
    pub(super) fn in_comment(body: &str) -> Option<Self> {
        let line = body.trim_end().lines().next_back()?.trim_end();
        let inner = line.strip_prefix(BEGIN)?.strip_suffix(END)?;
        let field = |name: &str| {
            let mut words = inner.split(' ');
            words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
        };
        Some(Self {
            run: field("run")?.to_owned(),
            subtask: field("subtask")?.to_owned(),
            gate: field("gate").map(unescaped),
            candidate: field("candidate").map(unescaped),
        })
    }

    /// Whether a comment is marked as one of this run for this subtask. What only quotes such a mark
    /// is none: whoever answers a comment copies its text.
    pub(super) fn is_of_this_subtask(&self, body: &str) -> bool {
        Self::in_comment(body)
            .is_some_and(|other| (&self.run, &self.subtask) == (&other.run, &other.subtask))
    }

    /// Whether it is the mark of another run of the same gate, for the same subtask and candidate.
    /// Where no candidate is named, nobody can say that it is the same one.
    pub(super) fn is_of_another_run(&self, other: &Self) -> bool {
        let same_candidate = match (&self.candidate, &other.candidate) {
            (Some(own), Some(other)) => canonical(own) == canonical(other),
            _ => false,
        };
        same_candidate
            && self.gate.is_some()
            && (&self.gate, &self.subtask) == (&other.gate, &other.subtask)
            && self.run != other.run
    }
}

/// A value as the line holds it: letters, digits and what versions are written with stay; the rest
/// is percent-encoded, so that nothing in it ends the line, the comment or the word.
fn escaped(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        let hyphens = byte == b'-' && text.ends_with('-');
        if byte.is_ascii_alphanumeric() || (b"-_.+!".contains(&byte) && !hyphens) {
            text.push(char::from(byte));
        } else {
            let _ok = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn unescaped(word: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = word.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let digits = tail.get(..2).filter(|_| first == b'%');
        let digits = digits.and_then(|two| std::str::from_utf8(two).ok());
        if let Some(byte) = digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(run: &str, candidate: Option<&str>) -> Mark {
        Mark {
            run: run.to_owned(),
            subtask: "T031".to_owned(),
            gate: Some("phase4".to_owned()),
            candidate: candidate.map(str::to_owned),
        }
    }

    #[test]
    fn it_is_read_as_it_was_written_and_nothing_in_it_ends_the_comment() {
        let plain = mark("01A", Some("3.2.0rc16")).line("01K");
        assert_eq!(
            plain,
            "<!-- gate run=01A subtask=T031 comment key=01K gate=phase4 candidate=3.2.0rc16 -->"
        );
        for odd in [
            "a --> b",
            "x\n<!-- gate run=9",
            "50% --!>",
            "kätzchen",
            "a---b",
            "-",
            "é key=1",
        ] {
            let one = mark("01A", Some(odd));
            let line = one.line("01K");
            let inner = line.trim_end_matches(END);
            assert!(!inner.contains("-->") && !line.contains('\n'), "{line}");
            assert_eq!(Mark::in_comment(&format!("Text.\n\n{line}\n")), Some(one));
        }
    }

    #[test]
    fn a_mark_of_an_earlier_version_is_read_and_written_as_it_was() {
        let old = Mark {
            gate: None,
            ..mark("01A", None)
        };
        let line = "<!-- gate run=01A subtask=T031 comment key=01K -->";
        assert_eq!(old.line("01K"), line);
        assert_eq!(Mark::in_comment(line), Some(old));
    }

    #[test]
    fn what_only_quotes_a_mark_has_none() {
        let line = mark("01A", None).line("01K");
        for body in [
            format!("> {line}"),
            format!("{line}\nI saw this."),
            format!("As {line}"),
            "Nothing.".to_owned(),
        ] {
            assert_eq!(Mark::in_comment(&body), None, "{body}");
        }
    }

    #[test]
    fn another_run_is_one_of_the_same_gate_subtask_and_candidate() {
        let own = mark("01A", Some("3.2.0rc16"));
        let is = |other: &Mark| own.is_of_another_run(other);
        assert!(is(&mark("01B", Some("3.2.0rc16"))));
        assert!(is(&mark("01B", Some("v3.2-rc.16"))));
        assert!(!is(&mark("01A", Some("3.2.0rc16"))));
        assert!(!is(&mark("01B", Some("3.2.0rc17"))));
        assert!(!is(&mark("01B", None)));
        assert!(!mark("01A", None).is_of_another_run(&mark("01B", None)));
        let other_gate = Mark {
            gate: Some("announce".to_owned()),
            ..mark("01B", Some("3.2.0rc16"))
        };
        let other_subtask = Mark {
            subtask: "T042".to_owned(),
            ..mark("01B", Some("3.2.0rc16"))
        };
        assert!(!is(&other_gate) && !is(&other_subtask));
    }
}
