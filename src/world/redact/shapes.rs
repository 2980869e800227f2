//! The shapes of tokens that nobody named: recognised by how they start, hidden to their end.

use std::sync::LazyLock;

use regex::bytes::Regex;

/// How many bytes from a position on decide whether a shape starts there.
pub(super) const REACH: usize = 344;

/// One kind of token.
#[derive(Debug)]
pub(super) struct Shape {
    /// Stands in `‹secret:NAME›`, and names the group of the expression.
    pub(super) name: &'static str,
    /// Bytes with which a token that has started goes on.
    goes_on: fn(u8) -> bool,
}

impl Shape {
    /// Whether a token that has started goes on with `byte`.
    pub(super) fn goes_on(&self, byte: u8) -> bool {
        (self.goes_on)(byte)
    }
}

/// A token found by its shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShapeHit {
    pub(super) shape: &'static Shape,
    /// Where what gives it away starts, such as `Authorization:`.
    pub(super) start: usize,
    /// Where the token itself starts.
    pub(super) token: usize,
    /// Up to here it belongs to the token whatever follows.
    pub(super) end: usize,
}

/// Name of the shape of a password in an address.
pub(super) const URL_PASSWORD: &str = "url-password";

static SHAPES: [Shape; 5] = [
    Shape {
        name: "github-token",
        goes_on: |byte| byte.is_ascii_alphanumeric() || byte == b'_',
    },
    Shape {
        name: "fly-token",
        goes_on: |byte| byte.is_ascii_alphanumeric() || b"_+/=,-.".contains(&byte),
    },
    Shape {
        name: "authorization",
        goes_on: |byte| byte.is_ascii_alphanumeric() || b"_+/=,-.~".contains(&byte),
    },
    Shape {
        name: "daemon-token",
        goes_on: |byte| !b"'\"\\\r\n".contains(&byte),
    },
    Shape {
        name: URL_PASSWORD,
        goes_on: |byte| !b" \t\r\n/@'\"<>".contains(&byte),
    },
];

// A daemon's token starts with what tokens are made of: of `["grep", "…(9400, ", "x.py"]` the comma
// after the pattern's closing quote is none.
// Every repetition is bounded, so that `REACH` bytes always decide. A replacement starts with
// the byte 0xE2, which no alternative takes: a second pass changes nothing.
static EXPRESSION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?-u)(?x)
        ( (?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{20} )
        | ( (?:fm1[ar]_|fm2_|fo1_)[A-Za-z0-9_+/=-]{20} )
        | (?i:authorization)["'\\]{0,2}[\ \t]{0,4}[:=][\ \t]{0,4}["'\\]{0,2}
          (?i:bearer|basic|token|flyv1)[\ \t]{1,4}([A-Za-z0-9._~+/=-]{8})
        | run_sync_daemon\([0-9]{1,6},\ {0,4}\\{0,2}['"]([A-Za-z0-9_+/=.~-])
        | ://[^/\s:@'"<>]{0,64}:([^/\s@'"<>\xE2][^/\s@'"<>]{0,255})@
        "#,
    )
    .ok()
});

/// The first token at or after `from`.
pub(super) fn next(bytes: &[u8], from: usize) -> Option<ShapeHit> {
    let captures = EXPRESSION.as_ref()?.captures_at(bytes, from)?;
    let whole = captures.get(0)?;
    let (index, token) =
        (0..SHAPES.len()).find_map(|index| Some((index, captures.get(index + 1)?)))?;
    Some(ShapeHit {
        shape: &SHAPES[index],
        start: whole.start(),
        token: token.start(),
        end: token.end(),
    })
}

/// All tokens in a text: name of the shape and value.
pub(super) fn found(text: &str) -> Vec<(&'static str, String)> {
    let bytes = text.as_bytes();
    let mut all = Vec::new();
    let mut from = 0;
    while let Some(hit) = next(bytes, from) {
        let more = bytes[hit.end..]
            .iter()
            .take_while(|byte| hit.shape.goes_on(**byte));
        let end = hit.end + more.count();
        let value = String::from_utf8_lossy(&bytes[hit.token..end]);
        all.push((hit.shape.name, value.into_owned()));
        from = end;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expression_compiles() {
        assert!(EXPRESSION.is_some());
    }
}
