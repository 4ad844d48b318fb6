//! Signs its votes with a point of order eight added to the nonce. By ZIP-215 such a signature
//! holds; an equation without the cofactor refuses it, and one over a whole batch now and then.

use super::{Byzantine, Said, chain};
use crate::node::Node;
use curve25519_dalek::{constants::EIGHT_TORSION, edwards::EdwardsPoint, scalar::Scalar};
use dure_consensus::Message;
use dure_types::Vote;
use ed25519_dalek::SigningKey;
use sha2::{Digest, Sha512};

pub(crate) struct Torsion;

impl Byzantine for Torsion {
    fn says(&mut self, me: &Node, _to: &[usize], message: &Message) -> Vec<Said> {
        let Message::Vote(vote) = message else { return vec![Said::all(message)] };
        let Vote { kind, height, round, block, .. } = *vote;
        let bytes = Vote::signed_bytes(chain(), kind, height, round, block);
        let signature = sign(&me.key, &bytes);
        vec![Said::all(&Message::Vote(Vote { signature, ..vote.clone() }))]
    }
}

fn sign(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    let scalar = |parts: [&[u8]; 3]| {
        let hash = parts.into_iter().fold(Sha512::new(), Digest::chain_update).finalize();
        Scalar::from_bytes_mod_order_wide(&hash.into())
    };
    let (public, secret) = (key.verifying_key().to_bytes(), key.to_bytes());
    let nonce = scalar([&secret, &public, message]);
    let point = (EdwardsPoint::mul_base(&nonce) + EIGHT_TORSION[1]).compress().to_bytes();
    let answer = nonce + scalar([&point, &public, message]) * key.to_scalar();
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&point);
    signature[32..].copy_from_slice(&answer.to_bytes());
    signature
}
