//! Error in the template.

/// The template is invalid.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TemplateError {
    /// Invalid YAML, or YAML that is not supported in a template.
    #[error("template.yaml is not valid YAML: {0}")]
    Yaml(String),
    /// A part is missing or invalid.
    #[error("template.yaml: {place} {problem}")]
    Content {
        /// The path from the root.
        place: String,
        /// The problem.
        problem: String,
    },
}
