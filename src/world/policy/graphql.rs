//! Whether a GraphQL document only reads: every operation in it is a query.

use async_graphql_parser::parse_query;
use async_graphql_parser::types::OperationType;

use super::words::Refusal;

/// Refuses a document that contains anything but queries and fragments.
pub(super) fn only_queries(document: &str) -> Result<(), Refusal> {
    let parsed = parse_query(document)
        .map_err(|error| format!("a GraphQL document that is not understood: {error}"))?;
    let queries = |kind| kind == OperationType::Query;
    match parsed
        .operations
        .iter()
        .find(|(_, operation)| !queries(operation.node.ty))
    {
        Some((_, operation)) => Err(format!(
            "a GraphQL document with a `{}`; only queries read",
            operation.node.ty
        )),
        None => Ok(()),
    }
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
