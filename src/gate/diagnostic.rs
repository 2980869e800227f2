//! What is wrong with a gate file, shown with file, line and a caret. Never prints: it makes
//! text.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

/// A text that diagnostics point into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    /// Name of the file, or what else the text is.
    pub name: String,
    /// The text.
    pub text: String,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where it stands.
    pub source: Arc<SourceText>,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Bytes of the source that it is about.
    pub span: Range<usize>,
    /// What is wrong, a lower-case fragment that names the thing.
    pub message: String,
    /// A word or two beside the caret; may be empty.
    pub label: String,
    /// What would put it right.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic about a span of a source; a span outside of it is moved to its end.
    pub fn new(source: &Arc<SourceText>, span: Range<usize>, message: impl Into<String>) -> Self {
        let text = &source.text;
        let mut start = span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = span.end.clamp(start, text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            source: Arc::clone(source),
            line: 1 + before.bytes().filter(|byte| *byte == b'\n').count(),
            column: 1 + text[line_start..start].chars().count(),
            span: start..end,
            message: message.into(),
            label: String::new(),
            help: None,
        }
    }

    /// Adds a word beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds what would put it right.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}",
            self.source.name, self.line, self.column, self.message
        )
    }
}

/// All that is wrong, in the order of the file; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

/// How diagnostics are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// With colours; the caller looks at `NO_COLOR` and the terminal.
    pub color: bool,
    /// With lines and arrows outside of ASCII.
    pub unicode: bool,
    /// Columns of the terminal.
    pub width: usize,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            color: false,
            unicode: true,
            width: 100,
        }
    }
}

impl Diagnostics {
    /// All that is wrong; none when nothing is.
    pub(super) fn of(mut list: Vec<Diagnostic>) -> Option<Self> {
        list.sort_by(|a, b| {
            (a.source.name.as_str(), a.span.start, a.span.end, &a.message).cmp(&(
                b.source.name.as_str(),
                b.span.start,
                b.span.end,
                &b.message,
            ))
        });
        list.dedup();
        (!list.is_empty()).then_some(Self { list })
    }

    /// The only thing that is wrong.
    pub(super) fn one(problem: Diagnostic) -> Self {
        Self {
            list: vec![problem],
        }
    }

    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// How many there are; at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always at least one")]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// All of them as a person wants to see them: source line, caret, remedy.
    #[must_use]
    pub fn render(&self, look: Look) -> String {
        let handler = GraphicalReportHandler::new_themed(theme(look))
            .with_width(look.width.max(40))
            .with_links(false)
            .without_syntax_highlighting();
        let mut text = String::new();
        for diagnostic in &self.list {
            let shown = Shown::new(diagnostic);
            if handler.render_report(&mut text, &shown).is_err() {
                // A line is better than nothing, should the drawing ever fail.
                text.push_str(&format!("{diagnostic}\n"));
            }
            text.push('\n');
        }
        let count = self.list.len();
        let things = if count == 1 { "problem" } else { "problems" };
        let name = &self.list[0].source.name;
        text.push_str(&format!("{count} {things} in {name}; nothing was run\n"));
        text
    }
}

impl<'d> IntoIterator for &'d Diagnostics {
    type Item = &'d Diagnostic;
    type IntoIter = std::slice::Iter<'d, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

fn theme(look: Look) -> GraphicalTheme {
    GraphicalTheme {
        characters: if look.unicode {
            ThemeCharacters::unicode()
        } else {
            ThemeCharacters::ascii()
        },
        styles: if look.color {
            ThemeStyles::ansi()
        } else {
            ThemeStyles::none()
        },
    }
}

/// A diagnostic in the form the drawing library takes.
#[derive(Debug)]
struct Shown<'d> {
    diagnostic: &'d Diagnostic,
    source: Named<'d>,
}

impl<'d> Shown<'d> {
    fn new(diagnostic: &'d Diagnostic) -> Self {
        Self {
            diagnostic,
            source: Named(&diagnostic.source),
        }
    }
}

/// A source by its name, without copying its text.
#[derive(Debug)]
struct Named<'d>(&'d SourceText);

impl SourceCode for Named<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let found = self.0.text.read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.0.name.clone(),
            found.data(),
            *found.span(),
            found.line(),
            found.column(),
            found.line_count(),
        )))
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl miette::Diagnostic for Shown<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic
            .help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = &self.diagnostic.label;
        let label = (!label.is_empty()).then(|| label.clone());
        let span = self.diagnostic.span.clone();
        Some(Box::new(std::iter::once(LabeledSpan::new(
            label,
            span.start,
            span.len(),
        ))))
    }
}
