//! Validated strings and enums with a text form: their error type, and the macros for their common methods.

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

/// Implements an enum whose variants have a text form, which is parsed and serialized.
macro_rules! string_enum {
    ($(#[$doc:meta])* $name:ident: $($(#[$of:meta])* $variant:ident = $word:literal),+; $wrong:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$of])* $variant),+ }

        impl $name {
            /// The text form.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::validation::ValidationError;

            fn from_str(text: &str) -> Result<Self, crate::validation::ValidationError> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(crate::validation::ValidationError::new($wrong)),
                }
            }
        }
    };
}
pub(crate) use string_enum;
