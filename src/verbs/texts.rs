//! Texts that go outside, made of templates and facts only.

use crate::model::Finding;
use crate::verb::{Ctx, VerbError};

/// The template of this name with all facts filled in.
///
/// # Errors
/// There is none, or a fact is missing: before anything goes outside.
pub(super) fn rendered(ctx: &Ctx, template: &str) -> Result<String, VerbError> {
    let error = |what: String| VerbError::error(Finding::new(what));
    let setting = ctx.setting();
    let text = setting.templates.get(template);
    let text = text.ok_or_else(|| error(format!("no template `{template}`")))?;
    let context = crate::model::context(&setting.parameters, ctx.facts());
    let context = context.map_err(|problem| error(problem.to_string()))?;
    crate::model::render_comment(text, &context)
        .map_err(|problem| error(format!("template `{template}`: {problem}")))
}
