//! Content codings of request bodies, which API Gateway decodes before it calls a function:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-make-request-with-compressed-payload.html>

use super::gateway_responses::ResponseType;
use super::incoming_request::{IncomingRequest, MAX_BODY};
use axum::body::Bytes;
use flate2::read::{GzDecoder, ZlibDecoder};
use http::header::CONTENT_ENCODING;
use std::io::Read;

/// Decodes the body. The header stays, as with API Gateway.
pub(super) fn decode(incoming: &mut IncomingRequest) -> Result<(), ResponseType> {
    let Some(body) = incoming.body.as_ref().filter(|body| !body.is_empty()) else { return Ok(()) };
    let mut values = incoming.headers.get_all(CONTENT_ENCODING).iter();
    let coding = match (values.next(), values.next()) {
        (None, _) => return Ok(()),
        (Some(value), None) => value.to_str().unwrap_or_default().trim().to_ascii_lowercase(),
        (Some(_), Some(_)) => return Err(ResponseType::UnsupportedMediaType),
    };
    let decoded = match coding.as_str() {
        "" | "identity" => return Ok(()),
        "gzip" => read(GzDecoder::new(&**body))?,
        "deflate" => read(ZlibDecoder::new(&**body))?,
        _ => return Err(ResponseType::UnsupportedMediaType),
    };
    incoming.body = Some(Bytes::from(decoded));
    Ok(())
}

/// Reads a decoder up to the maximum body size.
fn read(decoder: impl Read) -> Result<Vec<u8>, ResponseType> {
    let mut decoded = Vec::new();
    // One byte more, to detect a body that is too large.
    let limit = u64::try_from(MAX_BODY).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(limit).read_to_end(&mut decoded).map_err(|_| ResponseType::UnsupportedMediaType)?;
    if decoded.len() > MAX_BODY { Err(ResponseType::RequestTooLarge) } else { Ok(decoded) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::fixture::get;
    use super::*;
    use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};

    const TEXT: &[u8] = b"{\"name\":\"x\"}";

    fn decoded(codings: &[&str], body: &[u8]) -> Result<Vec<u8>, ResponseType> {
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
        let mut start = [&header, fields].concat();
        if flags & 0b10 != 0 {
            let [low, next, ..] = crc32fast::hash(&start).to_le_bytes();
            start.extend([low, next]);
        }
        [&start[..], &compress_to_vec(text, 6), &checksum, &length].concat()
    }

    #[test]
    fn a_body_is_decoded_as_its_header_says() {
        assert_eq!(decoded(&[], TEXT).unwrap(), TEXT);
        assert_eq!(decoded(&["identity"], TEXT).unwrap(), TEXT);
        assert_eq!(decoded(&["deflate"], &compress_to_vec_zlib(TEXT, 6)).unwrap(), TEXT);
        assert_eq!(decoded(&["GZIP"], &gzip(0, b"", TEXT)).unwrap(), TEXT);
        assert_eq!(decoded(&["gzip"], &gzip(0b1_1110, b"\x02\0xxname\0comment\0", TEXT)).unwrap(), TEXT);
    }

    #[test]
    fn no_body_has_no_coding() {
        assert_eq!(decoded(&["br"], b"").unwrap(), b"");
    }

    #[test]
    fn another_coding_and_what_is_not_in_the_named_one_are_refused() {
        let good = gzip(0, b"", TEXT);
        for coding in ["br", "zstd", "compress", "gzip, gzip", "x", "gzip", "deflate"] {
            assert_eq!(decoded(&[coding], TEXT), Err(ResponseType::UnsupportedMediaType), "{coding}");
        }
        assert_eq!(decoded(&["gzip", "gzip"], &good), Err(ResponseType::UnsupportedMediaType));
        for end in 0..good.len() {
            if end > 0 {
                assert_eq!(decoded(&["gzip"], &good[..end]), Err(ResponseType::UnsupportedMediaType), "{end}");
            }
        }
        let mut wrong = good;
        let checksum = wrong.len() - 8;
        wrong[checksum] ^= 1;
        assert_eq!(decoded(&["gzip"], &wrong), Err(ResponseType::UnsupportedMediaType));
    }

    #[test]
    fn a_body_that_grows_beyond_the_limit_is_not_decoded_whole() {
        let large = vec![0; MAX_BODY + 1];
        assert_eq!(decoded(&["gzip"], &gzip(0, b"", &large)), Err(ResponseType::RequestTooLarge));
        assert_eq!(decoded(&["deflate"], &compress_to_vec_zlib(&large, 6)), Err(ResponseType::RequestTooLarge));
    }
}
