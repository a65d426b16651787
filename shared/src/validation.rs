//! Validated strings: their error type, and the macro for their common methods.

/// Why a value was refused, for its sender: names the limit, and never repeats a credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValidationError(pub String);

impl ValidationError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl From<ValidationError> for String {
    fn from(invalid: ValidationError) -> Self {
        invalid.0
    }
}

/// Implements the common methods of validated string types; each has its own `FromStr`.
macro_rules! validated_string {
    ($($name:ident)+) => {$(
        impl $name {
            /// Builds the value from storage without re-validating it, so that stricter rules never make a
            /// stored record unreadable.
            #[must_use]
            pub fn from_stored(text: &str) -> Option<Self> {
                Some(Self(text.to_owned()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}
pub(crate) use validated_string;
