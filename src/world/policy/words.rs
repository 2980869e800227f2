//! Parses an argument list with a strict list of options: anything not on it is not an option.

/// Why an effect is refused: the request, and the list that would have to name it.
pub(super) type Refusal = String;

/// An option that is allowed in an argument list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// `--name`, by which it is looked up afterwards.
    pub(super) long: &'static str,
    /// `-n`, or empty.
    pub(super) short: &'static str,
    /// Whether a value follows.
    pub(super) value: bool,
}

/// An option with a value.
pub(super) const fn value(long: &'static str, short: &'static str) -> Known {
    Known {
        long,
        short,
        value: true,
    }
}

/// An option without a value.
pub(super) const fn alone(long: &'static str, short: &'static str) -> Known {
    Known {
        long,
        short,
        value: false,
    }
}

/// Positional words and options of an argument list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words<'a> {
    pub(super) plain: Vec<&'a str>,
    pub(super) options: Vec<(&'static str, &'a str)>,
}

impl<'a> Words<'a> {
    /// Parses an argument list; only the spellings `--name value`, `--name=value`, `-n value` and
    /// the bare ones are accepted.
    pub(super) fn read(arguments: &'a [String], known: &[Known]) -> Result<Self, String> {
        let mut words = Self::default();
        let mut rest = arguments.iter().map(String::as_str);
        while let Some(word) = rest.next() {
            // A lone `-` is standard input, a word.
            if !word.starts_with('-') || word == "-" {
                words.plain.push(word);
                continue;
            }
            let (name, attached) = match word.split_once('=') {
                Some((name, text)) if word.starts_with("--") => (name, Some(text)),
                _ => (word, None),
            };
            let option = known
                .iter()
                .find(|known| {
                    known.long == name || (!known.short.is_empty() && known.short == name)
                })
                .ok_or_else(|| format!("the option `{word}` is not one the policy knows"))?;
            let text = match (option.value, attached) {
                (true, Some(text)) => text,
                (true, None) => rest
                    .next()
                    .ok_or_else(|| format!("`{word}` lacks its value"))?,
                (false, None) => "",
                (false, Some(_)) => return Err(format!("`{word}` takes no value")),
            };
            words.options.push((option.long, text));
        }
        Ok(words)
    }

    /// The values of an option.
    pub(super) fn all(&self, long: &str) -> impl Iterator<Item = &'a str> {
        let of = move |(name, text): &(&'static str, &'a str)| (*name == long).then_some(*text);
        self.options.iter().filter_map(of)
    }

    /// The value of an option that occurs once.
    pub(super) fn one(&self, long: &str) -> Result<&'a str, String> {
        let mut values = self.all(long);
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            (None, _) => Err(format!("`{long}` is missing")),
            _ => Err(format!("`{long}` is given twice")),
        }
    }
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
