//! Keys that are encrypted: PKCS#8 in PEM (RFC 5958, RFC 8018: scrypt and AES-256), which OpenSSL
//! reads too.

use super::exit::Failure;
use crate::file;
use dure_client::{Key, write_secret};
use ed25519_dalek::{
    SigningKey,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, spki::der::pem::LineEnding},
};
use std::{io::Read, path::Path};

/// How such a file begins.
const HEAD: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
/// Bytes of a passphrase's file.
const PASSPHRASE_BYTES_MAX: usize = 4_096;

/// The first line of a file, or of what a pipe gives (`/dev/fd/3`): a passphrase.
pub(super) fn passphrase(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let failed = |error: std::io::Error| Failure::File(format!("{shown}: {error}"));
    let mut text = String::new();
    let limit = PASSPHRASE_BYTES_MAX as u64;
    std::fs::File::open(path)
        .map_err(failed)?
        .take(limit)
        .read_to_string(&mut text)
        .map_err(failed)?;
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(line.to_owned()),
        None => Err(Failure::File(format!("{shown}: its first line is no passphrase"))),
    }
}

/// Writes a key into a new file that only its owner may read, encrypted.
pub(super) fn write(key: &Key, path: &Path, passphrase: &str) -> Result<(), Failure> {
    let text = key.signing().to_pkcs8_encrypted_pem(passphrase, LineEnding::LF);
    let text = text.map_err(|error| Failure::File(format!("{}: {error}", path.display())))?;
    write_secret(path, &text).map_err(|error| Failure::File(error.to_string()))
}

/// Reads a validator's key: its file must be its owner's alone, and opens by a passphrase where it is
/// encrypted.
pub(super) fn read(path: &Path, secret: Option<&Path>) -> Result<Key, Failure> {
    use std::os::unix::fs::PermissionsExt;
    let shown = path.display();
    let failed = |reason: &dyn std::fmt::Display| Failure::File(format!("{shown}: {reason}"));
    let bytes = file::read(path, file::KEY_BYTES_MAX).map_err(|error| failed(&error))?;
    let mode = std::fs::metadata(path).map_err(|error| failed(&error))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(failed(&format!("others may use this key: chmod 600 {shown}")));
    }
    let text = String::from_utf8(bytes).map_err(|_| failed(&"no key"))?;
    if !text.trim_start().starts_with(HEAD) {
        return Key::from_text(&text)
            .ok_or_else(|| failed(&"expected 0x and 64 hexadecimal digits, or an encrypted key"));
    }
    let Some(secret) = secret else {
        return Err(failed(&"it is encrypted: --passphrase-file FILE opens it"));
    };
    let key = SigningKey::from_pkcs8_encrypted_pem(&text, passphrase(secret)?);
    let key = key.map_err(|_| failed(&"this passphrase does not open it, or it is damaged"))?;
    Ok(Key::from_seed(key.to_bytes()))
}
