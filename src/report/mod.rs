//! Consumers of the event stream: terminal, JSON lines, reports in several formats. They report
//! what happened and decide nothing.

mod actions;
mod document;
mod fit;
mod html;
mod lines;
mod markdown;
mod matrix;
mod model;
mod next;
mod progress;
mod style;
mod terminal;
mod text;
mod writes;

pub use actions::{Harmless, annotations, group, harmless, of_gate_file, outputs, summary};
pub use document::{html_1, json, junit};
pub use html::{Compared, ComparedSection, ComparedValue, Evidence, Recorded, compared, page};
pub use lines::JsonLines;
pub use markdown::{markdown, markdown_1};
pub use matrix::{
    MATRIX_FORMAT, Matrix, MatrixCell, matrix_html, matrix_json, matrix_markdown, matrix_text,
};
pub use model::{PackageReport, REPORT_FORMAT, REPORTS, Report, SubtaskReport, label, note};
pub use next::{Next, next};
pub use progress::Estimates;
pub use style::Style;
pub use terminal::{Columns, Live, Plain};
pub use text::{BundleAt, Where, stopped, text};
pub use writes::{Fate, Written, written};
