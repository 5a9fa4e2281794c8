//! Pages: a report in; a text for a terminal, a page for a browser, a chapter for the documentation out. Never computes a
//! figure of its own.

mod chart;
mod figures;
mod html;
mod markdown;
mod others;
mod style;
mod table;
mod text;
mod wrongs;

pub use html::html;
pub use markdown::markdown;
pub use text::text;

#[cfg(test)]
mod tests;
