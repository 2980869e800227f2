//! Validates a document against the schema, with GitHub's messages, codes and paths.
//!
//! Never looks at the state: what is refused here is refused before anything is executed.

use std::collections::BTreeSet;

use async_graphql_parser::types::{
    Directive, ExecutableDocument, Field, FieldDefinition, OperationDefinition, OperationType,
    Selection, SelectionSet, Type, VariableDefinition,
};
use async_graphql_parser::{Pos, Positioned};
use async_graphql_value::Value as Literal;
use serde_json::{Map, Value, json};

use super::schema::{Origin, Schema, base};

/// The errors in an operation and its variables, in GitHub's format; empty if there are none.
pub(super) fn check(
    document: &ExecutableDocument,
    name: &str,
    operation: &OperationDefinition,
    variables: &Map<String, Value>,
) -> Vec<Value> {
    let (word, root) = root(operation.ty);
    let mut checker = Checker {
        document,
        operation,
        called: match name {
            "" => format!("anonymous {word}"),
            name => name.to_owned(),
        },
        used: BTreeSet::new(),
        spread: Vec::new(),
        errors: Vec::new(),
    };
    let path = [match name {
        "" => word.to_owned(),
        name => format!("{word} {name}"),
    }];
    checker.selections(&operation.selection_set, root, &path);
    checker.unused_variables();
    if checker.errors.is_empty() {
        checker.variables(variables);
    }
    checker.errors
}

/// How an operation is called in a path, and the type of its root.
pub(super) fn root(ty: OperationType) -> (&'static str, &'static str) {
    match ty {
        OperationType::Query => ("query", "Query"),
        OperationType::Mutation => ("mutation", "Mutation"),
        OperationType::Subscription => ("subscription", "Subscription"),
    }
}

pub(super) fn location(at: Pos) -> Value {
    json!([{"line": at.line, "column": at.column}])
}

struct Checker<'a> {
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    /// How messages call the operation.
    called: String,
    used: BTreeSet<String>,
    /// Fragments that are being looked into; one that spreads itself is not entered again.
    spread: Vec<String>,
    errors: Vec<Value>,
}

impl Checker<'_> {
    fn error(&mut self, path: &[String], at: Pos, extensions: Value, message: String) {
        let mut error = json!({"path": path});
        error["extensions"] = extensions;
        error["locations"] = location(at);
        error["message"] = Value::String(message);
        self.errors.push(error);
    }

    fn selections(&mut self, set: &Positioned<SelectionSet>, of: &str, path: &[String]) {
        for selection in &set.node.items {
            self.directives(selection.node.directives(), path);
            match &selection.node {
                Selection::Field(field) => self.field(field, of, path),
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let on = condition.map_or(of, |one| &one.node.on.node);
                    let path = below(path, &format!("... on {on}"));
                    self.fragment(&fragment.node.selection_set, on, selection.pos, &path);
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    self.spread(name, selection.pos, path);
                }
            }
        }
    }

    fn spread(&mut self, name: &str, at: Pos, path: &[String]) {
        if self.spread.iter().any(|one| one == name) {
            return;
        }
        let Some(fragment) = self.document.fragments.get(name) else {
            let extensions = json!({"code": "useAndDefineFragment", "fragmentName": name});
            let message = format!("Fragment {name} was used, but not defined");
            return self.error(path, at, extensions, message);
        };
        self.spread.push(name.to_owned());
        let on = &fragment.node.type_condition.node.on.node;
        let path = [format!("fragment {name}")];
        self.fragment(&fragment.node.selection_set, on, fragment.pos, &path);
        self.spread.pop();
    }

    fn fragment(&mut self, set: &Positioned<SelectionSet>, on: &str, at: Pos, path: &[String]) {
        if Schema::get().is_composite(on) {
            return self.selections(set, on, path);
        }
        let extensions = json!({"code": "undefinedType", "typeName": on});
        let message = format!("No such type {on}, so it can't be a fragment condition");
        self.error(path, at, extensions, message);
    }

    /// Refuses `@include` and `@skip`, which no client here sends: what is not implemented must not
    /// be ignored.
    fn directives(&mut self, directives: &[Positioned<Directive>], path: &[String]) {
        for directive in directives {
            let name = &directive.node.name.node;
            let extensions = json!({"code": "undefinedDirective", "directiveName": name});
            let message = format!("Directive @{name} is not defined");
            self.error(path, directive.pos, extensions, message);
        }
    }

    fn field(&mut self, field: &Positioned<Field>, of: &str, path: &[String]) {
        let (at, field) = (field.pos, &field.node);
        let name = field.name.node.as_str();
        if name == "__typename" {
            return;
        }
        let path = below(path, field.response_key().node.as_str());
        let Some(definition) = Schema::get().field(of, name) else {
            let extensions = json!({"code": "undefinedField", "typeName": of, "fieldName": name});
            let message = format!("Field '{name}' doesn't exist on type '{of}'");
            return self.error(&path, at, extensions, message);
        };
        self.arguments(field, definition, at, &path);
        let returns = &definition.ty.node;
        let empty = field.selection_set.node.items.is_empty();
        match (Schema::get().is_composite(base(returns)), empty) {
            (true, false) => self.selections(&field.selection_set, base(returns), &path),
            (false, true) => {}
            (true, true) => {
                let message = format!(
                    "Field must have selections (field '{name}' returns {} but has no selections. Did you mean '{name} {{ ... }}'?)",
                    base(returns)
                );
                self.mismatch(name, returns, at, &path, message);
            }
            (false, false) => {
                let message = format!(
                    "Selections can't be made on scalars (field '{name}' returns {} but has selections)",
                    base(returns)
                );
                self.mismatch(name, returns, at, &path, message);
            }
        }
    }

    fn mismatch(&mut self, name: &str, ty: &Type, at: Pos, path: &[String], message: String) {
        let node = format!("field '{name}'");
        let extensions =
            json!({"code": "selectionMismatch", "nodeName": node, "typeName": ty.to_string()});
        self.error(path, at, extensions, message);
    }

    fn arguments(&mut self, field: &Field, definition: &FieldDefinition, at: Pos, path: &[String]) {
        let name = field.name.node.as_str();
        for (argument, value) in &field.arguments {
            let path = below(path, argument.node.as_str());
            let mut known = definition.arguments.iter();
            let known = known.find(|one| one.node.name.node == argument.node);
            let Some(known) = known else {
                let extensions = json!({"code": "argumentNotAccepted", "name": name, "typeName": "Field", "argumentName": argument.node});
                let message = format!("Field '{name}' doesn't accept argument '{}'", argument.node);
                self.error(&path, argument.pos, extensions, message);
                continue;
            };
            let wanted = &known.node.ty.node;
            if !self.literal(value, wanted, argument.node.as_str(), &path) {
                let extensions = json!({"code": "argumentLiteralsIncompatible", "typeName": "Field", "argumentName": argument.node});
                let message = format!(
                    "Argument '{}' on Field '{name}' has an invalid value ({}). Expected type '{wanted}'.",
                    argument.node, value.node
                );
                self.error(&path, value.pos, extensions, message);
            }
        }
        let given = |wanted: &str| field.arguments.iter().any(|(one, _)| one.node == *wanted);
        let missing: Vec<&str> = definition
            .arguments
            .iter()
            .map(|argument| &argument.node)
            .filter(|one| !one.ty.node.nullable && !given(&one.name.node))
            .map(|one| one.name.node.as_str())
            .collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            let extensions = json!({"code": "missingRequiredArguments", "className": "Field", "name": name, "arguments": missing});
            let message = format!("Field '{name}' is missing required arguments: {missing}");
            self.error(path, at, extensions, message);
        }
    }

    /// Whether a value in the document matches its type. Reports errors in its variables.
    fn literal(
        &mut self,
        value: &Positioned<Literal>,
        wanted: &Type,
        argument: &str,
        path: &[String],
    ) -> bool {
        let (mut used, mut wrong) = (Vec::new(), Vec::new());
        let operation = self.operation;
        let called = &self.called;
        let fits = Schema::get().fits(
            &value.node,
            wanted,
            &mut Origin::Document(&mut |name, wanted| {
                used.push(name.to_owned());
                wrong.extend(misused(operation, called, name, wanted, argument));
                true
            }),
        );
        self.used.extend(used);
        for (extensions, message) in wrong {
            self.error(path, value.pos, extensions, message);
        }
        fits
    }

    fn unused_variables(&mut self) {
        for definition in &self.operation.variable_definitions {
            let name = definition.node.name.node.as_str();
            if !self.used.contains(name) {
                let extensions = json!({"code": "variableNotUsed", "variableName": name});
                let called = [self.called.clone()];
                let message = format!(
                    "Variable ${name} is declared by {} but not used",
                    self.called
                );
                self.error(&called, definition.pos, extensions, message);
            }
        }
    }

    /// Checks the values that came with the request.
    fn variables(&mut self, given: &Map<String, Value>) {
        for definition in &self.operation.variable_definitions {
            let VariableDefinition { name, var_type, .. } = &definition.node;
            let value = given.get(name.node.as_str()).unwrap_or(&Value::Null);
            let stands_in = value.is_null() && definition.node.default_value.is_some();
            let literal = Literal::from_json(value.clone()).unwrap_or_default();
            if stands_in || Schema::get().fits(&literal, &var_type.node, &mut Origin::Json) {
                continue;
            }
            let (name, ty) = (&name.node, &var_type.node);
            let explanation = if value.is_null() {
                "Expected value to not be null".to_owned()
            } else {
                format!("Could not coerce value {value} to {}", base(ty))
            };
            let problems = json!([{"path": [], "explanation": explanation}]);
            self.errors.push(json!({
                "extensions": {"value": value, "problems": problems},
                "locations": location(definition.pos),
                "message": format!("Variable ${name} of type {ty} was provided invalid value"),
            }));
        }
    }
}

/// The error of a variable used for a type: not declared, or of another type.
fn misused(
    operation: &OperationDefinition,
    called: &str,
    name: &str,
    wanted: &Type,
    argument: &str,
) -> Option<(Value, String)> {
    let mut definitions = operation.variable_definitions.iter();
    let Some(definition) = definitions.find(|one| one.node.name.node == *name) else {
        let extensions = json!({"code": "variableNotDefined", "variableName": name});
        let message = format!("Variable ${name} is used by {called} but not declared");
        return Some((extensions, message));
    };
    let declared = &definition.node.var_type.node;
    let never_null = !declared.nullable || definition.node.default_value.is_some();
    if declared.base == wanted.base && (wanted.nullable || never_null) {
        return None;
    }
    let extensions = json!({"code": "variableMismatch", "variableName": name, "typeName": declared.to_string(), "argumentName": argument, "errorMessage": "Type mismatch"});
    let message = format!(
        "Type mismatch on variable ${name} and argument {argument} ({declared} / {wanted})"
    );
    Some((extensions, message))
}

fn below(path: &[String], step: &str) -> Vec<String> {
    [path, &[step.to_owned()]].concat()
}
