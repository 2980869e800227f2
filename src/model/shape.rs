//! Formats of external values: a commit is hexadecimal digits, an image an image reference. A value
//! that does not match is refused where it is read, before it becomes a fact that others quote.

use super::escape::acts;

/// The required format of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A commit: 7 to 64 hexadecimal digits.
    Commit,
    /// A version.
    Version,
    /// The name of a tag or branch.
    Reference,
    /// An image: registry, name, tag, digest.
    Image,
    /// An address that a browser opens.
    Address,
    /// One line that people read, such as a title.
    Line,
}

impl Shape {
    /// The format of a value by the last word of its name, such as `saas_commit`.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        match name.rsplit(['_', '.']).next().unwrap_or(name) {
            "commit" | "sha" => Self::Commit,
            "version" => Self::Version,
            "tag" => Self::Reference,
            "image" => Self::Image,
            "url" => Self::Address,
            _ => Self::Line,
        }
    }

    /// Why a text does not have this format; none if it has.
    #[must_use]
    pub fn fault(self, text: &str) -> Option<String> {
        let (what, most, letters): (_, usize, fn(char) -> bool) = match self {
            Self::Commit => ("commit", 64, |letter| letter.is_ascii_hexdigit()),
            Self::Version => ("version", 64, |letter| {
                letter.is_ascii_alphanumeric() || ".!+-_".contains(letter)
            }),
            Self::Reference => ("tag", 200, |letter| {
                letter.is_ascii_alphanumeric() || "./!+-_@".contains(letter)
            }),
            Self::Image => ("image", 400, |letter| {
                letter.is_ascii_alphanumeric() || "./:@-_+".contains(letter)
            }),
            Self::Address => ("address", 2000, |letter| {
                letter.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(letter)
            }),
            Self::Line => ("line of text", 512, |letter| !acts(letter)),
        };
        let shortest = if self == Self::Commit { 7 } else { 1 };
        let wrong = |why: String| Some(format!("{why}, expected a {what}"));
        let length = text.chars().count();
        if length < shortest {
            return wrong(format!("it has {length} characters"));
        }
        if length > most {
            return wrong(format!("it has {length} characters, more than {most}"));
        }
        if let Some(letter) = text.chars().find(|letter| !letters(*letter)) {
            return wrong(format!("it holds `{}`", letter.escape_default()));
        }
        let opens = text.starts_with("https://") || text.starts_with("http://");
        if self == Self::Address && !opens {
            return wrong("it begins with no `https://`".to_owned());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn honest_values_fit_and_others_do_not() {
        use Shape::{Address, Commit, Image, Line, Reference, Version};
        for (shape, text) in [
            (Commit, "5b1f0a7"),
            (Commit, "5b1f0a7c93d24e86a0c7f1d2b3e4958671a2c3d4"),
            (Version, "3.2.0rc16"),
            (Version, "1!2.0+local.1"),
            (Reference, "v3.2.0-rc.1"),
            (Image, "registry.fly.io/app:deployment-01J@sha256:ab"),
            (Address, "https://github.com/o/r/issues/1#issuecomment-5"),
            (Line, "Canary: “boundary” – ✔"),
        ] {
            assert_eq!(shape.fault(text), None, "{text}");
        }
        for (shape, text) in [
            (Commit, "main"),
            (Commit, "5b1f0a"),
            (Commit, "5b1f0a7`|@all"),
            (Version, "1.0 | x"),
            (Version, ""),
            (Reference, "v1 --exec"),
            (Image, "app image"),
            (Address, "javascript:alert(1)"),
            (Address, "https://x/ y"),
            (Line, "two\nlines"),
            (Line, "a\u{202e}b"),
        ] {
            assert!(shape.fault(text).is_some(), "{text}");
        }
        assert!(Line.fault(&"x".repeat(513)).is_some());
    }

    #[test]
    fn a_name_says_which_shape() {
        assert_eq!(Shape::of_name("saas_commit"), Shape::Commit);
        assert_eq!(Shape::of_name("fly_image"), Shape::Image);
        assert_eq!(Shape::of_name("cli"), Shape::Line);
    }
}
