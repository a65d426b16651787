//! What is wrong with a template, and where.

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TemplateError {
    /// Not YAML, or YAML that no template is made of.
    #[error("template.yaml is not valid YAML: {0}")]
    Yaml(String),
    /// Something expected is not there, or is not what it has to be.
    #[error("template.yaml: {place} {problem}")]
    Content {
        /// Where, as a path from the top.
        place: String,
        /// What is wrong there.
        problem: String,
    },
}
