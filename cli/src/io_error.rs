//! Errors of files and connections, without the codes of the operating system.

use std::io::{self, ErrorKind};

/// The message of an error: `file not found`.
pub(crate) fn explain(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "file not found".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::IsADirectory => "this is a directory, not a file".to_owned(),
        ErrorKind::NotADirectory => "a part of the path is not a directory".to_owned(),
        ErrorKind::InvalidData if error.to_string().contains("UTF-8") => "the text is not UTF-8".to_owned(),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::UnexpectedEof => {
            "the connection was closed".to_owned()
        }
        _ => {
            let text = error.to_string();
            let message = without_code(&text);
            // Messages of the operating system begin with a capital.
            let mut letters = message.chars();
            match letters.next() {
                Some(first) if message != text => first.to_lowercase().chain(letters).collect(),
                _ => message.to_owned(),
            }
        }
    }
}

/// `x: File too large (os error 27)` as `x: File too large`.
pub(crate) fn without_code(text: &str) -> &str {
    text.split(" (os error ").next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_shows_the_code_of_the_operating_system() {
        for code in 1..=133 {
            let text = explain(&io::Error::from_raw_os_error(code));
            assert!(!text.is_empty() && !text.contains("os error"), "{code}: {text}");
        }
        assert_eq!(explain(&io::Error::from_raw_os_error(27)), "file too large");
        assert_eq!(explain(&io::Error::other("TLS failed")), "TLS failed");
    }
}
