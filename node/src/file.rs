//! Files that somebody named on the command line: read only when they are files, and up to a limit.
//!
//! A device has no end, and a pipe may never have a beginning.

use std::{
    fs::File,
    io::{Error, ErrorKind, Read},
    path::Path,
};

/// Bytes of a text: genesis, plan, policy. A genesis of a hundred thousand accounts has half.
pub(crate) const TEXT_BYTES_MAX: usize = 16 << 20;
/// Bytes of a key file: 66 digits, and what an editor leaves around them.
pub(crate) const KEY_BYTES_MAX: usize = 4_096;

/// Reads a file of at most so many bytes.
///
/// # Errors
/// What the system says; [`ErrorKind::InvalidInput`] for what is no regular file, and
/// [`ErrorKind::FileTooLarge`].
pub(crate) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Error> {
    // Looked at first: opening a pipe waits for somebody who writes.
    if !std::fs::metadata(path)?.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    let above = limit as u64 + 1;
    File::open(path)?.take(above).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        let reason = format!("more than {limit} bytes");
        return Err(Error::new(ErrorKind::FileTooLarge, reason));
    }
    Ok(bytes)
}

/// Reads a text.
///
/// # Errors
/// As [`read`], with the limit [`TEXT_BYTES_MAX`]; [`ErrorKind::InvalidData`] when it is not UTF-8.
pub(crate) fn read_text(path: &Path) -> Result<String, Error> {
    let bytes = read(path, TEXT_BYTES_MAX)?;
    String::from_utf8(bytes).map_err(|error| Error::new(ErrorKind::InvalidData, error.to_string()))
}
