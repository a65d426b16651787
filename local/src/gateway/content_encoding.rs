//! A request's body in a content coding, which API Gateway decodes before it calls anything:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-make-request-with-compressed-payload.html>

use super::responses::Kind;
use super::{Incoming, MAX_BODY};
use axum::body::Bytes;
use http::header::CONTENT_ENCODING;
use miniz_oxide::inflate::{
    DecompressError, TINFLStatus, decompress_to_vec_with_limit, decompress_to_vec_zlib_with_limit,
};

/// Replaces the body by what it is decoded. The header stays, as API Gateway leaves it.
pub(super) fn decode(incoming: &mut Incoming) -> Result<(), Kind> {
    let Some(body) = incoming.body.as_ref().filter(|body| !body.is_empty()) else { return Ok(()) };
    let mut values = incoming.headers.get_all(CONTENT_ENCODING).iter();
    let coding = match (values.next(), values.next()) {
        (None, _) => return Ok(()),
        (Some(value), None) => value.to_str().unwrap_or_default().trim().to_ascii_lowercase(),
        (Some(_), Some(_)) => return Err(Kind::UnsupportedMediaType),
    };
    let decoded = match coding.as_str() {
        "" | "identity" => return Ok(()),
        "gzip" => gunzip(body)?,
        "deflate" => decompress_to_vec_zlib_with_limit(body, MAX_BODY).map_err(|error| refusal(&error))?,
        _ => return Err(Kind::UnsupportedMediaType),
    };
    incoming.body = Some(Bytes::from(decoded));
    Ok(())
}

/// Decodes one gzip member ([RFC 1952](https://www.rfc-editor.org/rfc/rfc1952#section-2.3)).
fn gunzip(member: &[u8]) -> Result<Vec<u8>, Kind> {
    let (header, rest) = member.split_first_chunk::<10>().ok_or(Kind::UnsupportedMediaType)?;
    let [0x1f, 0x8b, 8, flags, ..] = *header else { return Err(Kind::UnsupportedMediaType) };
    let (rest, trailer) = rest.split_last_chunk::<8>().ok_or(Kind::UnsupportedMediaType)?;
    let deflated = without_fields(flags, rest).ok_or(Kind::UnsupportedMediaType)?;
    let decoded = decompress_to_vec_with_limit(deflated, MAX_BODY).map_err(|error| refusal(&error))?;
    let [checksum @ .., _, _, _, _] = *trailer;
    if crc32fast::hash(&decoded) == u32::from_le_bytes(checksum) {
        Ok(decoded)
    } else {
        Err(Kind::UnsupportedMediaType)
    }
}

/// What comes after the optional fields of a header.
fn without_fields(flags: u8, mut rest: &[u8]) -> Option<&[u8]> {
    const CHECKSUM: u8 = 1 << 1;
    const EXTRA: u8 = 1 << 2;
    const NAME: u8 = 1 << 3;
    const COMMENT: u8 = 1 << 4;
    if flags & EXTRA != 0 {
        let (length, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for field in [NAME, COMMENT] {
        if flags & field != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & CHECKSUM == 0 { Some(rest) } else { rest.get(2..) }
}

fn refusal(error: &DecompressError) -> Kind {
    if error.status == TINFLStatus::HasMoreOutput { Kind::RequestTooLarge } else { Kind::UnsupportedMediaType }
}

#[cfg(test)]
mod tests {
    use super::super::tests::fixture::get;
    use super::*;
    use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};

    const TEXT: &[u8] = b"{\"name\":\"x\"}";

    fn decoded(codings: &[&str], body: &[u8]) -> Result<Vec<u8>, Kind> {
        let mut incoming = get("/");
        incoming.body = Some(Bytes::copy_from_slice(body));
        for coding in codings {
            incoming.headers.append(CONTENT_ENCODING, coding.parse().unwrap());
        }
        decode(&mut incoming)?;
        assert_eq!(incoming.headers.get_all(CONTENT_ENCODING).iter().count(), codings.len());
        Ok(incoming.body.unwrap().to_vec())
    }

    fn gzip(flags: u8, fields: &[u8], text: &[u8]) -> Vec<u8> {
        let header = [0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255];
        let (checksum, length) =
            (crc32fast::hash(text).to_le_bytes(), u32::try_from(text.len()).unwrap().to_le_bytes());
        [&header, fields, &compress_to_vec(text, 6), &checksum, &length].concat()
    }

    #[test]
    fn a_body_is_decoded_as_its_header_says() {
        assert_eq!(decoded(&[], TEXT).unwrap(), TEXT);
        assert_eq!(decoded(&["identity"], TEXT).unwrap(), TEXT);
        assert_eq!(decoded(&["deflate"], &compress_to_vec_zlib(TEXT, 6)).unwrap(), TEXT);
        assert_eq!(decoded(&["GZIP"], &gzip(0, b"", TEXT)).unwrap(), TEXT);
        assert_eq!(decoded(&["gzip"], &gzip(0b1_1110, b"\x02\0xxname\0comment\0hc", TEXT)).unwrap(), TEXT);
    }

    #[test]
    fn no_body_has_no_coding() {
        assert_eq!(decoded(&["br"], b"").unwrap(), b"");
    }

    #[test]
    fn another_coding_and_what_is_not_in_the_named_one_are_refused() {
        let good = gzip(0, b"", TEXT);
        for coding in ["br", "zstd", "compress", "gzip, gzip", "x", "gzip", "deflate"] {
            assert_eq!(decoded(&[coding], TEXT), Err(Kind::UnsupportedMediaType), "{coding}");
        }
        assert_eq!(decoded(&["gzip", "gzip"], &good), Err(Kind::UnsupportedMediaType));
        for end in 0..good.len() {
            if end > 0 {
                assert_eq!(decoded(&["gzip"], &good[..end]), Err(Kind::UnsupportedMediaType), "{end}");
            }
        }
        let mut wrong = good;
        let checksum = wrong.len() - 8;
        wrong[checksum] ^= 1;
        assert_eq!(decoded(&["gzip"], &wrong), Err(Kind::UnsupportedMediaType));
    }

    #[test]
    fn a_body_that_grows_beyond_the_largest_is_refused_without_being_decoded_whole() {
        let large = vec![0; MAX_BODY + 1];
        assert_eq!(decoded(&["gzip"], &gzip(0, b"", &large)), Err(Kind::RequestTooLarge));
        assert_eq!(decoded(&["deflate"], &compress_to_vec_zlib(&large, 6)), Err(Kind::RequestTooLarge));
    }
}
