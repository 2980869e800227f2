//! Whether a GraphQL document only reads: every operation in it is a query.

use super::Refusal;

/// A token of a GraphQL document, as far as operations are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Name(&'a str),
    Open(char),
    Close(char),
    Other,
}

/// Refuses a document that holds anything but queries and fragments.
pub(super) fn only_queries(document: &str) -> Result<(), Refusal> {
    let mut tokens = tokens(document)?.into_iter().peekable();
    let mut queries = 0;
    while let Some(token) = tokens.next() {
        match token {
            Token::Open('{') => {
                queries += 1;
                skip(&mut tokens, '}')?;
            }
            Token::Name("query") => {
                queries += 1;
                definition(&mut tokens)?;
            }
            Token::Name("fragment") => definition(&mut tokens)?,
            Token::Name(other) => {
                return Err(format!(
                    "a GraphQL document with a `{other}`; only queries read"
                ));
            }
            _ => return Err("a GraphQL document that is not understood".to_owned()),
        }
    }
    if queries == 0 {
        return Err("a GraphQL document without a query".to_owned());
    }
    Ok(())
}

/// From behind an operation's keyword to the end of its selection.
fn definition<'a>(tokens: &mut impl Iterator<Item = Token<'a>>) -> Result<(), Refusal> {
    while let Some(token) = tokens.next() {
        match token {
            Token::Open('{') => return skip(tokens, '}'),
            Token::Open('(') => skip(tokens, ')')?,
            Token::Name(_) | Token::Other => {}
            _ => return Err("a GraphQL document that is not understood".to_owned()),
        }
    }
    Err("a GraphQL operation without a selection".to_owned())
}

/// To the bracket that closes the one just opened.
fn skip<'a>(tokens: &mut impl Iterator<Item = Token<'a>>, until: char) -> Result<(), Refusal> {
    let mut open = vec![until];
    for token in tokens {
        match token {
            Token::Open('{') => open.push('}'),
            Token::Open('(') => open.push(')'),
            Token::Open(_) => open.push(']'),
            Token::Close(bracket) => {
                if open.pop() != Some(bracket) {
                    return Err("brackets in a GraphQL document do not match".to_owned());
                }
                if open.is_empty() {
                    return Ok(());
                }
            }
            Token::Name(_) | Token::Other => {}
        }
    }
    Err("a GraphQL document that breaks off".to_owned())
}

fn tokens(document: &str) -> Result<Vec<Token<'_>>, Refusal> {
    let mut all = Vec::new();
    let mut rest = document;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '#' => rest.find(['\n', '\r']).unwrap_or(rest.len()),
            '"' => string(rest)?,
            '{' | '(' | '[' => {
                all.push(Token::Open(first));
                1
            }
            '}' | ')' | ']' => {
                all.push(Token::Close(first));
                1
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let end =
                    rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
                let end = end.unwrap_or(rest.len());
                all.push(Token::Name(&rest[..end]));
                end
            }
            ' ' | '\t' | '\n' | '\r' | ',' => 1,
            '!' | '$' | '&' | '.' | ':' | '=' | '@' | '|' | '-' | '+' | '0'..='9' => {
                all.push(Token::Other);
                1
            }
            _ => {
                return Err(format!(
                    "a GraphQL document with `{}`",
                    first.escape_debug()
                ));
            }
        };
        rest = &rest[length..];
    }
    Ok(all)
}

/// The length of the string that the text starts with.
fn string(text: &str) -> Result<usize, Refusal> {
    let unfinished = || "a GraphQL document with a string that does not end".to_owned();
    if let Some(block) = text.strip_prefix("\"\"\"") {
        let mut from = 0;
        loop {
            let end = block[from..].find("\"\"\"").ok_or_else(unfinished)? + from;
            if !block[..end].ends_with('\\') {
                return Ok(3 + end + 3);
            }
            from = end + 3;
        }
    }
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            '\n' | '\r' => return Err(unfinished()),
            '"' if !escaped => return Ok(at + 1),
            _ => escaped = letter == '\\' && !escaped,
        }
    }
    Err(unfinished())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_pass() {
        for document in [
            "{ viewer { login } }",
            "query { viewer { login } }",
            "query($a: Int = 1, $b: In = {x: [1, 2]}) @d(if: true) { a(b: \"} mutation {\") }",
            "query A { a } fragment F on Issue { title } query B { ...F }",
            "# mutation\nquery { a }",
            "query { a(b: \"\"\"mutation { x } \\\"\"\" \" \"\"\") }",
            "query { mutation }",
            "query mutation { a }",
        ] {
            assert_eq!(only_queries(document), Ok(()), "{document}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for document in [
            "",
            "fragment F on Issue { title }",
            "mutation { closeIssue(input: {issueId: \"x\"}) { clientMutationId } }",
            "query { a } mutation { b }",
            "{ a } mutation M { b }",
            "#\nmutation { a }",
            "# query {\rmutation { a }",
            "subscription { a }",
            "query { a(b: \"\\\\\") } mutation { c }",
            "query { a(b: \"\"\" \"\"\") } mutation { b(c: \"\"\" \"\"\") }",
            "query { a ",
            "query",
            "query { a ) }",
            "query { a } }",
            "query { a(b: \"x) }",
            "query { a } \u{a0} mutation { b }",
            "extend type A { b: C }",
        ] {
            assert!(only_queries(document).is_err(), "{document}");
        }
    }
}
