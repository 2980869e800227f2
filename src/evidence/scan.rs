//! The last check before an archive is written: if it would contain a secret or a path of this
//! machine, there is no archive. Changes nothing; the redactor knows what to look for.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::store::{Leak, Scan};
use crate::world::redact::{Redactor, Scope, Stream};

/// Looks for everything that a redactor would replace.
#[derive(Debug)]
pub struct RedactorScan {
    redactor: Arc<Redactor>,
    stream: Stream,
    file: String,
    /// What was fed and has not come back yet.
    fed: VecDeque<u8>,
    back: Vec<u8>,
}

impl RedactorScan {
    /// Scans for what this redactor knows: secrets and patterns of tokens, and with
    /// [`Scope::Everything`] this machine's paths.
    #[must_use]
    pub fn new(redactor: Arc<Redactor>, scope: Scope) -> Self {
        Self {
            stream: redactor.stream(scope),
            redactor,
            file: String::new(),
            fed: VecDeque::new(),
            back: Vec::new(),
        }
    }

    /// Whatever comes back must be what was fed.
    fn compare(&mut self) -> Result<(), Leak> {
        let count = self.back.len();
        let (front, behind) = self.fed.as_slices();
        let (one, two) = self.back.split_at(count.min(front.len()));
        if count > self.fed.len() || front[..one.len()] != *one || behind[..two.len()] != *two {
            return Err(self.leak());
        }
        self.fed.drain(..count);
        self.back.clear();
        Ok(())
    }

    fn leak(&self) -> Leak {
        let same = self
            .back
            .iter()
            .zip(&self.fed)
            .take_while(|(a, b)| a == b)
            .count();
        // The first difference is within the token: its first bytes may even be equal.
        let from = self.back[..same]
            .iter()
            .rposition(|byte| *byte == "‹".as_bytes()[0]);
        let rest =
            String::from_utf8_lossy(&self.back[from.filter(|at| same - at < 3).unwrap_or(same)..]);
        let token = rest.split_inclusive('›').next().unwrap_or_default();
        let what = if token.starts_with('‹') {
            token
        } else {
            "what may not get out"
        };
        Leak {
            file: self.file.clone(),
            what: what.to_owned(),
        }
    }
}

impl Scan for RedactorScan {
    fn begin(&mut self, name: &str) -> Result<(), Leak> {
        let shown = self.redactor.text(name);
        if shown != name {
            return Err(Leak {
                what: "in its name what may not get out".to_owned(),
                file: shown,
            });
        }
        name.clone_into(&mut self.file);
        self.fed.clear();
        Ok(())
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<(), Leak> {
        self.fed.extend(bytes);
        self.stream.push(bytes, &mut self.back);
        self.compare()
    }

    fn end(&mut self) -> Result<(), Leak> {
        self.stream.finish(&mut self.back);
        if self.back.len() < self.fed.len() {
            return Err(self.leak());
        }
        self.compare()
    }
}

#[cfg(test)]
mod tests {
    use base64::prelude::*;

    use super::*;

    const SECRET: &str = "fo1_\"ü/secret+value?~with~all";

    fn scan() -> RedactorScan {
        let redactor = Arc::new(Redactor::new());
        redactor.add_secret("GH_TOKEN", SECRET);
        redactor.add_place("‹home›", "/home/somebody");
        RedactorScan::new(redactor, Scope::Everything)
    }

    fn look(scan: &mut RedactorScan, pieces: &[&[u8]]) -> Result<(), Leak> {
        scan.begin("logs/x")?;
        pieces.iter().try_for_each(|piece| scan.feed(piece))?;
        scan.end()
    }

    #[test]
    fn what_may_not_get_out_is_found_at_every_split() {
        let forms = [
            SECRET.to_owned(),
            serde_json::json!({ "a": SECRET }).to_string(),
            BASE64_STANDARD.encode(SECRET),
            BASE64_STANDARD.encode(format!("x-access-token:{SECRET}")),
            "/home/somebody/x".to_owned(),
        ];
        for form in forms {
            let text = format!("a line before\n{form}\nand one after");
            let mut at_once = scan();
            let leak = look(&mut at_once, &[text.as_bytes()]).unwrap_err();
            assert!(
                ["‹secret:GH_TOKEN›", "‹home›"].contains(&leak.what.as_str()),
                "{leak}"
            );
            for split in 1..text.len() {
                let (one, two) = text.as_bytes().split_at(split);
                assert_eq!(
                    look(&mut scan(), &[one, two]).unwrap_err(),
                    leak,
                    "{form} at {split}"
                );
            }
        }
    }

    #[test]
    fn what_was_redacted_passes_and_so_does_half_a_secret_in_each_of_two_files() {
        let mut scan = scan();
        let redacted = scan
            .redactor
            .text(&format!("Authorization: Bearer {SECRET} ‹home›/x ü\n"));
        for _ in 0..2 {
            look(&mut scan, &[redacted.as_bytes()]).unwrap();
        }
        let (one, two) = SECRET.split_at(9);
        look(&mut scan, &[one.as_bytes()]).unwrap();
        look(&mut scan, &[two.as_bytes()]).unwrap();
        assert!(scan.begin(SECRET).is_err());
        look(&mut scan, &[&b"x".repeat(3 << 20)]).unwrap();
    }
}
