//! GitHub's types, read from `schema.graphql`, and which values match which type.
//!
//! Knows neither state nor documents.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use async_graphql_parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
};
use async_graphql_parser::{Positioned, parse_schema};
use async_graphql_value::Value;

const TEXT: &str = include_str!("schema.graphql");

/// Where a value comes from.
pub(super) enum Origin<'a> {
    /// From the request's variables, where enum values are texts.
    Json,
    /// From the document; the callback decides whether a variable is allowed for a type.
    Document(&'a mut dyn FnMut(&str, &Type) -> bool),
}

/// The types by name.
#[derive(Debug)]
pub(super) struct Schema(BTreeMap<String, TypeKind>);

impl Schema {
    /// The one that every query is checked against; a text that is no schema would have no types.
    pub(super) fn get() -> &'static Self {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(|| {
            let document = parse_schema(TEXT).map(|document| document.definitions);
            let types = document.unwrap_or_default().into_iter();
            let named = types.filter_map(|definition| match definition {
                TypeSystemDefinition::Type(one) => {
                    Some((one.node.name.node.to_string(), one.node.kind))
                }
                TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
            });
            Self(named.collect())
        })
    }

    /// The fields of a type; empty if it has none or does not exist.
    pub(super) fn fields(&self, of: &str) -> &[Positioned<FieldDefinition>] {
        match self.0.get(of) {
            Some(TypeKind::Object(object)) => &object.fields,
            Some(TypeKind::Interface(interface)) => &interface.fields,
            _ => &[],
        }
    }

    pub(super) fn field(&self, of: &str, name: &str) -> Option<&FieldDefinition> {
        let mut fields = self.fields(of).iter().map(|field| &field.node);
        fields.find(|field| field.name.node == *name)
    }

    /// The fields of an input object.
    pub(super) fn inputs(&self, of: &str) -> Option<&[Positioned<InputValueDefinition>]> {
        match self.0.get(of) {
            Some(TypeKind::InputObject(input)) => Some(&input.fields),
            _ => None,
        }
    }

    /// Whether there are fields to select: on an object, an interface, a union.
    pub(super) fn is_composite(&self, name: &str) -> bool {
        matches!(
            self.0.get(name),
            Some(TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union(_))
        )
    }

    /// Whether an object of type `object` meets the fragment condition `... on condition`.
    pub(super) fn is_a(&self, object: &str, condition: &str) -> bool {
        if object == condition {
            return true;
        }
        match (self.0.get(condition), self.0.get(object)) {
            (Some(TypeKind::Union(union)), _) => {
                union.members.iter().any(|one| one.node == *object)
            }
            (Some(TypeKind::Interface(_)), Some(TypeKind::Object(object))) => {
                object.implements.iter().any(|one| one.node == *condition)
            }
            _ => false,
        }
    }

    /// Whether a value is allowed for this type.
    pub(super) fn fits(&self, value: &Value, wanted: &Type, origin: &mut Origin<'_>) -> bool {
        match (value, &wanted.base) {
            (Value::Variable(name), _) => match origin {
                Origin::Document(allows) => allows(name, wanted),
                Origin::Json => false,
            },
            (Value::Null, _) => wanted.nullable,
            (Value::List(items), BaseType::List(item)) => {
                items.iter().all(|one| self.fits(one, item, origin))
            }
            (one, BaseType::List(item)) => self.fits(one, item, origin),
            (Value::Object(given), BaseType::Named(name)) => {
                self.inputs(name).is_some_and(|fields| {
                    let known = |key: &str| fields.iter().any(|field| field.node.name.node == *key);
                    let fits = |field: &Positioned<InputValueDefinition>| {
                        let field = &field.node;
                        given.get(&field.name.node).map_or(
                            field.ty.node.nullable || field.default_value.is_some(),
                            |value| self.fits(value, &field.ty.node, origin),
                        )
                    };
                    given.keys().all(|key| known(key)) && fields.iter().all(fits)
                })
            }
            (value, BaseType::Named(name)) => self.fits_scalar(value, name, origin),
        }
    }

    fn fits_scalar(&self, value: &Value, name: &str, origin: &Origin<'_>) -> bool {
        match (value, self.0.get(name)) {
            (Value::Enum(text), Some(TypeKind::Enum(kind))) => {
                kind.values.iter().any(|one| one.node.value.node == *text)
            }
            (Value::String(text), Some(TypeKind::Enum(kind))) => {
                matches!(origin, Origin::Json)
                    && kind.values.iter().any(|one| one.node.value.node == **text)
            }
            (Value::String(_), None) => matches!(name, "String" | "ID"),
            (Value::Boolean(_), None) => name == "Boolean",
            (Value::Number(number), None) => match name {
                "Int" => number
                    .as_i64()
                    .is_some_and(|one| i32::try_from(one).is_ok()),
                "ID" => number.is_i64(),
                _ => false,
            },
            _ => false,
        }
    }
}

/// The name at the bottom of a type, without lists and `!`.
pub(super) fn base(of: &Type) -> &str {
    match &of.base {
        BaseType::Named(name) => name,
        BaseType::List(item) => base(item),
    }
}
