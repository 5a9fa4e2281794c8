//! The contract: an OpenAPI document and learnt routes in, what differs between them out; and a document of what was
//! learnt. Never reads a file, never follows a reference out of the document.

mod compare;
mod document;
mod export;
mod join;
mod path;

pub use compare::{Comparison, Difference, Documented, Drift, Kind, compare};
pub use document::{Document, DocumentError, Operation, Parameter, Type};
pub use export::export;
