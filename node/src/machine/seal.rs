//! Sealing: waiting transactions become a signed batch.

use codec::{Compact, Encode};
use dure_consensus::{Checked, ReadyBatch, SignerError, ToSign};
use dure_runtime::VerifiedTransaction;
use dure_types::{BatchHeader, Gas, Hash, Height, Transaction, ValidatorId, domain, limits};

/// Who seals.
pub(super) struct Author<'a> {
    pub(super) id: ValidatorId,
    pub(super) signer: &'a Checked,
}

impl Author<'_> {
    /// Signs a batch; returns its header and signature, with the bytes of the [`dure_types::Batch`].
    pub(super) fn seal(
        &self,
        seq: u64,
        expiry_height: Height,
        transactions: &[VerifiedTransaction],
    ) -> Result<(BatchHeader, [u8; 64], Vec<u8>), SignerError> {
        // The list is encoded from references: a batch of half a megabyte is not copied for it.
        let list = encode_list(transactions);
        let header = BatchHeader {
            author: self.id,
            seq,
            expiry_height,
            gas_limit_sum: gas(transactions),
            count: u32::try_from(transactions.len()).unwrap_or(u32::MAX),
            length: u32::try_from(list.len()).unwrap_or(u32::MAX),
            transactions: domain::blake3_hash(&list),
        };
        let signature = self.signer.sign(ToSign::Batch(&header))?;
        let mut bytes = (&header, signature).encode();
        bytes.extend_from_slice(&list);
        assert!(bytes.len() <= limits::BATCH_BYTES_MAX, "batch of {} bytes", bytes.len());
        Ok((header, signature, bytes))
    }
}

/// What the ordering must know of a batch.
pub(super) fn ready(header: &BatchHeader, bytes: usize, chain: Hash) -> ReadyBatch {
    let (gas, expiry) = (header.gas_limit_sum, header.expiry_height);
    ReadyBatch { reference: header.reference(chain), bytes, gas, expiry }
}

fn gas(transactions: &[VerifiedTransaction]) -> Gas {
    let limit = |transaction: &VerifiedTransaction| transaction.body().gas_limit;
    transactions.iter().map(limit).fold(Gas::ZERO, Gas::saturating_add)
}

fn encode_list(transactions: &[VerifiedTransaction]) -> Vec<u8> {
    let length: usize = transactions.iter().map(VerifiedTransaction::encoded_len).sum();
    let mut list = Vec::with_capacity(length + 5);
    Compact(u32::try_from(transactions.len()).unwrap_or(u32::MAX)).encode_to(&mut list);
    for transaction in transactions {
        Transaction::encode_to(transaction.transaction(), &mut list);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use codec::DecodeAll;
    use dure_consensus::Signatures;
    use ed25519_dalek::{Signer, SigningKey};

    #[test]
    fn sealed_bytes_are_those_of_a_batch() {
        let chain = Hash([3; 32]);
        let key = SigningKey::from_bytes(&[5; 32]);
        let signer = Checked::new(chain, Box::new(key.clone()), Signatures::default());
        let author = Author { id: ValidatorId([1; 32]), signer: &signer };
        let body = dure_types::TransactionBody {
            account: dure_types::Address([1; 32]),
            lane: 0,
            nonce: 1,
            valid_until: dure_types::TimestampMs(9),
            gas_limit: Gas(7),
            sponsor: None,
            calls: vec![dure_types::Call {
                contract: dure_types::Address([2; 32]),
                method: dure_types::Selector([0; 4]),
                args: vec![1, 2, 3],
            }],
        };
        let signature = key.sign(&body.signed_bytes(chain)).to_bytes();
        let witness =
            dure_types::Signature::Ed25519 { key: key.verifying_key().to_bytes(), signature };
        let transaction = Transaction { body, witness: vec![witness] };
        let verified = dure_runtime::signature::verify(chain, vec![transaction.clone()]);
        let verified: Vec<_> = verified.into_iter().map(Result::unwrap).collect();

        let (header, _, bytes) = author.seal(4, Height(9), &verified).unwrap();
        let ready = ready(&header, bytes.len(), chain);
        let batch = dure_types::Batch::decode_all(&mut bytes.as_slice()).unwrap();
        let sent = crate::machine::Wire::Batch(Box::new(batch.clone()));
        assert_eq!(crate::machine::Wire::batch_bytes(&bytes), sent.encode());
        assert_eq!(batch.transactions, [transaction]);
        assert_eq!(batch.header.length as usize, batch.transactions.encode().len());
        assert_eq!(batch.header.transactions, domain::blake3_hash(&batch.transactions.encode()));
        assert_eq!((batch.header.gas_limit_sum, batch.header.count), (Gas(7), 1));
        assert_eq!(ready.bytes, bytes.len());
        assert_eq!(ready.reference, batch.header.reference(chain));
        let signed = batch.header.signed_bytes(chain);
        let signature = ed25519_dalek::Signature::from_bytes(&batch.signature);
        key.verifying_key().verify_strict(&signed, &signature).unwrap();
    }
}
