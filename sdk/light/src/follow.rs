//! From the validators of one height to those of the next.

use crate::{CertificateError, verify_certificate};
use dure_types::{CommitCertificate, Hash, Header, Height, ValidatorSet};

/// Says why a header does not lead to validators.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// The certificate is of another block or height.
    #[error("the certificate is of block {certified}, the header is {block}")]
    OtherBlock {
        /// Id of the header.
        block: Hash,
        /// Block of the certificate.
        certified: Hash,
    },
    /// The header is of another height than the one whose validators are known.
    #[error("the header is of height {header}, the validators of height {wanted} are known")]
    Height {
        /// Height of the header.
        header: Height,
        /// The height that was to be followed.
        wanted: Height,
    },
    /// The header is of a height with other validators than those that are known.
    #[error("the header names validators {named}, known are {known}")]
    Validators {
        /// Their hash in the header.
        named: Hash,
        /// Hash of those that are known.
        known: Hash,
    },
    /// The certificate does not hold.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// What was given as the next validators is something else.
    #[error("the header names {named} as the next validators, given are {given}")]
    Next {
        /// Their hash in the header.
        named: Hash,
        /// Hash of those that were given.
        given: Hash,
    },
}

/// Checks that `next` are the validators of the height after a header's.
///
/// `height` is the one that is followed and `validators` are its own: 1 and those of genesis, or one
/// more than the header before and what that one led to. Header by header a client so follows every
/// change and trusts nobody; who gives it the records is of no matter. Were the height not given, an
/// old header could lead it back to validators that left.
///
/// # Errors
/// [`FollowError`], the cheap ones first.
///
/// # Example
/// ```no_run
/// # fn f(chain: dure_types::Hash, headers: Vec<(dure_types::Header,
/// #     dure_types::CommitCertificate, dure_types::ValidatorSet)>,
/// #     genesis: dure_types::ValidatorSet) -> Result<(), dure_light::FollowError> {
/// let mut validators = genesis;
/// for (height, (header, certificate, next)) in (1..).map(dure_types::Height).zip(headers) {
///     let known = (height, &validators);
///     dure_light::verify_next_validators(chain, known, (&header, &certificate), &next)?;
///     validators = next;
/// }
/// # Ok(())
/// # }
/// ```
pub fn verify_next_validators(
    chain: Hash,
    (height, validators): (Height, &ValidatorSet),
    (header, certificate): (&Header, &CommitCertificate),
    next: &ValidatorSet,
) -> Result<(), FollowError> {
    let (block, certified) = (header.id(chain), certificate.block);
    if block != certified || certificate.height != header.height {
        return Err(FollowError::OtherBlock { block, certified });
    }
    if header.height != height {
        return Err(FollowError::Height { header: header.height, wanted: height });
    }
    let (known, given) = (validators.hash(), next.hash());
    if header.validators != known {
        return Err(FollowError::Validators { named: header.validators, known });
    }
    if header.next_validators != given {
        return Err(FollowError::Next { named: header.next_validators, given });
    }
    Ok(verify_certificate(chain, validators, certificate)?)
}
