//! `require-equal`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Finding, Outcome};
use crate::verb::{Act, Ctx, Declares, VerbError};

/// Stops unless a fact has exactly this value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequireEqual {
    /// Dotted path.
    pub fact: String,
    /// The value.
    pub equals: Value,
}

impl Declares for RequireEqual {
    fn reads(&self) -> Vec<&str> {
        vec![&self.fact]
    }
}

#[async_trait]
impl Act for RequireEqual {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let found = ctx.fact(&self.fact)?;
        if *found == self.equals {
            return Ok(Outcome::passed(format!("{} = {found}", self.fact)));
        }
        Ok(Outcome::Blocked(
            Finding::new(format!(
                "{} is {found}, expected exactly {}",
                self.fact, self.equals
            ))
            .remedy(remedy(found, &self.equals)),
        ))
    }
}

/// What to do: a number is no text that reads the same, and nobody sees it.
fn remedy(found: &Value, expected: &Value) -> String {
    match (found, expected) {
        (Value::Number(number), Value::String(text)) if number.to_string() == *text => {
            format!("the fact is a number and `equals` a text: write `equals = {number}`")
        }
        (Value::String(text), Value::Number(number)) if number.to_string() == *text => {
            format!("the fact is a text and `equals` a number: write `equals = \"{number}\"`")
        }
        (Value::Bool(flag), Value::String(text)) if flag.to_string() == *text => {
            format!("the fact is `{flag}` and `equals` a text: write `equals = {flag}`")
        }
        _ => "find out why it is not what was expected, then resume".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verb::scripted::Scripted;

    #[tokio::test]
    async fn a_number_is_no_text_and_the_remedy_says_so() {
        let told = async |found: Value, expected: Value| {
            let verb = RequireEqual {
                fact: "rows".to_owned(),
                equals: expected,
            };
            let world = Scripted::new().fact("rows", found);
            let outcome = verb.act(&world.ctx()).await.unwrap();
            let finding = outcome.finding().cloned().unwrap_or_default();
            format!(
                "{}\n  → {}",
                finding.what,
                finding.remedy.unwrap_or_default()
            )
        };
        let all = [
            told(Value::from(22), Value::from("22")).await,
            told(Value::from("22"), Value::from(22)).await,
            told(Value::from(true), Value::from("true")).await,
            told(Value::from(23), Value::from(22)).await,
        ];
        insta::assert_snapshot!(all.join("\n"), @r#"
        rows is 22, expected exactly "22"
          → the fact is a number and `equals` a text: write `equals = 22`
        rows is "22", expected exactly 22
          → the fact is a text and `equals` a number: write `equals = "22"`
        rows is true, expected exactly "true"
          → the fact is `true` and `equals` a text: write `equals = true`
        rows is 23, expected exactly 22
          → find out why it is not what was expected, then resume
        "#);
    }
}
