//! The token format (`shared/src/secret/mod.rs`, table).

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The number of characters after the `_`.
pub const BODY: usize = 16 + 43 + 6;

/// Whether a text is a whole token with this prefix.
pub fn is_token(prefix: &str, text: &str) -> bool {
    let Some(body) = text.strip_prefix(&format!("{prefix}_")) else { return false };
    let well_formed = body.chars().count() == BODY && body.chars().all(|c| c.is_ascii_alphanumeric());
    well_formed && text[text.len() - 6..] == checksum(&text[..text.len() - 6])
}

/// Whether a text may be a prefix: `[a-z][a-z0-9]{1,15}`.
pub fn is_prefix(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    (2..=16).contains(&letters.len())
        && letters[0].is_ascii_lowercase()
        && letters.iter().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

/// A token with these characters. `seed` gives one character of ID and secret per byte, as far as it reaches.
pub fn token(prefix: &str, seed: &[u8]) -> String {
    let body = (0..16 + 43).map(|at| ALPHABET[usize::from(seed.get(at).copied().unwrap_or(0)) % 62]);
    let text = format!("{prefix}_{}", body.map(char::from).collect::<String>());
    let sum = checksum(&text);
    text + &sum
}

/// CRC-32 bit by bit.
pub fn crc32(text: &str) -> u32 {
    let mut crc = u32::MAX;
    for byte in text.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

/// The checksum of a token: CRC-32 in base62 with six digits.
fn checksum(text: &str) -> String {
    let mut rest = crc32(text) as usize;
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[rest % 62];
        rest /= 62;
    }
    digits.map(char::from).iter().collect()
}
