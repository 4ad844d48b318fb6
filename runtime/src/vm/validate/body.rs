//! Rules of one function body.

use super::{invalid, names, parse_error, within};
use dure_types::{ModuleError, limits};
use wasmparser::{BlockType, FunctionBody, Operator, ValType};

/// Says whether an operator is on the list below.
macro_rules! is_one_of {
    ($operator:expr; $($name:ident)*) => {
        matches!($operator, $(Operator::$name { .. })|*)
    };
}

/// The opcodes that contracts may use.
fn is_allowed(operator: &Operator<'_>) -> bool {
    is_one_of! { operator;
        // Control. `table_index` and block types are checked by the caller and the specification.
        Unreachable Nop Block Loop If Else End Br BrIf BrTable Return Call CallIndirect
        Drop Select TypedSelect
        LocalGet LocalSet LocalTee GlobalGet GlobalSet
        // Memory.
        I32Load I64Load I32Load8S I32Load8U I32Load16S I32Load16U
        I64Load8S I64Load8U I64Load16S I64Load16U I64Load32S I64Load32U
        I32Store I64Store I32Store8 I32Store16 I64Store8 I64Store16 I64Store32
        MemorySize MemoryGrow MemoryInit MemoryCopy MemoryFill DataDrop
        // Integers.
        I32Const I64Const
        I32Eqz I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU
        I64Eqz I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU
        I32Clz I32Ctz I32Popcnt I32Add I32Sub I32Mul I32DivS I32DivU I32RemS I32RemU
        I32And I32Or I32Xor I32Shl I32ShrS I32ShrU I32Rotl I32Rotr
        I64Clz I64Ctz I64Popcnt I64Add I64Sub I64Mul I64DivS I64DivU I64RemS I64RemU
        I64And I64Or I64Xor I64Shl I64ShrS I64ShrU I64Rotl I64Rotr
        I32WrapI64 I64ExtendI32S I64ExtendI32U
        I32Extend8S I32Extend16S I64Extend8S I64Extend16S I64Extend32S
    }
}

/// Says whether values of a type may exist in a contract.
pub(super) fn check_type(ty: ValType) -> Result<(), ModuleError> {
    match ty {
        ValType::I32 | ValType::I64 => Ok(()),
        other => Err(ModuleError::Type { ty: other.to_string().into_bytes() }),
    }
}

/// Checks one body; `parameters` are those of the function's type.
pub(super) fn check(
    code: &[u8],
    index: u32,
    parameters: usize,
    body: &FunctionBody<'_>,
) -> Result<(), ModuleError> {
    let of = |what: &str| {
        format!("{what} of {}", String::from_utf8_lossy(&names::function(code, index)))
    };
    let bound = |what: &str, value: u64, limit: u64| {
        if value <= limit { Ok(()) } else { within(&of(what), value, limit) }
    };
    let range = body.range();
    bound("bytes", range.len() as u64, limits::FUNCTION_BYTES_MAX as u64)?;
    let mut locals = parameters as u64;
    for group in body.get_locals_reader().map_err(|error| parse_error(&error))? {
        let (count, ty) = group.map_err(|error| parse_error(&error))?;
        check_type(ty)?;
        locals = locals.saturating_add(u64::from(count));
        bound("locals", locals, u64::from(limits::LOCALS_MAX))?;
    }
    let (mut depth, mut blocks) = (0u64, 0u64);
    for operator in body.get_operators_reader().map_err(|error| parse_error(&error))? {
        let operator = operator.map_err(|error| parse_error(&error))?;
        if !is_allowed(&operator) {
            return Err(ModuleError::Opcode {
                function: names::function(code, index),
                opcode: names::opcode(&operator),
            });
        }
        match operator {
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                depth = depth.saturating_add(1);
                blocks = blocks.saturating_add(1);
                bound("nesting", depth, u64::from(limits::NESTING_MAX))?;
                bound("blocks", blocks, u64::from(limits::BLOCKS_MAX))?;
                match blockty {
                    BlockType::Empty => {}
                    BlockType::Type(ty) => check_type(ty)?,
                    // Only a block with parameters, or with several results, needs a type of its
                    // own; the compiler's work grows with blocks times parameters.
                    BlockType::FuncType(_) => bound("block types", 1, 0)?,
                }
            }
            Operator::End => depth = depth.saturating_sub(1),
            Operator::BrTable { targets } => {
                bound("branch targets", u64::from(targets.len()), u64::from(limits::BR_TABLE_MAX))?;
            }
            Operator::TypedSelect { ty } => check_type(ty)?,
            Operator::CallIndirect { table_index, .. } if table_index != 0 => {
                return Err(invalid(range.start));
            }
            _ => {}
        }
    }
    Ok(())
}
