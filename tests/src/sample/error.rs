//! One value of every variant of the errors that reach a receipt.

use dure_types::{
    Address, ExecutionError, Gas, Hash, LimitKind, ModuleError, SchemaError, Selector, SystemError,
    TimestampMs, TrapKind,
};

/// Every [`ExecutionError`], in order of declaration.
#[must_use]
pub fn execution_errors() -> Vec<ExecutionError> {
    let contract = Address([0xc0; 32]);
    let method = Selector([1, 2, 3, 4]);
    vec![
        ExecutionError::Contract { contract, error: vec![2, 7] },
        ExecutionError::UnknownContract { contract },
        ExecutionError::UnknownMethod { contract, method },
        ExecutionError::BadArguments { contract, method },
        ExecutionError::OutOfGas { limit: Gas(1_000_000) },
        ExecutionError::Trap { contract, kind: TrapKind::StackOverflow },
        ExecutionError::Reentrant { contract },
        ExecutionError::CallDepth { limit: 8 },
        ExecutionError::ReadOnly { contract },
        ExecutionError::Limit {
            contract,
            kind: LimitKind::StorageValue,
            limit: 65_536,
            value: 65_537,
        },
        ExecutionError::BadPointer { contract },
        ExecutionError::Internal,
    ]
}

/// Every [`SystemError`], in order of declaration.
#[must_use]
pub fn system_errors() -> Vec<SystemError> {
    let code = Hash([0xcc; 32]);
    vec![
        SystemError::CodeExists { code },
        SystemError::Module(ModuleError::Start),
        SystemError::UnknownCode { code },
        SystemError::CodeNotActive { code, from: 12 },
        SystemError::AddressTaken { address: Address([0xc0; 32]) },
        SystemError::Salt { length: 33, limit: 32 },
        SystemError::MayNotDeploy { tier: 1 },
        SystemError::NotUpgrader { contract: Address([0xc0; 32]), upgrader: Address([0xac; 32]) },
        SystemError::Frozen { contract: Address([0xc0; 32]) },
        SystemError::SameCode { contract: Address([0xc0; 32]), code },
        SystemError::Schema(SchemaError::FieldLost { field: b"held".to_vec(), id: 1 }),
        SystemError::CodeNotReady { code, from: TimestampMs(1_800_000_000_320) },
        SystemError::CompilerBusy { wait_ms: 9_000, limit_ms: 10_000 },
    ]
}

/// Every [`SchemaError`], in order of declaration.
#[must_use]
pub fn schema_errors() -> Vec<SchemaError> {
    vec![
        SchemaError::Foreign { stored: b"voucher".to_vec(), offered: b"points".to_vec() },
        SchemaError::Older { stored: 3, offered: 2 },
        SchemaError::NoMigration { stored: 1, offered: 3 },
        SchemaError::NothingToMigrate { version: 2 },
        SchemaError::FieldChanged {
            field: b"held".to_vec(),
            id: 1,
            stored: b"map Address -> u64".to_vec(),
            offered: b"map Address -> Amount, Amount = (u128)".to_vec(),
        },
        SchemaError::FieldLost { field: b"supply".to_vec(), id: 2 },
        SchemaError::FieldReused { field: b"price".to_vec(), id: 3 },
        SchemaError::InterfaceDropped { interface: b"dure-sdk::Token".to_vec() },
        SchemaError::TooLarge { limit: 65_536 },
        SchemaError::FieldWithdrawn { field: b"prices".to_vec(), id: 4 },
        SchemaError::FieldRenamed { stored: b"held".to_vec(), offered: b"owed".to_vec(), id: 1 },
        SchemaError::FieldUnread { field: b"prices".to_vec(), id: 4, key: vec![7, 0] },
        SchemaError::FieldMisread {
            field: b"prices".to_vec(),
            id: 4,
            stored: b"map u16 -> Amount, Amount = (u128)".to_vec(),
            declared: b"map u16 -> u128".to_vec(),
        },
        SchemaError::InterfaceChanged {
            interface: b"shop::Payable".to_vec(),
            method: b"pay".to_vec(),
        },
    ]
}

/// Every [`ModuleError`], in order of declaration.
#[must_use]
pub fn module_errors() -> Vec<ModuleError> {
    vec![
        ModuleError::TooLong { length: 1_048_577, limit: 1_048_576 },
        ModuleError::Invalid { offset: 8 },
        ModuleError::Opcode { function: b"pay".to_vec(), opcode: b"f64.add".to_vec() },
        ModuleError::Type { ty: b"v128".to_vec() },
        ModuleError::Import { module: b"env".to_vec(), name: b"abort".to_vec() },
        ModuleError::Export { name: b"memory".to_vec() },
        ModuleError::Start,
        ModuleError::Limit { what: b"functions".to_vec(), value: 5_000, limit: 4_096 },
        ModuleError::Spec,
        ModuleError::Interface {
            interface: b"dure-sdk::Token".to_vec(),
            method: b"transfer".to_vec(),
        },
    ]
}
