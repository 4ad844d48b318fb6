//! The methods of the system contract.

use super::record::{
    AccountRecord, CodeRecord, ContractRecord, overlay_contract, overlay_read, overlay_write,
};
use crate::{
    state::{
        key::{self, SystemField},
        read::Fault,
    },
    vm::{Done, EntryKind, Env, Request, enter as enter_contract, gas, validate},
};
use codec::{DecodeAll, Encode};
use dure_types::{
    Address, Event, ExecutionError, Hash, Lane, Selector, SystemError, Tier, TimestampMs, address,
    domain, limits,
};

/// Why a method did not succeed.
pub(super) enum Refusal {
    System(SystemError),
    Other(ExecutionError),
    OutOfGas,
    Fault(Fault),
}

impl From<SystemError> for Refusal {
    fn from(error: SystemError) -> Self {
        Self::System(error)
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

pub(super) type Answer = Result<Vec<u8>, Refusal>;

/// Runs a method of the system contract; the caller undoes the writes of one that fails.
pub(crate) fn enter(
    mut env: Box<Env>,
    request: Request,
) -> (Option<Box<Env>>, Result<Done, Fault>) {
    env.stack.push(Address::SYSTEM);
    let gas_limit = env.gas_limit;
    let mut run = Run { env: Some(env), gas: request.gas, request };
    let answer = run.dispatch();
    let gas_left = run.gas;
    if let Some(env) = run.env.as_mut() {
        env.stack.pop();
    }
    let contract = Address::SYSTEM;
    let done = match answer {
        Ok(output) => Ok(Done { result: Ok(output), gas_left }),
        Err(Refusal::System(error)) => {
            let error = ExecutionError::Contract { contract, error: error.encode() };
            Ok(Done { result: Err(error), gas_left })
        }
        Err(Refusal::Other(error)) => Ok(Done { result: Err(error), gas_left }),
        Err(Refusal::OutOfGas) => {
            Ok(Done { result: Err(ExecutionError::OutOfGas { limit: gas_limit }), gas_left: 0 })
        }
        Err(Refusal::Fault(fault)) => Err(fault),
    };
    (run.env, done)
}

pub(super) struct Run {
    pub(super) env: Option<Box<Env>>,
    pub(super) gas: u64,
    pub(super) request: Request,
}

impl Run {
    fn dispatch(&mut self) -> Answer {
        let input = std::mem::take(&mut self.request.input);
        let (method, args) = match input.split_at_checked(4) {
            Some((&[a, b, c, d], args)) => (Selector([a, b, c, d]), args),
            _ => (Selector::default(), &[][..]),
        };
        let cost = (args.len() as u64).saturating_mul(gas::COPY_BYTE);
        self.charge(gas::HOST.saturating_add(cost))?;
        let query = self.request.kind == EntryKind::Query;
        let is = |name: &str| method == domain::selector(name);
        if !query && is("deploy") {
            self.writable()?;
            self.deploy(decode(method, args)?)
        } else if !query && is("instantiate") {
            self.writable()?;
            let (code, salt, init) = decode(method, args)?;
            self.instantiate(code, salt, init)
        } else if !query && is("upgrade") {
            self.writable()?;
            let (contract, code, migrate) = decode(method, args)?;
            self.upgrade(contract, code, migrate)
        } else if !query && is("set_upgrader") {
            self.writable()?;
            let (contract, upgrader) = decode(method, args)?;
            self.set_upgrader(contract, upgrader)
        } else if query && is("contract") {
            let address: Address = decode(method, args)?;
            self.charge(gas::STORAGE_READ)?;
            Ok(overlay_contract(&mut self.env()?.overlay, address)?.encode())
        } else if query && is("code") {
            let hash: Hash = decode(method, args)?;
            Ok(self.code_record(hash)?.encode())
        } else if query && is("account") {
            let address: Address = decode(method, args)?;
            Ok(self.account(address)?.encode())
        } else if query && is("next_nonce") {
            let (address, lane): (Address, Lane) = decode(method, args)?;
            let next = if lane == 0 { self.account(address)?.nonces.next() } else { 1 };
            Ok(next.encode())
        } else {
            let contract = Address::SYSTEM;
            Err(Refusal::Other(ExecutionError::UnknownMethod { contract, method }))
        }
    }

    pub(super) fn env(&mut self) -> Result<&mut Env, Fault> {
        self.env.as_deref_mut().ok_or_else(|| Fault::Vm("the transaction's state is lost".into()))
    }

    pub(super) fn charge(&mut self, amount: u64) -> Result<(), Refusal> {
        self.gas = self.gas.checked_sub(amount).ok_or(Refusal::OutOfGas)?;
        Ok(())
    }

    fn writable(&self) -> Result<(), Refusal> {
        if self.request.read_only {
            let contract = Address::SYSTEM;
            return Err(Refusal::Other(ExecutionError::ReadOnly { contract }));
        }
        Ok(())
    }

    fn account(&mut self, address: Address) -> Result<AccountRecord, Refusal> {
        self.charge(gas::STORAGE_READ)?;
        let overlay = &mut self.env()?.overlay;
        Ok(overlay_read(overlay, SystemField::Account, &[&address.0])?.unwrap_or_default())
    }

    fn code_record(&mut self, hash: Hash) -> Result<Option<CodeRecord>, Refusal> {
        self.charge(gas::STORAGE_READ)?;
        Ok(overlay_read(&mut self.env()?.overlay, SystemField::CodeRecord, &[&hash.0])?)
    }

    fn may_deploy(&mut self) -> Result<(), Refusal> {
        let caller = self.request.caller;
        let tier = self.account(caller)?.tier;
        self.charge(gas::STORAGE_READ)?;
        let tiers: Option<Vec<Tier>> =
            overlay_read(&mut self.env()?.overlay, SystemField::Tiers, &[])?;
        let allowed = tiers.unwrap_or_default().iter().any(|t| t.tier == tier && t.may_deploy);
        if allowed { Ok(()) } else { Err(SystemError::MayNotDeploy { tier }.into()) }
    }

    pub(super) fn event(&mut self, name: &str, data: Vec<u8>) -> Result<(), Refusal> {
        self.charge(gas::EVENT)?;
        let topic = domain::selector(name);
        self.env()?.events.push(Event { contract: Address::SYSTEM, topic, data });
        Ok(())
    }

    fn deploy(&mut self, code: Vec<u8>) -> Answer {
        let bytes = code.len() as u64;
        self.charge(gas::DEPLOY.saturating_add(bytes.saturating_mul(gas::DEPLOY_BYTE)))?;
        self.may_deploy()?;
        let hash = Hash(*blake3::hash(&code).as_bytes());
        if self.code_record(hash)?.is_some() {
            return Err(SystemError::CodeExists { code: hash }.into());
        }
        let work = validate(&code).map_err(SystemError::Module)?.work;
        self.charge(work.saturating_mul(gas::COMPILE_WORK))?;
        let ready = self.line_up(work)?;
        let length = u32::try_from(code.len()).unwrap_or(u32::MAX);
        let env = self.env()?;
        let record = CodeRecord { height: env.block.height, length, ready };
        overlay_write(&mut env.overlay, SystemField::CodeRecord, &[&hash.0], &record);
        env.overlay.set(&key::code(hash), Some(code));
        self.event("Deployed", (hash, length).encode())?;
        Ok(hash.encode())
    }

    /// Gives a module its turn with the compiler, which works through one after another at a rate
    /// in block time; returns when it is through.
    ///
    /// Nodes compile beside execution. Without this bound, a block could make the next one wait for
    /// seconds by calling what the first deployed.
    fn line_up(&mut self, work: u64) -> Result<TimestampMs, Refusal> {
        self.charge(gas::STORAGE_READ.saturating_add(gas::STORAGE_WRITE))?;
        let env = self.env()?;
        let now = env.block.time.0;
        let busy: Option<TimestampMs> =
            overlay_read(&mut env.overlay, SystemField::Compiling, &[])?;
        let wait_ms = busy.map_or(0, |until| until.0.saturating_sub(now));
        let all_ms = wait_ms.saturating_add(work.div_ceil(limits::COMPILE_WORK_PER_MS));
        let limit_ms = limits::COMPILE_WAIT_MS_MAX;
        if all_ms > limit_ms {
            return Err(SystemError::CompilerBusy { wait_ms, limit_ms }.into());
        }
        let ready = TimestampMs(now.saturating_add(all_ms));
        overlay_write(&mut env.overlay, SystemField::Compiling, &[], &ready);
        Ok(ready)
    }

    /// Code of an earlier block that every node has compiled by now.
    pub(super) fn usable(&mut self, code: Hash) -> Result<(), Refusal> {
        let stored = self.code_record(code)?.ok_or(SystemError::UnknownCode { code })?;
        let env = self.env()?;
        let rehearsal = env.notes.as_ref().is_some_and(|notes| notes.rehearsal.is_some());
        if stored.height >= env.block.height && !rehearsal {
            let from = stored.height.0.saturating_add(1);
            return Err(SystemError::CodeNotActive { code, from }.into());
        }
        if stored.ready > env.block.time && !rehearsal {
            return Err(SystemError::CodeNotReady { code, from: stored.ready }.into());
        }
        Ok(())
    }

    fn instantiate(&mut self, code: Hash, salt: Vec<u8>, init: Vec<u8>) -> Answer {
        self.charge(gas::INSTANTIATE)?;
        self.may_deploy()?;
        if salt.len() > limits::SALT_BYTES_MAX {
            let length = u32::try_from(salt.len()).unwrap_or(u32::MAX);
            let limit = limits::SALT_BYTES_MAX as u32;
            return Err(SystemError::Salt { length, limit }.into());
        }
        self.usable(code)?;
        let height = self.env()?.block.height;
        let creator = self.request.caller;
        let address = address::contract(creator, &salt);
        let overlay = &mut self.env()?.overlay;
        if overlay_contract(overlay, address)?.is_some() {
            return Err(SystemError::AddressTaken { address }.into());
        }
        let record = ContractRecord { code, creator, height, upgrader: Some(creator) };
        overlay_write(overlay, SystemField::Contract, &[&address.0], &record);
        self.event("Instantiated", (address, code, creator).encode())?;
        let request = Request {
            contract: address,
            caller: creator,
            kind: EntryKind::Init,
            input: init,
            gas: self.gas,
            read_only: false,
        };
        let env = self.env.take().ok_or_else(|| Fault::Vm("the state is lost".into()))?;
        let (env, done) = enter_contract(env, request);
        self.env = env;
        let done = done?;
        self.gas = done.gas_left;
        match done.result {
            Ok(_) => Ok(address.encode()),
            Err(error) => Err(Refusal::Other(error)),
        }
    }
}

fn decode<T: DecodeAll>(method: Selector, mut args: &[u8]) -> Result<T, Refusal> {
    let contract = Address::SYSTEM;
    let bad = |_| Refusal::Other(ExecutionError::BadArguments { contract, method });
    T::decode_all(&mut args).map_err(bad)
}
