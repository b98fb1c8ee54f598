//! Signatures of entries: a tag that only who knows the secret can make, so that others who may write to the store
//! cannot forge an entry.

use blake3::Hash;
use std::fmt;

/// The shortest secret that is taken, in bytes.
const SHORTEST: usize = 16;

/// Makes and checks tags.
#[derive(Clone)]
pub struct Signer {
    key: [u8; 32],
}

impl Signer {
    /// A signer with a secret. One that is short could be guessed.
    pub fn new(secret: &[u8]) -> Result<Signer, String> {
        if secret.len() < SHORTEST {
            return Err(format!(
                "PRIORSCOPE_REMOTE_SECRET is too short: write at least {SHORTEST} bytes that nobody can guess"
            ));
        }
        Ok(Signer {
            key: blake3::derive_key("priorscope runner 1 tag of an entry in a shared cache", secret),
        })
    }

    /// The tag of a text. To compare two of them takes always the same time.
    pub fn tag(&self, text: &[u8]) -> Hash {
        blake3::keyed_hash(&self.key, text)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}
