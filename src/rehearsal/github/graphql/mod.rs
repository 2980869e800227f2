//! GitHub's GraphQL: a document is validated against the schema, then executed on the state, with
//! GitHub's error format.
//!
//! Owns the meaning of a query. The server decides who may send it before it gets here.

mod check;
mod field;
mod page;
mod resolve;
mod run;
mod schema;

use async_graphql_parser::parse_query;
use async_graphql_parser::types::{
    ExecutableDocument, OperationDefinition, OperationType, Selection,
};
use async_graphql_value::Name;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::state::State;

/// The body of a request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default)]
    query: String,
    #[serde(default)]
    variables: Option<Map<String, Value>>,
    #[serde(default)]
    operation_name: Option<String>,
}

/// A request, before it is carried out.
#[derive(Debug)]
pub(super) struct Request {
    document: Result<ExecutableDocument, Value>,
    variables: Map<String, Value>,
    wanted: Option<String>,
}

/// The body of a response, and the parts of the request that this GitHub could not answer as the
/// real one would.
pub(super) struct Executed {
    pub(super) body: Value,
    pub(super) unknown: Vec<String>,
}

impl Request {
    /// Parses a request's body; none if it is not a GraphQL request.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let body: Body = serde_json::from_slice(bytes).ok()?;
        let document = parse_query(&body.query).map_err(|error| {
            let locations: Vec<Value> = error
                .positions()
                .map(|at| json!({"line": at.line, "column": at.column}))
                .collect();
            json!({"locations": locations, "message": format!("Parse error: {error}")})
        });
        Some(Self {
            document,
            variables: body.variables.unwrap_or_default(),
            wanted: body.operation_name.filter(|name| !name.is_empty()),
        })
    }

    /// The requested operation, and its name; if there are several, a name is required to choose
    /// one.
    fn operation(&self) -> Option<(&str, &OperationDefinition)> {
        let operations = &self.document.as_ref().ok()?.operations;
        let named = |name: Option<&str>| self.wanted.is_none() || self.wanted.as_deref() == name;
        let mut found = operations
            .iter()
            .map(|(name, operation)| (name.map(Name::as_str), &operation.node))
            .filter(|(name, _)| named(*name));
        let (name, operation) = found.next()?;
        found
            .next()
            .is_none()
            .then(|| (name.unwrap_or_default(), operation))
    }

    /// Whether it writes.
    pub(super) fn is_mutation(&self) -> bool {
        self.operation()
            .is_some_and(|(_, operation)| operation.ty == OperationType::Mutation)
    }

    /// The fields of its root.
    pub(super) fn fields(&self) -> Vec<&str> {
        let operation = self.operation().map(|(_, operation)| operation);
        let selections = operation.map(|one| &one.selection_set.node.items);
        let fields = selections.into_iter().flatten();
        let fields = fields.filter_map(|selection| match &selection.node {
            Selection::Field(field) => Some(field.node.name.node.as_str()),
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => None,
        });
        fields.collect()
    }

    /// Its description in the log, such as `mutation CommentCreate(addComment)`.
    pub(super) fn text(&self) -> String {
        let kind = if self.is_mutation() {
            "mutation"
        } else {
            "query"
        };
        let name = self.operation().map(|(name, _)| name);
        format!(
            "{kind} {}({})",
            name.unwrap_or_default(),
            self.fields().join(", ")
        )
    }

    /// Checks and carries out.
    pub(super) fn execute(&self, state: &mut State) -> Executed {
        let document = match &self.document {
            Ok(document) => document,
            Err(error) => return Executed::refused(vec![error.clone()]),
        };
        let Some((name, operation)) = self.operation() else {
            let error = json!({"message": "An operation name is required"});
            return Executed::refused(vec![error]);
        };
        let wrong = check::check(document, name, operation, &self.variables);
        if !wrong.is_empty() {
            return Executed::refused(wrong);
        }
        let (data, errors) = run::run(state, document, operation, &self.variables);
        let mut body = json!({"data": data});
        if !errors.is_empty() {
            body["errors"] = Value::Array(errors);
        }
        Executed {
            body,
            unknown: Vec::new(),
        }
    }
}

impl Executed {
    /// GitHub leaves `data` out when the query itself is wrong.
    fn refused(errors: Vec<Value>) -> Self {
        let words = errors.iter().filter_map(|error| error["message"].as_str());
        Self {
            unknown: words.map(str::to_owned).collect(),
            body: Value::Object(Map::from_iter([(
                "errors".to_owned(),
                Value::Array(errors),
            )])),
        }
    }
}
