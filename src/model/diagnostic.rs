//! Errors in a gate file, shown with file, line and a caret. Never prints: it produces text.

use std::fmt::{self, Write as _};
use std::ops::Range;
use std::sync::Arc;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

/// A source text that diagnostics point into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    /// Name of the file, or a description of the text.
    pub name: String,
    text: String,
    /// Where each line begins.
    lines: Vec<usize>,
    /// Texts that are read as if they stood behind this one.
    included: Vec<Included>,
}

/// A text that is read as if it stood behind another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Included {
    /// Where it begins.
    base: usize,
    /// It, behind as many spaces.
    padded: String,
    source: Arc<SourceText>,
}

impl SourceText {
    /// A text with its name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let text = text.into();
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(ends).collect();
        Arc::new(Self {
            name: name.into(),
            text,
            lines,
            included: Vec::new(),
        })
    }

    /// A text together with included ones, by name and text, that are treated as if they followed
    /// it: a span beyond its end refers to them.
    pub(crate) fn with_included(
        name: impl Into<String>,
        text: impl Into<String>,
        others: &[(String, String)],
    ) -> Arc<Self> {
        let mut own = Self::clone(&Self::new(name, text));
        let mut base = own.text.len() + 1;
        for (name, text) in others {
            own.included.push(Included {
                base,
                padded: format!("{}{text}", " ".repeat(base)),
                source: Self::new(name.as_str(), text.as_str()),
            });
            base += text.len() + 1;
        }
        Arc::new(own)
    }

    /// The included texts, each behind as many spaces as there are bytes before it.
    pub(crate) fn included(&self) -> impl Iterator<Item = &str> {
        self.included.iter().map(|one| one.padded.as_str())
    }

    /// The text of a span, in whichever source it is; empty if there is none.
    pub(crate) fn slice(&self, span: Range<usize>) -> &str {
        let found = match self.included_at(span.start) {
            Some(one) => one.padded.get(span),
            None => self.text.get(span),
        };
        found.unwrap_or_default()
    }

    fn included_at(&self, at: usize) -> Option<&Included> {
        self.included.iter().rev().find(|one| one.base <= at)
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Number of the line that a byte is on, from 0.
    fn line_at(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at) - 1
    }

    /// A line by its number, without its end.
    fn line(&self, number: usize) -> Range<usize> {
        let start = self.lines.get(number).copied().unwrap_or(self.text.len());
        let next = self.lines.get(number + 1);
        start..next.map_or(self.text.len(), |next| next - 1)
    }
}

/// One error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The text that contains it.
    pub source: Arc<SourceText>,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Byte range of the source that it is about.
    pub span: Range<usize>,
    /// The error, a lower-case fragment that names the object.
    pub message: String,
    /// A word or two beside the caret; may be empty.
    pub label: String,
    /// How to fix it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic about a span of a source; a span outside the source is moved to its end.
    pub fn new(source: &Arc<SourceText>, span: Range<usize>, message: impl Into<String>) -> Self {
        if let Some(one) = source.included_at(span.start) {
            let span = span.start - one.base..span.end.saturating_sub(one.base);
            return Self::new(&one.source, span, message);
        }
        let text = &source.text;
        let mut start = span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = span.end.clamp(start, text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        let line = source.line_at(start);
        let line_start = source.line(line).start;
        Self {
            source: Arc::clone(source),
            line: 1 + line,
            column: 1 + text[line_start..start].chars().count(),
            span: start..end,
            message: message.into(),
            label: String::new(),
            help: None,
        }
    }

    /// Adds a label beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds how to fix it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Diagnostic {
    /// The same diagnostic with its own text in ASCII; the source stays unchanged.
    fn in_ascii(&self) -> Self {
        let plain = |text: &str| {
            let text = text.replace('→', "->").replace('…', "...");
            text.replace('–', "-")
        };
        Self {
            message: plain(&self.message),
            label: plain(&self.label),
            help: self.help.as_deref().map(plain),
            ..self.clone()
        }
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

/// All errors, in the order of the file; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    /// Name of the file that was to be read.
    file: String,
    list: Vec<Diagnostic>,
}

/// How diagnostics are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// With colours; the caller checks `NO_COLOR` and the terminal.
    pub color: bool,
    /// With lines and arrows that are not ASCII.
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
    /// All errors; none if there are no errors.
    pub(crate) fn of(file: &str, mut list: Vec<Diagnostic>) -> Option<Self> {
        list.sort_by(|a, b| {
            (a.source.name.as_str(), a.span.start, a.span.end, &a.message).cmp(&(
                b.source.name.as_str(),
                b.span.start,
                b.span.end,
                &b.message,
            ))
        });
        list.dedup();
        // Errors in the file itself come before errors in its templates.
        list.sort_by_key(|problem| problem.source.name != file);
        let file = file.to_owned();
        (!list.is_empty()).then_some(Self { file, list })
    }

    /// A single error.
    pub(crate) fn one(problem: Diagnostic) -> Self {
        Self {
            file: problem.source.name.clone(),
            list: vec![problem],
        }
    }

    /// All diagnostics.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// How many there are; at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always at least one")]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// All of them for display: source line, caret, remedy.
    #[must_use]
    pub fn render(&self, look: Look) -> String {
        let handler = GraphicalReportHandler::new_themed(theme(look))
            .with_width(look.width.max(40))
            .with_links(false)
            .without_syntax_highlighting();
        let mut text = String::new();
        for diagnostic in &self.list {
            let plain = (!look.unicode).then(|| diagnostic.in_ascii());
            let shown = Shown::new(plain.as_ref().unwrap_or(diagnostic));
            if handler.render_report(&mut text, &shown).is_err() {
                // A single line is better than nothing if the drawing ever fails.
                let _ = writeln!(text, "{diagnostic}");
            }
            text.push('\n');
        }
        let count = self.list.len();
        let things = if count == 1 { "problem" } else { "problems" };
        let _ = writeln!(text, "{count} {things} in {}; nothing was run", self.file);
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

/// The most bytes of a line that are drawn; of a longer one, an excerpt around the span.
const DRAWN: usize = 400;

/// A diagnostic in the form that the drawing library takes.
#[derive(Debug)]
struct Shown<'d> {
    diagnostic: &'d Diagnostic,
    source: Excerpt<'d>,
    span: Range<usize>,
}

impl<'d> Shown<'d> {
    fn new(diagnostic: &'d Diagnostic) -> Self {
        let source = &diagnostic.source;
        let span = &diagnostic.span;
        let first = source.line_at(span.start);
        let last = source.line_at(span.end);
        let near = first.saturating_sub(1)..=last + 1;
        let cut = near.clone().any(|line| source.line(line).len() > DRAWN);
        let cut = cut.then(|| {
            let line = source.line(first);
            let start = span.start.saturating_sub(DRAWN / 4).max(line.start);
            let start = floor(&source.text, start);
            start..floor(&source.text, (start + DRAWN / 2).min(line.end)).max(start)
        });
        let shown = match &cut {
            Some(cut) => span.start.min(cut.end)..span.end.min(cut.end),
            None => span.clone(),
        };
        Self {
            diagnostic,
            source: Excerpt { diagnostic, cut },
            span: shown,
        }
    }
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// A source by its name, without copying its text; of a long line, only an excerpt.
#[derive(Debug)]
struct Excerpt<'d> {
    diagnostic: &'d Diagnostic,
    cut: Option<Range<usize>>,
}

impl SourceCode for Excerpt<'_> {
    /// Finds lines by their index: the drawing library would count them from the beginning,
    /// for each of possibly thousands of diagnostics.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let source = &self.diagnostic.source;
        let (range, line, column) = match &self.cut {
            Some(cut) => (
                cut.clone(),
                self.diagnostic.line - 1,
                self.diagnostic.column - 1,
            ),
            None if before + after == 0 => {
                let range = span.offset()..span.offset() + span.len();
                (range, self.diagnostic.line - 1, self.diagnostic.column - 1)
            }
            None => {
                let first = source.line_at(span.offset()).saturating_sub(before);
                let last = source.line_at(span.offset() + span.len()) + after;
                let last = last.min(source.lines.len() - 1);
                (source.line(first).start..source.line(last).end, first, 0)
            }
        };
        let data = source
            .text
            .get(range.clone())
            .ok_or(MietteError::OutOfBounds)?;
        Ok(Box::new(MietteSpanContents::new_named(
            source.name.clone(),
            data.as_bytes(),
            range.into(),
            line,
            column,
            1 + data.matches('\n').count(),
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
        let span = &self.span;
        Some(Box::new(std::iter::once(LabeledSpan::new(
            label,
            span.start,
            span.len(),
        ))))
    }
}
