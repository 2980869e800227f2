//! Fills a subtask's templates in, just before it starts. Pure.

use std::time::Duration;

use serde_json::Value;

use super::template::{TemplateError, render, render_fields};
use super::{Subtask, parse_duration};
use crate::verbs::Verb;

impl Subtask {
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
