//! Templates and style of the pages, and their hashes for the content security policy.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// The style of all pages.
pub(super) const STYLE: &str = include_str!("page.css");

/// Names that end so have their values escaped.
const TEMPLATES: [(&str, &str); 3] = [
    ("macros.html", include_str!("macros.html")),
    ("page.html", include_str!("page.html")),
    ("compared.html", include_str!("compared.html")),
];

/// What a content security policy names a text by.
pub(super) fn hash(text: &str) -> String {
    let digest = STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!("sha256-{digest}")
}

/// A page from its template.
pub(super) fn render(name: &str, page: &impl Serialize) -> Result<String, String> {
    let told = |error: minijinja::Error| format!("{name}: {error:#}");
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .map_err(told)?;
    environment.set_syntax(syntax);
    for (name, text) in TEMPLATES {
        environment.add_template(name, text).map_err(told)?;
    }
    let template = environment.get_template(name).map_err(told)?;
    let made = template.render(minijinja::Value::from(Serde(page)));
    made.map_err(told)
}
