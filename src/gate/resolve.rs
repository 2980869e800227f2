//! Fills a subtask's templates in, just before it starts. Pure.

use std::time::Duration;

use serde_json::{Map, Value};

use super::Subtask;
use crate::model::TemplateError;
use crate::model::template::{context_of, is_template, render, render_fields};
use crate::model::{Fact, Facts, parse_duration};
use crate::verbs::Verb;

impl Subtask {
    /// What its templates can quote: the parameters, and of the facts those whose first name
    /// stands in one of them. Others can be long, and every subtask would turn them over.
    ///
    /// # Errors
    /// As [`crate::model::context`].
    pub fn context(
        &self,
        parameters: &Map<String, Value>,
        facts: &Facts,
    ) -> Result<Value, TemplateError> {
        let mut texts = vec![self.timeout.as_str()];
        texts.extend(self.max_age.as_deref());
        collect_templates(&self.fields, &mut texts);
        let quotable = |fact: &&Fact| {
            let first = fact.name.split('.').next().unwrap_or(&fact.name);
            texts.iter().any(|text| text.contains(first))
        };
        context_of(parameters, facts.iter().filter(quotable))
    }

    /// Its verb with all templates filled in.
    ///
    /// # Errors
    /// If something quoted is not there, or a value has another type than the verb needs.
    pub fn resolve(&self, context: &Value) -> Result<Verb, TemplateError> {
        let mut rendered =
            render_fields(&self.fields, context).map_err(|error| error.in_subtask(&self.id))?;
        if let Value::Object(fields) = &mut rendered {
            fields.shift_remove("uses");
        }
        match Verb::from_fields(self.verb.name(), rendered) {
            Some(Ok(verb)) => Ok(verb),
            Some(Err(error)) => Err(TemplateError::broken(error).in_subtask(&self.id)),
            None => Err(TemplateError::broken("its verb is not known").in_subtask(&self.id)),
        }
    }

    /// Its time limit.
    ///
    /// # Errors
    /// If it quotes something that is not there, or is no duration.
    pub fn time_limit(&self, context: &Value) -> Result<Duration, TemplateError> {
        self.duration("timeout", &self.timeout, context)
    }

    /// The age after which its result is taken again, where it has one.
    ///
    /// # Errors
    /// As [`Subtask::time_limit`].
    pub fn age_limit(&self, context: &Value) -> Result<Option<Duration>, TemplateError> {
        self.max_age
            .as_deref()
            .map(|text| self.duration("max_age", text, context))
            .transpose()
    }

    fn duration(
        &self,
        field: &str,
        text: &str,
        context: &Value,
    ) -> Result<Duration, TemplateError> {
        render(text, context)
            .and_then(|text| parse_duration(&text).map_err(TemplateError::broken))
            .map_err(|error| error.in_field(field).in_subtask(&self.id))
    }
}

fn collect_templates<'f>(fields: &'f Value, texts: &mut Vec<&'f str>) {
    match fields {
        Value::String(text) if is_template(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect_templates(item, texts)),
        Value::Object(table) => table
            .values()
            .for_each(|item| collect_templates(item, texts)),
        _ => {}
    }
}
