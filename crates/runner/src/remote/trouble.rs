//! Why a shared cache is of no use just now, in words of ours: those of its store may repeat credentials.

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};
use std::time::Duration;

/// Why an entry did not come.
#[derive(Debug, PartialEq)]
pub enum Trouble {
    /// It is not what it should be.
    Refused(String),
    /// The store does not answer, or not as it should, or nothing can be kept here.
    Unusable(String),
}

/// The least bytes that a store that is of use moves in a second.
const SLOWEST: u64 = 100_000;

/// How long a request may take that moves nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for an answer as long as it may take for so many bytes.
pub async fn in_time<T>(bytes: u64, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let patience = PATIENCE + Duration::from_secs(bytes / SLOWEST);
    let late = |_| Error::Generic {
        store: "in time",
        source: Box::new(std::io::Error::from(std::io::ErrorKind::TimedOut)),
    };
    tokio::time::timeout(patience, answer).await.map_err(late)?
}

/// Whether an answer only says that there is no such thing in a store that is there.
pub fn is_missing(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. }) && !lacks_bucket(error)
}

/// A store says which of the two is not there in its text only.
fn lacks_bucket(error: &Error) -> bool {
    let text = error.to_string();
    ["NoSuchBucket", "ContainerNotFound", "bucket does not exist"].iter().any(|name| text.contains(name))
}

/// What went wrong.
pub fn words(error: &Error) -> String {
    match error {
        Error::NotFound { .. } => "the bucket or container is not there".to_owned(),
        Error::PermissionDenied { .. } => {
            "it does not permit that: 403, or the credentials are wrong".to_owned()
        }
        Error::Unauthenticated { .. } => "it does not accept the credentials: 401".to_owned(),
        other => cause(other),
    }
}

/// The innermost cause that can be told in words.
fn cause(error: &Error) -> String {
    let mut told = None;
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if is_of_encryption(error) {
            return "no encrypted connection: its certificate may not be trusted here".to_owned();
        }
        if let Some(http) = error.downcast_ref::<HttpError>() {
            told = match http.kind() {
                HttpErrorKind::Connect => Some("no connection".to_owned()),
                HttpErrorKind::Timeout => Some("no answer in time".to_owned()),
                HttpErrorKind::Interrupted | HttpErrorKind::Request => {
                    Some("the connection broke off".to_owned())
                }
                _ => told,
            };
        } else if let Some(io) = error.downcast_ref::<std::io::Error>() {
            told = told.or_else(|| Some(io.kind().to_string()));
        }
        next = error.source();
    }
    let status = || Some(format!("it answers with an error: {}", status(&error.to_string())?));
    told.or_else(status).unwrap_or_else(|| "it answers with an error".to_owned())
}

/// An error of the system may be wrapped in others of its kind, which are not among its causes.
fn is_of_encryption(error: &(dyn std::error::Error + 'static)) -> bool {
    let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || inner.is_some_and(|inner| is_of_encryption(inner))
}

/// The number that a store answered with, from a text of which nothing else may be told.
fn status(text: &str) -> Option<&str> {
    let digits = text.split_once("status code: ")?.1.get(..3)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_what_a_store_says_is_repeated_but_its_number() {
        let error = |text: &str| Error::Generic { store: "S3", source: text.to_owned().into() };
        let told = words(&error(
            "Server returned non-2xx status code: 503 Slow: <AWSAccessKeyId>AKIA</AWSAccessKeyId>",
        ));
        assert_eq!(told, "it answers with an error: 503");
        assert_eq!(words(&error("status code: AKIA")), "it answers with an error");
        assert_eq!(words(&error("AKIA")), "it answers with an error");
    }

    #[test]
    fn a_certificate_is_found_among_causes_of_causes() {
        let inner = std::io::Error::new(std::io::ErrorKind::InvalidData, rustls::Error::DecryptError);
        let error = Error::Generic { store: "S3", source: Box::new(std::io::Error::other(inner)) };
        assert!(words(&error).contains("its certificate"), "{}", words(&error));
    }

    #[test]
    fn a_missing_bucket_is_no_missing_entry() {
        let missing = |text: &str| Error::NotFound { path: "p".to_owned(), source: text.to_owned().into() };
        assert!(is_missing(&missing("<Code>NoSuchKey</Code>")));
        assert!(!is_missing(&missing("<Code>NoSuchBucket</Code>")));
    }
}
