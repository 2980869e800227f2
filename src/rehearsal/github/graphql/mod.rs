//! GitHub's GraphQL: a real schema, validated and executed as such, with GitHub's error shapes.
//!
//! Owns what a query means. Who may send it is decided in the server before it gets here.

mod comment;
mod extras;
mod git;
mod issue;
mod mutation;
mod page;
mod pull_request;
mod query;
mod release;
mod repository;
mod scalar;
mod timeline;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, OperationType, Selection};
use async_graphql::{
    Context, EmptySubscription, Error, ErrorExtensions, Request, Schema, ServerError,
};
use serde_json::{Value, json};

use super::state::SharedState;
use mutation::Mutation;
use query::Query;

/// The schema with the state behind it.
#[derive(Clone)]
pub(super) struct GraphQl(Schema<Query, Mutation, EmptySubscription>);

/// What a request is about, before it is executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operation {
    /// Whether it writes.
    pub(super) is_mutation: bool,
    /// Its name; empty when it has none.
    pub(super) name: String,
    /// The fields of its root.
    pub(super) fields: Vec<String>,
}

impl Operation {
    /// Reads a request's operation; one that cannot be parsed has no fields.
    pub(super) fn of(request: &Request) -> Self {
        let document = parse_query(&request.query).ok();
        let operation = document
            .as_ref()
            .and_then(|document| named(document, request.operation_name.as_deref()));
        operation.unwrap_or(Self {
            is_mutation: false,
            name: request.operation_name.clone().unwrap_or_default(),
            fields: Vec::new(),
        })
    }

    /// Whether it reads repositories' data, not only who one is or what the schema has.
    pub(super) fn reads_repository(&self) -> bool {
        self.fields.iter().any(|field| field == "repository")
    }

    /// The record's words, such as `mutation CommentCreate(addComment)`.
    pub(super) fn text(&self) -> String {
        let kind = if self.is_mutation {
            "mutation"
        } else {
            "query"
        };
        format!("{kind} {}({})", self.name, self.fields.join(", "))
    }
}

fn named(document: &ExecutableDocument, name: Option<&str>) -> Option<Operation> {
    let (found, operation) = document.operations.iter().find(|(candidate, _)| {
        name.is_none_or(|name| name.is_empty() || candidate.is_some_and(|it| it.as_str() == name))
    })?;
    let selections = &operation.node.selection_set.node.items;
    let fields = selections
        .iter()
        .filter_map(|selection| match &selection.node {
            Selection::Field(field) => Some(field.node.name.node.to_string()),
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => None,
        });
    Some(Operation {
        is_mutation: operation.node.ty == OperationType::Mutation,
        name: found.map(ToString::to_string).unwrap_or_default(),
        fields: fields.collect(),
    })
}

/// A body, and what in the query this GitHub could not answer truly.
pub(super) struct Executed {
    pub(super) body: Value,
    pub(super) unknown: Vec<String>,
}

impl GraphQl {
    pub(super) fn new(state: SharedState) -> Self {
        Self(
            Schema::build(Query, Mutation, EmptySubscription)
                .data(state)
                .finish(),
        )
    }

    pub(super) async fn execute(&self, request: Request) -> Executed {
        let mut response = self.0.execute(request).await;
        keep_causes(&mut response.errors);
        let unknown = response.errors.iter().filter(|error| kind(error).is_none());
        let unknown = unknown.map(|error| error.message.clone()).collect();
        let errors: Vec<Value> = response.errors.iter().map(error_json).collect();
        let mut body = json!({});
        // GitHub leaves `data` out when the query itself is wrong, and `errors` when all is well.
        let refused = response.errors.iter().any(|error| error.path.is_empty());
        if !refused {
            body["data"] = serde_json::to_value(&response.data).unwrap_or_default();
        }
        if !errors.is_empty() {
            body["errors"] = Value::Array(errors);
        }
        Executed { body, unknown }
    }
}

/// Arguments of a field that does not exist are no mistake of their own.
fn keep_causes(errors: &mut Vec<ServerError>) {
    let starts = |error: &ServerError, words| error.message.starts_with(words);
    if errors.iter().any(|error| starts(error, "Unknown field ")) {
        errors.retain(|error| !starts(error, "Unknown argument "));
    }
}

/// The state behind the schema.
fn shared<'a>(ctx: &Context<'a>) -> &'a SharedState {
    ctx.data_unchecked::<SharedState>()
}

/// An error as GitHub types it, such as `NOT_FOUND`.
fn refuse(kind: &str, message: impl Into<String>) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("type", kind))
}

/// The type of an error of ours; the schema's own errors have none.
fn kind(error: &ServerError) -> Option<Value> {
    let extensions = error.extensions.as_ref()?;
    serde_json::to_value(extensions.get("type")?).ok()
}

fn error_json(error: &ServerError) -> Value {
    let mut shaped = json!({});
    if let Some(kind) = kind(error) {
        shaped["type"] = kind;
    }
    if !error.path.is_empty() {
        shaped["path"] = serde_json::to_value(&error.path).unwrap_or_default();
    }
    shaped["locations"] = serde_json::to_value(&error.locations).unwrap_or_default();
    shaped["message"] = Value::String(in_github_words(&error.message));
    shaped
}

/// Says "no such field" as GitHub does: that is what tools look for.
fn in_github_words(message: &str) -> String {
    let quoted: Vec<&str> = message.split('"').skip(1).step_by(2).collect();
    match quoted.as_slice() {
        [field, of, ..] if message.starts_with("Unknown field ") => {
            format!("Field '{field}' doesn't exist on type '{of}'")
        }
        _ => message.to_owned(),
    }
}
