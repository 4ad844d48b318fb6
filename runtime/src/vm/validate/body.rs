//! Rules of one function body.

use super::{invalid, names, parse_error, within};
use dure_types::{ModuleError, limits};
use wasmparser::{BlockType, FunctionBody, Operator, ValType};

/// What the compiler's work is made of; see [`limits::COMPILE_WORK_MAX`].
mod work {
    pub(super) const CALL: u64 = 16;
    pub(super) const INDIRECT_CALL: u64 = 128;
    pub(super) const SET_IN_BLOCK: u64 = 48;
    pub(super) const SET_IN_LOOP: u64 = 128;
    pub(super) const JOIN: u64 = 12;
}

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

/// Checks one body, of a function with so many parameters, and returns the compiler's work on it
/// in the units of [`limits::COMPILE_WORK_MAX`].
pub(super) fn check(
    code: &[u8],
    index: u32,
    parameters: usize,
    body: &FunctionBody<'_>,
) -> Result<u64, ModuleError> {
    let mut function = Function {
        code,
        index,
        open: Vec::new(),
        loops: 0,
        blocks: 0,
        branches: 0,
        indirect: 0,
        work: 0,
    };
    let bytes = body.range().len() as u64;
    function.bound("bytes", bytes, limits::FUNCTION_BYTES_MAX as u64)?;
    let mut locals = parameters as u64;
    for group in body.get_locals_reader().map_err(|error| parse_error(&error))? {
        let (count, ty) = group.map_err(|error| parse_error(&error))?;
        check_type(ty)?;
        locals = locals.saturating_add(u64::from(count));
        function.bound("locals", locals, u64::from(limits::LOCALS_MAX))?;
    }
    for operator in body.get_operators_reader().map_err(|error| parse_error(&error))? {
        let operator = operator.map_err(|error| parse_error(&error))?;
        if !is_allowed(&operator) {
            return Err(ModuleError::Opcode {
                function: names::function(code, index),
                opcode: names::opcode(&operator),
            });
        }
        function.count(&operator, body.range().start)?;
    }
    let joins = function.branches.saturating_mul(locals).saturating_mul(work::JOIN);
    Ok(function.work.saturating_add(bytes).saturating_add(joins))
}

/// What has been counted in one function.
struct Function<'a> {
    code: &'a [u8],
    index: u32,
    /// Open blocks, `true` for each that is a loop.
    open: Vec<bool>,
    /// Loops among them.
    loops: u64,
    blocks: u64,
    branches: u64,
    indirect: u64,
    work: u64,
}

impl Function<'_> {
    fn count(&mut self, operator: &Operator<'_>, start: usize) -> Result<(), ModuleError> {
        match operator {
            Operator::Loop { blockty } => self.open(*blockty, true),
            Operator::Block { blockty } => self.open(*blockty, false),
            Operator::If { blockty } => {
                self.open(*blockty, false)?;
                self.branch(1)
            }
            Operator::End => {
                if self.open.pop() == Some(true) {
                    self.loops = self.loops.saturating_sub(1);
                }
                Ok(())
            }
            Operator::LocalSet { .. } | Operator::LocalTee { .. } => {
                self.add(self.open.len() as u64, work::SET_IN_BLOCK);
                self.add(self.loops, work::SET_IN_LOOP);
                Ok(())
            }
            Operator::Br { .. } | Operator::BrIf { .. } => self.branch(1),
            Operator::BrTable { targets } => {
                let targets = u64::from(targets.len());
                self.bound("branch targets", targets, u64::from(limits::BR_TABLE_MAX))?;
                self.branch(targets.saturating_add(1))
            }
            Operator::TypedSelect { ty } => check_type(*ty),
            Operator::Call { .. } => {
                self.add(1, work::CALL);
                Ok(())
            }
            Operator::CallIndirect { table_index: 0, .. } => {
                self.indirect = self.indirect.saturating_add(1);
                self.add(1, work::INDIRECT_CALL);
                self.bound("indirect calls", self.indirect, u64::from(limits::INDIRECT_CALLS_MAX))
            }
            Operator::CallIndirect { .. } => Err(invalid(start)),
            _ => Ok(()),
        }
    }

    fn open(&mut self, ty: BlockType, is_loop: bool) -> Result<(), ModuleError> {
        self.open.push(is_loop);
        self.blocks = self.blocks.saturating_add(1);
        self.bound("nesting", self.open.len() as u64, u64::from(limits::NESTING_MAX))?;
        self.bound("blocks", self.blocks, u64::from(limits::BLOCKS_MAX))?;
        if is_loop {
            self.loops = self.loops.saturating_add(1);
            self.bound("nested loops", self.loops, u64::from(limits::LOOP_NESTING_MAX))?;
        }
        match ty {
            BlockType::Empty => Ok(()),
            BlockType::Type(ty) => check_type(ty),
            // Only a block with parameters, or with several results, needs a type of its own; the
            // compiler's work grows with blocks times parameters.
            BlockType::FuncType(_) => self.bound("block types", 1, 0),
        }
    }

    fn branch(&mut self, targets: u64) -> Result<(), ModuleError> {
        self.branches = self.branches.saturating_add(targets);
        self.bound("branches", self.branches, u64::from(limits::BRANCHES_MAX))
    }

    fn add(&mut self, count: u64, cost: u64) {
        self.work = self.work.saturating_add(count.saturating_mul(cost));
    }

    /// Refuses a count above its limit, naming the function.
    fn bound(&self, what: &str, value: u64, limit: u64) -> Result<(), ModuleError> {
        if value <= limit {
            return Ok(());
        }
        let name = names::function(self.code, self.index);
        within(&format!("{what} of {}", String::from_utf8_lossy(&name)), value, limit)
    }
}
