//! Hashes, signatures and audit paths in one contract: a prize for those on a list.

// ANCHOR: contract
use dure_sdk::{
    crypto::{blake3, sha256},
    native::Sandbox,
    prelude::*,
};

#[dure::contract]
pub mod prize {
    use dure_sdk::{
        codec::Encode,
        crypto::{ed25519_verify, merkle_verify, sha256},
        prelude::*,
    };

    #[storage]
    pub struct Prize {
        /// Root of the list of winners, and how many they are: 32 bytes for however many.
        root: Item<Hash>,
        count: Item<u64>,
        /// Who signs for what the winners hand in.
        notary: Item<[u8; 32]>,
        papers: Map<Address, Hash>,
    }

    #[error]
    pub enum Error {
        NotListed,
        NotSigned,
    }

    /// What the notary signs: what for, on which contract, by whom, which paper.
    pub fn message(prize: Address, winner: Address, paper: Hash) -> Vec<u8> {
        (*b"prize.claim", prize, winner, paper).encode()
    }

    impl Prize {
        #[init]
        pub fn new(&mut self, root: Hash, count: u64, notary: [u8; 32]) {
            self.root.set(&root);
            self.count.set(&count);
            self.notary.set(&notary);
        }

        /// The caller is on the list, and hands in a paper that the notary signed for.
        #[call]
        pub fn claim(
            &mut self,
            cx: &Cx,
            place: u64,
            path: Vec<Hash>,
            paper: Vec<u8>,
            signature: [u8; 64],
        ) -> Result<(), Error> {
            let winner = cx.caller();
            let (root, count) = (self.root.get(), self.count.get());
            let listed = merkle_verify(&root, &winner.0, place, count, &path);
            ensure!(listed, Error::NotListed);
            let paper = sha256(&paper);
            let message = message(cx.address(), winner, paper);
            let signed = ed25519_verify(&self.notary.get(), &message, &signature);
            ensure!(signed, Error::NotSigned);
            self.papers.set(&winner, &paper);
            Ok(())
        }

        /// The SHA-256 of what a winner handed in.
        #[query]
        pub fn paper(&self, winner: Address) -> Option<Hash> {
            self.papers.get(&winner)
        }
    }
}
// ANCHOR_END: contract

// ANCHOR: tree
/// RFC 6962 over BLAKE3: a leaf after a 0, two nodes after a 1.
fn leaf(bytes: &[u8]) -> Hash {
    blake3(&[&[0], bytes].concat())
}

fn node(left: Hash, right: Hash) -> Hash {
    blake3(&[&[1], left.0.as_slice(), &right.0].concat())
}
// ANCHOR_END: tree

// ANCHOR: test
use ed25519_dalek::{Signer, SigningKey};
use prize::{Error, Prize, call, message};

#[test]
fn who_is_listed_hands_in_what_the_notary_signed() {
    let (ana, ben, cem) = (Address([1; 32]), Address([2; 32]), Address([3; 32]));
    let (prize, notary) = (Address([9; 32]), SigningKey::from_bytes(&[7; 32]));
    let mut sandbox = Sandbox::new();
    // Ana and Ben share a node; Cem is alone beside it.
    let (root, path, paper) = sandbox.run(|_| {
        let [a, b, c] = [ana, ben, cem].map(|winner| leaf(&winner.0));
        (node(node(a, b), c), vec![a, c], sha256(b"my poem"))
    });
    let public = notary.verifying_key().to_bytes();
    sandbox.deploy::<Prize>(prize, (root, 3u64, public)).unwrap();

    let signature = notary.sign(&message(prize, ben, paper)).to_bytes();
    let claim = |paper: &[u8]| call::claim(1, path.clone(), paper.to_vec(), signature);
    let refused = |error| Err(CallError::Contract(error));
    assert_eq!(sandbox.caller(cem).send(prize, &claim(b"my poem")), refused(Error::NotListed));
    assert_eq!(sandbox.caller(ben).send(prize, &claim(b"a poem")), refused(Error::NotSigned));
    assert_eq!(sandbox.send(prize, &claim(b"my poem")), Ok(()));
    assert_eq!(sandbox.ask(prize, &call::paper(ben)), Ok(Some(paper)));
}
// ANCHOR_END: test
