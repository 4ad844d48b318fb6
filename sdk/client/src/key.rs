//! Keys of accounts.

use crate::ClientError;
use dure_rpc::hex::{parse, to_bytes, to_text};
use dure_types::{
    Address, Hash, PublicKey, Signature, Transaction, TransactionBody, address::of_key,
};
use ed25519_dalek::{Signer, SigningKey};
use std::{io::Read, path::Path};

/// An Ed25519 key with its account.
///
/// In a file: 0x and the 64 digits of the seed, one line. Printing one shows the address only.
#[derive(Clone)]
pub struct Key {
    signing: SigningKey,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.address())
    }
}

/// Says why there is no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file could not be read or written.
    #[error("{path}: {reason}")]
    File {
        /// Which.
        path: String,
        /// Why.
        reason: std::io::Error,
    },
    /// The file holds something else.
    #[error("{path}: expected 0x and 64 hexadecimal digits")]
    NotASeed {
        /// Which.
        path: String,
    },
    /// The system gave no random bytes.
    #[error("no randomness: {0}")]
    Randomness(std::io::Error),
}

impl Key {
    /// The key of a seed.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self { signing: SigningKey::from_bytes(&seed) }
    }

    /// Makes a new key from the system's randomness.
    ///
    /// # Errors
    /// [`KeyError::Randomness`].
    pub fn generate() -> Result<Self, KeyError> {
        Ok(Self::from_seed(random()?))
    }

    /// Reads a key from a file.
    ///
    /// # Errors
    /// [`KeyError`] when it cannot be read or holds no seed.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        let path = path.as_ref();
        let name = || path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|reason| KeyError::File { path: name(), reason })?;
        Self::from_text(&text).ok_or_else(|| KeyError::NotASeed { path: name() })
    }

    /// Reads a key from what a file of one holds; none when it is something else. Spaces around
    /// it do not count.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let seed = to_bytes(text.trim()).ok()?.try_into().ok()?;
        Some(Self::from_seed(seed))
    }

    /// Writes the key to a new file that only its owner may read, and sees that it is on the disk.
    ///
    /// # Errors
    /// [`KeyError::File`] when the file exists already or cannot be written; nothing is left then.
    pub fn to_file(&self, path: impl AsRef<Path>) -> Result<(), KeyError> {
        write_secret(path.as_ref(), &format!("{}\n", to_text(&self.signing.to_bytes())))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey::Ed25519(self.signing.verifying_key().to_bytes())
    }

    /// The account of this key alone.
    #[must_use]
    pub fn address(&self) -> Address {
        of_key(self.public())
    }

    /// The key itself, for a validator.
    #[must_use]
    pub const fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// Signs a transaction for a chain.
    #[must_use]
    pub fn sign(&self, chain: Hash, body: TransactionBody) -> Transaction {
        let signature = self.signing.sign(&body.signed_bytes(chain)).to_bytes();
        let key = self.signing.verifying_key().to_bytes();
        Transaction { body, witness: vec![Signature::Ed25519 { key, signature }] }
    }
}

/// Writes what a key's file holds into a new one that only its owner may read, and sees that it is on
/// the disk.
///
/// # Errors
/// [`KeyError::File`] when the file exists already or cannot be written; nothing is left then.
pub fn write_secret(path: &Path, text: &str) -> Result<(), KeyError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let failed = |reason| KeyError::File { path: path.display().to_string(), reason };
    let mut file = options.open(path).map_err(failed)?;
    let written = std::io::Write::write_all(&mut file, text.as_bytes());
    written.and_then(|()| file.sync_all()).map_err(|reason| {
        // Half a key is none, and would stand in the way of a whole one.
        let _ = std::fs::remove_file(path);
        failed(reason)
    })
}

/// Reads an address from text.
pub trait ParseAddress {
    /// Reads 0x and 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`ClientError::Hex`].
    fn parse_address(&self) -> Result<Address, ClientError>;
}

impl ParseAddress for str {
    fn parse_address(&self) -> Result<Address, ClientError> {
        parse(self).map_err(|reason| ClientError::Hex { found: self.to_owned(), reason })
    }
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(KeyError::Randomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_what_its_file_holds_and_from_nothing_else() {
        let read = |text: &str| Key::from_text(text).map(|key| key.address());
        let digits = "07".repeat(32);
        assert_eq!(read(&format!(" 0x{digits}\n")), Some(Key::from_seed([7; 32]).address()));
        for text in ["", "0x07", &digits[1..], &format!("0x{digits}07")] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
