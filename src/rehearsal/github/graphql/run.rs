//! Executes a validated operation: resolves its fields one by one, and builds the response.

use async_graphql_parser::types::{
    BaseType, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet, Type,
};
use async_graphql_parser::{Pos, Positioned};
use async_graphql_value::{ConstValue, Value as Literal};
use serde_json::{Map, Value, json};

use super::super::state::State;
use super::check::{location, root};
use super::field::{Asked, Refused};
use super::resolve::resolve;
use super::schema::Schema;

/// The data and the errors of an operation. Data is null where an error reaches the root.
pub(super) fn run(
    state: &mut State,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Map<String, Value>,
) -> (Value, Vec<Value>) {
    let mut variables = variables.clone();
    for definition in &operation.variable_definitions {
        let name = definition.node.name.node.as_str();
        if let Some(default) = definition.node.default_value() {
            let default = default.clone().into_json().unwrap_or_default();
            variables.entry(name).or_insert(default);
        }
    }
    let mut run = Run {
        state,
        document,
        variables,
        errors: Vec::new(),
    };
    let root = json!({"__typename": root(operation.ty).1});
    let data = run.select(&[&operation.selection_set.node], &root, &[]);
    (data.unwrap_or_default(), run.errors)
}

/// A key of the response with the fields that it consists of: a field may be requested twice.
type Keyed<'a> = Vec<(&'a str, Vec<&'a Positioned<Field>>)>;

struct Run<'a> {
    state: &'a mut State,
    document: &'a ExecutableDocument,
    variables: Map<String, Value>,
    errors: Vec<Value>,
}

impl<'a> Run<'a> {
    /// The selected fields of an object; none if a field that must not be null is null.
    fn select(&mut self, sets: &[&'a SelectionSet], of: &Value, path: &[Value]) -> Option<Value> {
        let object = of["__typename"].as_str().unwrap_or_default();
        let mut keyed = Keyed::new();
        for set in sets {
            self.gather(set, object, &mut keyed);
        }
        let mut selected = Map::new();
        for (key, fields) in keyed {
            let path = [path, &[json!(key)]].concat();
            let value = self.field(&fields, object, of, &path)?;
            selected.insert(key.to_owned(), value);
        }
        Some(Value::Object(selected))
    }

    /// Collects the fields that concern a type, fragments opened.
    fn gather(&self, set: &'a SelectionSet, object: &str, keyed: &mut Keyed<'a>) {
        for selection in &set.items {
            let (condition, set) = match &selection.node {
                Selection::Field(field) => {
                    let key = field.node.response_key().node.as_str();
                    match keyed.iter_mut().find(|(one, _)| *one == key) {
                        Some((_, fields)) => fields.push(field),
                        None => keyed.push((key, vec![field])),
                    }
                    continue;
                }
                Selection::InlineFragment(fragment) => (
                    fragment.node.type_condition.as_ref(),
                    &fragment.node.selection_set,
                ),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let Some(fragment) = self.document.fragments.get(name) else {
                        continue;
                    };
                    let fragment = &fragment.node;
                    (Some(&fragment.type_condition), &fragment.selection_set)
                }
            };
            if condition.is_none_or(|one| Schema::get().is_a(object, &one.node.on.node)) {
                self.gather(&set.node, object, keyed);
            }
        }
    }

    fn field(
        &mut self,
        fields: &[&'a Positioned<Field>],
        object: &str,
        of: &Value,
        path: &[Value],
    ) -> Option<Value> {
        let first = &fields[0].node;
        let name = first.name.node.as_str();
        if name == "__typename" {
            return Some(json!(object));
        }
        let definition = Schema::get().field(object, name)?;
        let ty = &definition.ty.node;
        let sets: Vec<_> = fields
            .iter()
            .map(|field| &field.node.selection_set.node)
            .collect();
        let asked = Asked {
            name,
            arguments: self.arguments(first),
            nodes: self.selects_nodes(&sets),
            returns: super::schema::base(ty),
        };
        let value = match resolve(self.state, object, of, &asked) {
            Ok(value) => value,
            Err(refused) => {
                self.refuse(&refused, path, fields[0].pos);
                return ty.nullable.then_some(Value::Null);
            }
        };
        let completed = self.complete(&value, ty, &sets, path);
        completed.or_else(|| ty.nullable.then_some(Value::Null))
    }

    /// Puts a resolved value into the shape of its type.
    fn complete(
        &mut self,
        value: &Value,
        ty: &Type,
        sets: &[&'a SelectionSet],
        path: &[Value],
    ) -> Option<Value> {
        match (value, &ty.base) {
            (Value::Null, _) => ty.nullable.then_some(Value::Null),
            (Value::Array(items), BaseType::List(item)) => {
                let items = items.iter().enumerate().map(|(index, one)| {
                    let path = [path, &[json!(index)]].concat();
                    let completed = self.complete(one, item, sets, &path);
                    completed.or_else(|| item.nullable.then_some(Value::Null))
                });
                items.collect::<Option<Vec<_>>>().map(Value::Array)
            }
            (Value::Object(_), BaseType::Named(_)) => self.select(sets, value, path),
            (scalar, _) => Some(scalar.clone()),
        }
    }

    fn arguments(&self, field: &Field) -> Map<String, Value> {
        let value = |literal: &Literal| -> Value {
            let variable = |name: async_graphql_value::Name| -> Result<ConstValue, ()> {
                let value = self.variables.get(name.as_str()).cloned();
                ConstValue::from_json(value.unwrap_or_default()).map_err(drop)
            };
            let constant = literal.clone().into_const_with(variable);
            constant.unwrap_or_default().into_json().unwrap_or_default()
        };
        let arguments = field.arguments.iter();
        arguments
            .map(|(name, literal)| (name.node.to_string(), value(&literal.node)))
            .collect()
    }

    fn selects_nodes(&self, sets: &[&'a SelectionSet]) -> bool {
        let mut keyed = Keyed::new();
        for set in sets {
            self.gather(set, "", &mut keyed);
        }
        let mut fields = keyed.iter().flat_map(|(_, fields)| fields);
        fields.any(|field| field.node.name.node == *"nodes")
    }

    fn refuse(&mut self, refused: &Refused, path: &[Value], at: Pos) {
        let mut error = json!({"type": refused.kind, "path": path});
        error["locations"] = location(at);
        error["message"] = Value::String(refused.message.clone());
        self.errors.push(error);
    }
}
