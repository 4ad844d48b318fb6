//! What went wrong inside a transaction, as errors of the table.

use super::RpcError;
use crate::{decimal::Decimal, hex::Bytes};
use codec::Decode;
use dure_types::{Address, ExecutionError, ModuleError, SchemaError, SystemError};
use serde_json::Value;

/// What the rim knows of a failed call: the decoder of contract errors by the specification.
pub trait RefusedCall {
    /// The JSON of a contract's error bytes; null without a specification.
    fn error_to_json(&self, contract: Address, error: &[u8]) -> Value;
    /// A contract's error as its source has it: `points::Error::Zero`.
    fn error_to_text(&self, contract: Address, error: &[u8]) -> String;
    /// The name of a method; its selector in hexadecimal without a specification.
    fn method_name(&self, contract: Address, method: dure_types::Selector) -> String;
    /// The methods that the contract has.
    fn methods(&self, contract: Address) -> Vec<String>;
    /// The stored entry that a refused upgrade names, `prices[coffee]`, by the code that was
    /// offered; none where that is not known. `key` is what follows the field's id.
    fn entry_name(&self, field: u16, key: &[u8]) -> Option<String>;
}

impl RpcError {
    /// Translates an outcome of execution.
    #[must_use]
    pub fn of_execution(error: &ExecutionError, rim: &impl RefusedCall) -> Self {
        match error {
            ExecutionError::Contract { contract, error } => of_contract(*contract, error, rim),
            ExecutionError::UnknownContract { contract } => {
                Self::UnknownContract { contract: (*contract).into() }
            }
            ExecutionError::UnknownMethod { contract, method } => Self::UnknownMethod {
                contract: (*contract).into(),
                method: rim.method_name(*contract, *method),
                known: rim.methods(*contract),
            },
            ExecutionError::BadArguments { contract, method } => Self::BadArguments {
                contract: (*contract).into(),
                method: rim.method_name(*contract, *method),
            },
            ExecutionError::OutOfGas { limit } => Self::OutOfGas { limit: (*limit).into() },
            ExecutionError::Trap { contract, kind } => {
                Self::Trapped { contract: (*contract).into(), kind: kind.to_string() }
            }
            ExecutionError::Reentrant { contract } => {
                Self::Reentrant { contract: (*contract).into() }
            }
            ExecutionError::CallDepth { limit } => Self::CallDepth { limit: *limit },
            ExecutionError::ReadOnly { contract } => {
                Self::ReadOnly { contract: (*contract).into() }
            }
            ExecutionError::Limit { contract, kind, limit, value } => Self::LimitExceeded {
                contract: (*contract).into(),
                kind: kind.to_string(),
                limit: Decimal(*limit),
                value: Decimal(*value),
            },
            ExecutionError::BadPointer { contract } => {
                Self::BadPointer { contract: (*contract).into() }
            }
            ExecutionError::Internal => Self::ExecutionPanicked,
        }
    }
}

fn of_contract(contract: Address, error: &[u8], rim: &impl RefusedCall) -> RpcError {
    if contract == Address::SYSTEM
        && let Ok(refusal) = SystemError::decode(&mut &error[..])
    {
        return of_system(refusal, rim);
    }
    RpcError::ContractRefused {
        contract: contract.into(),
        error: Bytes(error.to_vec()),
        decoded: rim.error_to_json(contract, error),
        text: rim.error_to_text(contract, error),
    }
}

fn of_system(error: SystemError, rim: &impl RefusedCall) -> RpcError {
    match error {
        SystemError::CodeExists { code } => RpcError::CodeExists { code: code.into() },
        SystemError::Module(error) => of_module(error),
        SystemError::UnknownCode { code } => RpcError::UnknownCode { code: code.into() },
        SystemError::CodeNotActive { code, from } => {
            RpcError::CodeNotActive { code: code.into(), from: Decimal(from) }
        }
        SystemError::AddressTaken { address } => RpcError::AddressTaken { address: address.into() },
        SystemError::Salt { length, limit } => RpcError::SaltTooLong { length, limit },
        SystemError::MayNotDeploy { tier } => RpcError::MayNotDeploy { tier },
        SystemError::NotUpgrader { contract, upgrader } => {
            RpcError::NotUpgrader { contract: contract.into(), upgrader: upgrader.into() }
        }
        SystemError::Frozen { contract } => RpcError::Frozen { contract: contract.into() },
        SystemError::SameCode { contract, code } => {
            RpcError::SameCode { contract: contract.into(), code: code.into() }
        }
        SystemError::Schema(error) => of_schema(error, rim),
        SystemError::CodeNotReady { code, from } => {
            RpcError::CodeNotReady { code: code.into(), from: Decimal(from.0) }
        }
        SystemError::CompilerBusy { wait_ms, limit_ms } => {
            RpcError::CompilerBusy { wait_ms: Decimal(wait_ms), limit_ms: Decimal(limit_ms) }
        }
    }
}

fn of_schema(error: SchemaError, rim: &impl RefusedCall) -> RpcError {
    match error {
        SchemaError::Foreign { stored, offered } => {
            RpcError::SchemaForeign { stored: text(&stored), offered: text(&offered) }
        }
        SchemaError::Older { stored, offered } => RpcError::SchemaOlder { stored, offered },
        SchemaError::NoMigration { stored, offered } => RpcError::NoMigration { stored, offered },
        SchemaError::NothingToMigrate { version } => RpcError::NothingToMigrate { version },
        SchemaError::FieldChanged { field, id, stored, offered } => {
            let (stored, offered) = (text(&stored), text(&offered));
            RpcError::FieldChanged { field: text(&field), id, stored, offered }
        }
        SchemaError::FieldLost { field, id } => RpcError::FieldLost { field: text(&field), id },
        SchemaError::FieldReused { field, id } => RpcError::FieldReused { field: text(&field), id },
        SchemaError::InterfaceDropped { interface } => {
            RpcError::InterfaceDropped { interface: text(&interface) }
        }
        SchemaError::TooLarge { limit } => RpcError::SchemaTooLarge { limit: Decimal(limit) },
        SchemaError::FieldWithdrawn { field, id } => {
            RpcError::FieldWithdrawn { field: text(&field), id }
        }
        SchemaError::FieldRenamed { stored, offered, id } => {
            RpcError::FieldRenamed { stored: text(&stored), offered: text(&offered), id }
        }
        SchemaError::FieldUnread { field, id, key } => {
            let (field, key) = (text(&field), Bytes(key));
            let raw = || if key.0.is_empty() { field.clone() } else { format!("{field}[{key}]") };
            let entry = rim.entry_name(id, &key.0).unwrap_or_else(raw);
            RpcError::FieldUnread { field, id, key, entry }
        }
        SchemaError::FieldMisread { field, id, stored, declared } => {
            let (stored, declared) = (text(&stored), text(&declared));
            RpcError::FieldMisread { field: text(&field), id, stored, declared }
        }
        SchemaError::InterfaceChanged { interface, method } => {
            RpcError::InterfaceChanged { interface: text(&interface), method: text(&method) }
        }
    }
}

fn of_module(error: ModuleError) -> RpcError {
    match error {
        ModuleError::TooLong { length, limit } => RpcError::ModuleTooLong { length, limit },
        ModuleError::Invalid { offset } => RpcError::ModuleInvalid { offset },
        ModuleError::Opcode { function, opcode } => {
            RpcError::ModuleOpcode { function: text(&function), opcode: text(&opcode) }
        }
        ModuleError::Type { ty } => RpcError::ModuleType { ty: text(&ty) },
        ModuleError::Import { module, name } => {
            RpcError::ModuleImport { module: text(&module), import: text(&name) }
        }
        ModuleError::Export { name } => RpcError::ModuleExport { export: text(&name) },
        ModuleError::Start => RpcError::ModuleStart,
        ModuleError::Limit { what, value, limit } => RpcError::ModuleLimit {
            what: text(&what),
            value: Decimal(value),
            limit: Decimal(limit),
        },
        ModuleError::Spec => RpcError::ModuleSpec,
        ModuleError::Interface { interface, method } => {
            RpcError::ModuleInterface { interface: text(&interface), method: text(&method) }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
