//! Consumers of the event stream: terminal, JSON lines, reports in several formats.
//! They tell what happened and decide nothing.

mod command;
mod document;
mod lines;
mod markdown;
mod model;
mod style;
mod terminal;
mod text;

pub use command::quoted;
pub use document::{html, json, junit};
pub use lines::JsonLines;
pub use markdown::markdown;
pub use model::{PackageReport, REPORT_FORMAT, Report, SubtaskReport, label, note};
pub use style::Style;
pub use terminal::{Live, Plain};
pub use text::{BundleAt, Where, text};
