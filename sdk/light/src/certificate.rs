//! Commit certificates.

use crate::verify_signature;
use dure_types::{CommitCertificate, Hash, ValidatorId, ValidatorSet, limits};

/// Says why a commit certificate proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// More signatures than a chain may have validators; none was looked at.
    #[error("{count} signatures exceed the limit of {limit}")]
    TooMany {
        /// Signatures in it.
        count: usize,
        /// Signatures allowed.
        limit: usize,
    },
    /// Signatures must ascend by validator, each once.
    #[error("signature of {} is out of order or there twice", Hash(validator.0))]
    Order {
        /// Whose.
        validator: ValidatorId,
    },
    /// Not a member of the set.
    #[error("{} is not a validator of this height", Hash(validator.0))]
    UnknownValidator {
        /// Who.
        validator: ValidatorId,
    },
    /// Not strictly more than two thirds of the voting power.
    #[error("voting power {power} of {total} is no quorum")]
    NoQuorum {
        /// Power that signed.
        power: u64,
        /// Power of the set.
        total: u64,
    },
    /// A signature does not hold for this chain, height, round and block.
    #[error("the signature of {} does not hold", Hash(validator.0))]
    BadSignature {
        /// Whose.
        validator: ValidatorId,
    },
}

/// Checks that `certificate` proves its block final on `chain`.
///
/// That `validators` is the set of the certificate's height is the caller's to know: from the hash
/// in a header that is already trusted, or from genesis. Every signature must hold, also those
/// beyond the quorum: a certificate enters a header and must read the same to everyone.
///
/// # Errors
/// [`CertificateError`], the cheap ones first; no curve arithmetic without a quorum of names.
///
/// # Example
/// ```
/// use dure_light::{CertificateError, verify_certificate};
/// use dure_types::{CommitCertificate, Hash, Height, ValidatorSet};
/// let certificate = CommitCertificate {
///     height: Height(1), round: 0, block: Hash::ZERO, signatures: vec![],
/// };
/// let refused = verify_certificate(Hash::ZERO, &ValidatorSet::new(vec![]), &certificate);
/// assert_eq!(refused, Err(CertificateError::NoQuorum { power: 0, total: 0 }));
/// ```
pub fn verify_certificate(
    chain: Hash,
    validators: &ValidatorSet,
    certificate: &CommitCertificate,
) -> Result<(), CertificateError> {
    verify_certificate_by(chain, validators, certificate, verify_signature)
}

/// The same for who has seen most of the signatures before: `verify` answers for a key, a message
/// and a signature as [`verify_signature`] does.
///
/// # Errors
/// [`CertificateError`], as [`verify_certificate`].
pub fn verify_certificate_by(
    chain: Hash,
    validators: &ValidatorSet,
    certificate: &CommitCertificate,
    verify: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool,
) -> Result<(), CertificateError> {
    let count = certificate.signatures.len();
    let limit = limits::VALIDATORS_MAX;
    if count > limit {
        return Err(CertificateError::TooMany { count, limit });
    }
    let mut power = 0u64;
    let mut last = None;
    for signature in &certificate.signatures {
        let validator = signature.validator;
        if last.is_some_and(|last| last >= validator) {
            return Err(CertificateError::Order { validator });
        }
        last = Some(validator);
        let record =
            validators.get(validator).ok_or(CertificateError::UnknownValidator { validator })?;
        power = power.saturating_add(record.power);
    }
    if !validators.is_quorum(power) {
        return Err(CertificateError::NoQuorum { power, total: validators.total_power() });
    }
    let message = certificate.signed_bytes(chain);
    for signature in &certificate.signatures {
        let validator = signature.validator;
        let record =
            validators.get(validator).ok_or(CertificateError::UnknownValidator { validator })?;
        if !verify(&record.consensus_key, &message, &signature.signature) {
            return Err(CertificateError::BadSignature { validator });
        }
    }
    Ok(())
}
