//! Enums with a text form.

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
pub(super) use string_enum;
