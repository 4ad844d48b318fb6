//! One token transfer, ours and revm's OpenZeppelin ERC-20, in memory on one thread: decoding,
//! checks, call, two reads, two writes, event, receipt and commit to the in-memory state. No
//! signature and no state root on either side.

use crate::report::{Line, median};
use codec::Encode;
use dure_runtime::{
    BlockContext, Executor, ExecutorConfig, Fault, StateRead, VerifiedTransaction, genesis, signature,
    state::read::Entry,
};
use dure_types::{
    Address, Call, Gas, Genesis, Hash, Height, Outcome, PublicKey, Receipt, Signature, Tier,
    TimestampMs, Transaction, TransactionBody, ValidatorSet, address, domain::selector,
};
use ed25519_dalek::{Signer, SigningKey};
use eyre::{Context as _, eyre};
use revm::{
    Context, ExecuteCommitEvm, MainBuilder, MainContext,
    context::TxEnv,
    context::result::{ExecutionResult, Output},
    database::{CacheDB, EmptyDB},
    primitives::{Address as EvmAddress, Bytes, TxKind, U256},
    state::AccountInfo,
};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    process::Command,
    sync::Arc,
    time::Instant,
};

const ACCOUNTS: usize = 1_000;
/// Transactions of one block of ours.
const BLOCK: usize = 1_000;
const ROUNDS: usize = 9;
const CHAIN: Hash = Hash([3; 32]);
const NOW: u64 = 1_800_000_000_000;

/// State in memory, found by hash as in revm's `CacheDB`.
#[derive(Default)]
struct State(HashMap<Vec<u8>, Vec<u8>>);

impl StateRead for State {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.0.get(key).cloned())
    }

    fn scan(
        &self,
        start: &[u8],
        end: &[u8],
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<Entry>, Fault> {
        // Nothing that is measured scans.
        let sorted: BTreeMap<_, _> = self.0.clone().into_iter().collect();
        sorted.scan(start, end, reverse, limit)
    }
}

pub(crate) fn run() -> eyre::Result<()> {
    let mut ours = Ours::new()?;
    let mut theirs = Theirs::new()?;
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let our_time = ours.round()?;
        let their_time = theirs.round()?;
        // The first round warms caches and code.
        if round > 0 {
            our_times.push(our_time);
            their_times.push(their_time);
        }
    }
    Line {
        bench: "execution",
        metric: "transfer",
        unit: "us",
        value: median(our_times),
        peer: "revm 43 OpenZeppelin ERC-20 transact_commit",
        peer_value: median(their_times),
    }
    .print();
    Ok(())
}

struct Ours {
    executor: Executor,
    state: State,
    keys: Vec<SigningKey>,
    addresses: Vec<Address>,
    token: Address,
    height: u64,
    nonce: u64,
}

impl Ours {
    fn new() -> eyre::Result<Self> {
        let keys: Vec<_> = (0..ACCOUNTS as u64)
            .map(|index| SigningKey::from_bytes(blake3::hash(&index.to_le_bytes()).as_bytes()))
            .collect();
        let address = |key: &SigningKey| {
            address::of_key(PublicKey::Ed25519(key.verifying_key().to_bytes()))
        };
        let addresses: Vec<_> = keys.iter().map(address).collect();
        let tier = |tier, gas| Tier {
            tier,
            capacity: Gas(gas),
            refill_per_second: Gas(gas),
            may_deploy: tier > 0,
        };
        let mut accounts: Vec<_> = addresses.iter().map(|address| (*address, 1)).collect();
        accounts.sort_unstable();
        let genesis = Genesis {
            version: Genesis::VERSION,
            name: "bench".into(),
            time: TimestampMs(NOW),
            validators: ValidatorSet(Vec::new()),
            tiers: vec![tier(0, 0), tier(1, u64::MAX)],
            accounts,
            sponsors: Vec::new(),
            parameters: genesis::parameters(),
        };
        let entries = genesis::state(&genesis).into_iter();
        let state = State(entries.filter_map(|(key, value)| Some((key, value?))).collect());
        let executor = Executor::new(ExecutorConfig::default())?;
        let token = address::contract(addresses[0], b"");
        let mut ours = Self { executor, state, keys, addresses, token, height: 0, nonce: 0 };
        ours.set_up()?;
        Ok(ours)
    }

    fn set_up(&mut self) -> eyre::Result<()> {
        let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node/templates/token");
        let request =
            dure_build::BuildRequest { manifest_dir: contract, ..Default::default() };
        let built = dure_build::build(&request, &mut |_| {})?;
        let system = |method, args| Call { contract: Address::SYSTEM, method: selector(method), args };
        let instantiate = (built.code_hash, Vec::<u8>::new(), crate::token::init());
        let mut set_up = vec![
            vec![system("deploy", built.wasm.encode())],
            vec![system("instantiate", instantiate.encode())],
        ];
        for chunk in self.addresses.chunks(20) {
            set_up.push(crate::token::fund(self.token, chunk));
        }
        for calls in set_up {
            self.nonce += 1;
            let transaction = self.sign(0, self.nonce, 90_000_000, calls);
            self.block(&[transaction.encode()], &mut verify(vec![transaction])?)?;
            // A block is a millisecond here, and code takes its turn with the compiler.
            self.height += dure_types::limits::COMPILE_WAIT_MS_MAX;
        }
        Ok(())
    }

    fn sign(&self, from: usize, nonce: u64, gas: u64, calls: Vec<Call>) -> Transaction {
        let key = &self.keys[from];
        let body = TransactionBody {
            account: self.addresses[from],
            lane: 0,
            nonce,
            valid_until: TimestampMs(NOW + 3_600_000),
            gas_limit: Gas(gas),
            sponsor: None,
            calls,
        };
        let signature = key.sign(&body.signed_bytes(CHAIN)).to_bytes();
        let key = key.verifying_key().to_bytes();
        Transaction { body, witness: vec![Signature::Ed25519 { key, signature }] }
    }

    /// Microseconds for one transfer. Signatures are made and checked outside the clock; decoding
    /// and the transaction id, which the check also needs, inside.
    fn round(&mut self) -> eyre::Result<f64> {
        self.nonce += 1;
        let mut transactions = Vec::with_capacity(BLOCK);
        for from in 0..BLOCK {
            let to = self.addresses[(from * 7 + 1) % ACCOUNTS];
            let call = crate::token::transfer(self.token, to);
            transactions.push(self.sign(from, self.nonce, 200_000, vec![call]));
        }
        let bytes: Vec<_> = transactions.iter().map(Encode::encode).collect();
        let mut verified = verify(transactions)?;
        let started = Instant::now();
        self.block(&bytes, &mut verified)?;
        Ok(started.elapsed().as_secs_f64() * 1e6 / BLOCK as f64)
    }

    fn block(&mut self, bytes: &[Vec<u8>], verified: &mut [VerifiedTransaction]) -> eyre::Result<()> {
        for (bytes, verified) in bytes.iter().zip(verified.iter()) {
            let transaction = Transaction::from_bytes(bytes)?;
            transaction.check_shape()?;
            eyre::ensure!(transaction.body.id(CHAIN) == verified.id(), "another transaction");
        }
        self.height += 1;
        let context = BlockContext {
            chain: CHAIN,
            height: Height(self.height),
            time: TimestampMs(NOW + self.height),
        };
        let shared = Arc::new(std::mem::take(&mut self.state));
        let handle: Arc<dyn StateRead> = shared.clone();
        let output = self.executor.execute_block(&handle, &context, verified)?;
        drop(handle);
        // The executor dropped its handle, so the map comes back without a copy.
        self.state = Arc::try_unwrap(shared).map_err(|_| eyre!("the executor kept the state"))?;
        for outcome in &output.outcomes {
            let ok = matches!(&outcome.outcome, Outcome::Receipt(Receipt { result: Ok(_), .. }));
            eyre::ensure!(ok, "transfer failed: {:?}", outcome.outcome);
        }
        for (key, value) in output.delta {
            match value {
                Some(value) => self.state.0.insert(key, value),
                None => self.state.0.remove(&key),
            };
        }
        Ok(())
    }
}

fn verify(transactions: Vec<Transaction>) -> eyre::Result<Vec<VerifiedTransaction>> {
    signature::verify(CHAIN, transactions)
        .into_iter()
        .map(|result| result.map_err(|error| eyre!("{error}")))
        .collect()
}

type Evm = revm::MainnetEvm<revm::handler::MainnetContext<CacheDB<EmptyDB>>>;

struct Theirs {
    evm: Evm,
    accounts: Vec<EvmAddress>,
    nonces: Vec<u64>,
    token: EvmAddress,
}

impl Theirs {
    fn new() -> eyre::Result<Self> {
        let accounts: Vec<_> = (0..ACCOUNTS as u64)
            .map(|index| {
                EvmAddress::from_slice(&blake3::hash(&index.to_le_bytes()).as_bytes()[..20])
            })
            .collect();
        let mut database = CacheDB::new(EmptyDB::default());
        for account in &accounts {
            let info = AccountInfo { balance: U256::MAX >> 1, ..AccountInfo::default() };
            database.insert_account_info(*account, info);
        }
        let evm = Context::mainnet().with_db(database).build_mainnet();
        let nonces = vec![0; ACCOUNTS];
        let mut theirs = Self { evm, accounts, nonces, token: EvmAddress::ZERO };
        let creation = theirs.transact(0, TxKind::Create, creation_code()?.into(), 5_000_000)?;
        let ExecutionResult::Success { output: Output::Create(_, Some(token)), .. } = creation
        else {
            return Err(eyre!("the ERC-20 was not created: {creation:?}"));
        };
        theirs.token = token;
        for to in 1..ACCOUNTS {
            theirs.transfer(0, to, 1_000_000_000)?;
        }
        Ok(theirs)
    }

    fn transact(
        &mut self,
        from: usize,
        kind: TxKind,
        data: Bytes,
        gas_limit: u64,
    ) -> eyre::Result<ExecutionResult> {
        let nonce = self.nonces[from];
        self.nonces[from] += 1;
        let caller = self.accounts[from];
        let tx = TxEnv { caller, kind, data, gas_limit, nonce, ..TxEnv::default() };
        self.evm.transact_commit(tx).map_err(|error| eyre!("{error:?}"))
    }

    fn transfer(&mut self, from: usize, to: usize, amount: u64) -> eyre::Result<()> {
        // keccak256("transfer(address,uint256)"), first four bytes.
        let mut data = vec![0xa9, 0x05, 0x9c, 0xbb];
        data.extend_from_slice(&[0; 12]);
        data.extend_from_slice(self.accounts[to].as_slice());
        data.extend_from_slice(&U256::from(amount).to_be_bytes::<32>());
        let result = self.transact(from, TxKind::Call(self.token), data.into(), 200_000)?;
        eyre::ensure!(result.is_success(), "transfer failed: {result:?}");
        Ok(())
    }

    fn round(&mut self) -> eyre::Result<f64> {
        let started = Instant::now();
        for from in 0..BLOCK {
            self.transfer(from, (from * 7 + 1) % ACCOUNTS, 5)?;
        }
        Ok(started.elapsed().as_secs_f64() * 1e6 / BLOCK as f64)
    }
}

/// Compiles OpenZeppelin's ERC-20 with the packages named in `erc20/package.json`.
fn creation_code() -> eyre::Result<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("erc20");
    if !folder.join("node_modules/solc").is_dir() {
        let mut npm = Command::new("npm");
        let npm = npm.args(["install", "--no-package-lock", "--silent"]).current_dir(&folder);
        eyre::ensure!(npm.status().wrap_err("npm does not run")?.success(), "npm install failed");
    }
    let mut node = Command::new("node");
    let output = node.arg("build.mjs").current_dir(&folder).output().wrap_err("node")?;
    eyre::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(hex::decode(output.stdout)?)
}
