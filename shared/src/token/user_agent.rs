//! User agent family of a use; the rest of the header is dropped.

use crate::validation::validated_string;

/// Maximum length, in characters; shorter than a token.
const MAX_LENGTH: usize = 40;

/// Browsers name Mozilla first, and some name other browsers too. The first of these that matches is the
/// browser.
const BROWSERS: [(&str, &str); 5] =
    [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];

/// A user agent family: the first product's name in `User-Agent`
/// ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-10.1.5)) without its version, such as `curl` or
/// `GitHub-Hookshot`, or the browser's name. The client chooses it, so it is only a hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserAgentFamily(String);

impl UserAgentFamily {
    /// Reads the header; `None` if it names no product.
    #[must_use]
    pub fn from_header(user_agent: &str) -> Option<Self> {
        let product = user_agent.split([' ', '/', '(', ';']).next()?;
        if product == "Mozilla"
            && let Some((_, browser)) = BROWSERS.iter().find(|(mark, _)| user_agent.contains(mark))
        {
            return Some(Self((*browser).to_owned()));
        }
        let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+');
        let fits = (1..=MAX_LENGTH).contains(&product.len()) && product.bytes().all(good);
        fits.then(|| Self(product.to_owned()))
    }
}

validated_string!(UserAgentFamily);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_the_products_name_without_version() {
        for (header, family) in [
            ("curl/8.5.0", "curl"),
            ("GitHub-Hookshot/044aadd", "GitHub-Hookshot"),
            ("python-requests/2.32.3", "python-requests"),
            ("Go-http-client/1.1", "Go-http-client"),
            ("Terraform/1.9.5 (+https://www.terraform.io)", "Terraform"),
            ("aws-sdk-rust", "aws-sdk-rust"),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
                "Chrome",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge",
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox"),
            ("Mozilla/5.0 (compatible; Something/1.0)", "Mozilla"),
        ] {
            assert_eq!(UserAgentFamily::from_header(header).unwrap().as_str(), family, "{header}");
        }
    }

    #[test]
    fn a_header_without_a_product_has_no_family() {
        for header in ["", " ", "/1.0", "(x)", "a\"b/1", "früh/1", "<script>", &"x".repeat(41), "\u{7}"] {
            assert_eq!(UserAgentFamily::from_header(header), None, "{header}");
        }
    }

    #[test]
    fn a_token_in_a_user_agent_is_dropped() {
        assert_eq!(UserAgentFamily::from_header(&format!("pcl_{}", "a1".repeat(33))), None);
    }
}
