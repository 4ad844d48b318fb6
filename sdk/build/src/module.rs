//! Sections of a module.

use dure_abi::entry::SPEC_SECTION;

/// Drops every custom section and appends the specification as one; `None` when the bytes are not
/// laid out as a module.
pub(crate) fn with_spec(module: &[u8], spec: &[u8]) -> Option<Vec<u8>> {
    let (header, mut rest) = module.split_at_checked(8)?;
    let mut out = header.to_vec();
    while let Some((id, after)) = rest.split_first() {
        let (length, body) = leb(after)?;
        let (_, next) = body.split_at_checked(length)?;
        let section = rest.get(..rest.len() - next.len())?;
        if *id != 0 {
            out.extend_from_slice(section);
        }
        rest = next;
    }
    let name = SPEC_SECTION.as_bytes();
    let mut content = Vec::with_capacity(spec.len() + name.len() + 5);
    push_leb(&mut content, name.len());
    content.extend_from_slice(name);
    content.extend_from_slice(spec);
    out.push(0);
    push_leb(&mut out, content.len());
    out.extend_from_slice(&content);
    Some(out)
}

/// Reads an unsigned LEB128 number of at most five bytes.
fn leb(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, bytes.get(index + 1..)?));
        }
    }
    None
}

fn push_leb(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::{leb, push_leb, with_spec};

    #[test]
    fn custom_sections_are_replaced_by_the_specification() {
        let module = b"\0asm\x01\0\0\0\x00\x06\x04namex\x01\x01\x00\x00\x02\x01y";
        let built = with_spec(module, b"spec").unwrap();
        assert_eq!(built, b"\0asm\x01\0\0\0\x01\x01\x00\x00\x0e\x09dure.specspec");
        assert_eq!(with_spec(&module[..11], b"spec"), None);
    }

    #[test]
    fn long_lengths_survive() {
        for value in [0, 127, 128, 300, 1 << 20] {
            let mut bytes = Vec::new();
            push_leb(&mut bytes, value);
            assert_eq!(leb(&bytes), Some((value, &[][..])));
        }
    }
}
