//! Rules of every section, applied in the order of the file.

use super::{body, invalid, parse_error, shortened, within};
use dure_abi::entry;
use dure_types::{ModuleError, limits};
use std::ops::Range;
use wasmparser::{
    CompositeInnerType, ConstExpr, DataKind, ElementItems, ElementKind, Encoding, Export,
    ExternalKind, FuncType, Imports, MemoryType, Operator, Payload, RefType, SectionLimited,
    SubType, Table, TableInit, TypeRef, ValType,
};

/// Bytes of a page of linear memory.
const PAGE_BYTES: u64 = 65_536;

macro_rules! wasm_type {
    (u32) => {
        ValType::I32
    };
    (u64) => {
        ValType::I64
    };
    (i64) => {
        ValType::I64
    };
}

macro_rules! host_types {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $ty:ident),* $(,)?) $(-> $ret:ident)?;)*) => {
        /// Parameters and results of a host function.
        fn host_type(name: &str) -> Option<(&'static [ValType], &'static [ValType])> {
            Some(match name {
                $(stringify!($name) => (&[$(wasm_type!($ty)),*], &[$(wasm_type!($ret))?]),)*
                _ => return None,
            })
        }
    };
}
dure_abi::host_functions!(host_types);

/// What the sections read so far have said.
pub(super) struct Sections<'a> {
    code: &'a [u8],
    types: Vec<FuncType>,
    /// Type index of every function, imported ones first.
    functions: Vec<u32>,
    imported: usize,
    /// Function whose body comes next.
    next_body: usize,
    /// The compiler's work on the bodies so far.
    work: u64,
    globals: u64,
    tables: Vec<u64>,
    memories: Vec<u64>,
    exports: Vec<Export<'a>>,
    element_segments: u64,
    data_segments: u64,
    specs: Vec<Range<usize>>,
}

type Outcome = Result<(), ModuleError>;

impl<'a> Sections<'a> {
    pub(super) fn new(code: &'a [u8]) -> Self {
        Self {
            code,
            types: Vec::new(),
            functions: Vec::new(),
            imported: 0,
            next_body: 0,
            work: 0,
            globals: 0,
            tables: Vec::new(),
            memories: Vec::new(),
            exports: Vec::new(),
            element_segments: 0,
            data_segments: 0,
            specs: Vec::new(),
        }
    }

    /// Reads the next section.
    pub(super) fn read(&mut self, payload: Payload<'a>) -> Outcome {
        match payload {
            Payload::Version { encoding: Encoding::Module, .. } | Payload::End(_) => Ok(()),
            Payload::TypeSection(section) => self.read_types(section),
            Payload::ImportSection(section) => self.read_imports(section),
            Payload::FunctionSection(section) => self.read_functions(section),
            Payload::TableSection(section) => self.read_tables(section),
            Payload::MemorySection(section) => self.read_memories(section),
            Payload::TagSection(_) => Err(ModuleError::Type { ty: b"tag".to_vec() }),
            Payload::GlobalSection(section) => {
                self.globals = self.globals.saturating_add(u64::from(section.count()));
                within("globals", self.globals, u64::from(limits::GLOBALS_MAX))?;
                each(section, |global| body::check_type(global.ty.content_type))
            }
            Payload::ExportSection(section) => self.read_exports(section),
            Payload::StartSection { .. } => Err(ModuleError::Start),
            Payload::ElementSection(section) => self.read_elements(section),
            Payload::DataCountSection { count, .. } => {
                within("data segments", u64::from(count), u64::from(limits::DATA_SEGMENTS_MAX))
            }
            Payload::DataSection(section) => self.read_data(section),
            Payload::CodeSectionStart { .. } => Ok(()),
            Payload::CodeSectionEntry(function) => self.read_body(&function),
            Payload::CustomSection(section) => {
                if section.name() == entry::SPEC_SECTION {
                    let start = section.data_offset();
                    self.specs.push(start..start.saturating_add(section.data().len()));
                }
                Ok(())
            }
            other => Err(invalid(other.as_section().map_or(0, |(_, range)| range.start))),
        }
    }

    fn read_types(&mut self, section: wasmparser::TypeSectionReader<'a>) -> Outcome {
        let count = (self.types.len() as u64).saturating_add(u64::from(section.count()));
        within("types", count, u64::from(limits::TYPES_MAX))?;
        each(section, |group| {
            if group.is_explicit_rec_group() {
                return Err(ModuleError::Type { ty: b"rec".to_vec() });
            }
            for ty in group.into_types() {
                self.types.push(function_type(ty)?);
            }
            Ok(())
        })
    }

    fn read_imports(&mut self, section: wasmparser::ImportSectionReader<'a>) -> Outcome {
        each(section, |imports| {
            let Imports::Single(_, import) = imports else {
                return Err(ModuleError::Type { ty: b"compact import".to_vec() });
            };
            let refusal = || ModuleError::Import {
                module: shortened(import.module),
                name: shortened(import.name),
            };
            let TypeRef::Func(index) = import.ty else { return Err(refusal()) };
            let ty = self.function_type_at(index);
            let matches = import.module == dure_abi::MODULE
                && ty.zip(host_type(import.name)).is_some_and(|(ty, (params, results))| {
                    ty.params() == params && ty.results() == results
                });
            if !matches {
                return Err(refusal());
            }
            self.functions.push(index);
            self.imported = self.functions.len();
            within("functions", self.imported as u64, u64::from(limits::FUNCTIONS_MAX))
        })
    }

    fn read_functions(&mut self, section: wasmparser::FunctionSectionReader<'a>) -> Outcome {
        let count = (self.functions.len() as u64).saturating_add(u64::from(section.count()));
        within("functions", count, u64::from(limits::FUNCTIONS_MAX))?;
        self.next_body = self.functions.len();
        each(section, |ty| {
            self.functions.push(ty);
            Ok(())
        })
    }

    fn read_tables(&mut self, section: wasmparser::TableSectionReader<'a>) -> Outcome {
        let count = (self.tables.len() as u64).saturating_add(u64::from(section.count()));
        within("tables", count, 1)?;
        each(section, |Table { ty, init }| {
            if ty.element_type != RefType::FUNCREF || ty.table64 || ty.shared {
                return Err(ModuleError::Type { ty: ty.element_type.to_string().into_bytes() });
            }
            if matches!(init, TableInit::Expr(_)) {
                return Err(ModuleError::Type { ty: b"table initialiser".to_vec() });
            }
            within("table elements", ty.initial, limits::TABLE_ELEMENTS_MAX)?;
            self.tables.push(ty.initial);
            Ok(())
        })
    }

    fn read_memories(&mut self, section: SectionLimited<'a, MemoryType>) -> Outcome {
        let count = (self.memories.len() as u64).saturating_add(u64::from(section.count()));
        within("memories", count, 1)?;
        each(section, |memory| {
            if memory.memory64 || memory.shared || memory.page_size_log2.is_some() {
                return Err(ModuleError::Type { ty: b"memory of another kind".to_vec() });
            }
            within("memory pages", memory.initial, limits::MEMORY_PAGES_MAX)?;
            self.memories.push(memory.initial);
            Ok(())
        })
    }

    fn read_exports(&mut self, section: wasmparser::ExportSectionReader<'a>) -> Outcome {
        let count = (self.exports.len() as u64).saturating_add(u64::from(section.count()));
        within("exports", count, u64::from(limits::EXPORTS_MAX))?;
        each(section, |export| {
            self.exports.push(export);
            Ok(())
        })
    }

    fn read_elements(&mut self, section: wasmparser::ElementSectionReader<'a>) -> Outcome {
        self.element_segments = self.element_segments.saturating_add(u64::from(section.count()));
        within("element segments", self.element_segments, u64::from(limits::ELEMENT_SEGMENTS_MAX))?;
        let table = self.tables.first().copied().unwrap_or_default();
        each(section, |element| {
            let ElementItems::Functions(items) = &element.items else {
                return Err(ModuleError::Type { ty: b"element expression".to_vec() });
            };
            let ElementKind::Active { offset_expr, .. } = &element.kind else {
                return Err(ModuleError::Type { ty: b"passive element segment".to_vec() });
            };
            let start = offset(offset_expr, element.range.start)?;
            within("end of an element segment", start.saturating_add(items.count().into()), table)
        })
    }

    fn read_data(&mut self, section: wasmparser::DataSectionReader<'a>) -> Outcome {
        self.data_segments = self.data_segments.saturating_add(u64::from(section.count()));
        within("data segments", self.data_segments, u64::from(limits::DATA_SEGMENTS_MAX))?;
        let pages = self.memories.first().copied().unwrap_or_default();
        each(section, |data| {
            let DataKind::Active { offset_expr, .. } = &data.kind else { return Ok(()) };
            let start = offset(offset_expr, data.range.start)?;
            within(
                "end of a data segment",
                start.saturating_add(data.data.len() as u64),
                pages.saturating_mul(PAGE_BYTES),
            )
        })
    }

    fn read_body(&mut self, function: &wasmparser::FunctionBody<'a>) -> Outcome {
        let index = self.next_body;
        self.next_body = index.saturating_add(1);
        let ty = self.functions.get(index).and_then(|ty| self.function_type_at(*ty));
        let parameters = ty.ok_or_else(|| invalid(function.range().start))?.params().len();
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let work = body::check(self.code, index, parameters, function)?;
        self.work = self.work.saturating_add(work);
        within("compile work", self.work, limits::COMPILE_WORK_MAX)
    }

    fn function_type_at(&self, index: u32) -> Option<&FuncType> {
        self.types.get(usize::try_from(index).ok()?)
    }

    /// Checks the memory and the entry points; returns the pages that the memory starts with.
    pub(super) fn check_exports(&self) -> Result<u32, ModuleError> {
        let refusal = |name: &str| ModuleError::Export { name: name.as_bytes().to_vec() };
        let is_memory = |export: &Export<'_>| {
            export.name == entry::MEMORY && export.kind == ExternalKind::Memory
        };
        self.exports.iter().find(|e| is_memory(e)).ok_or_else(|| refusal(entry::MEMORY))?;
        let pages = self.memories.first().ok_or_else(|| refusal(entry::MEMORY))?;
        for name in [entry::INIT, entry::CALL, entry::QUERY] {
            self.check_entry(name)?;
        }
        Ok(u32::try_from(*pages).unwrap_or(u32::MAX))
    }

    /// Checks the entry point that a spec with migrations promises.
    pub(super) fn check_migrate(&self) -> Outcome {
        self.check_entry(entry::MIGRATE)
    }

    fn check_entry(&self, name: &str) -> Outcome {
        let ty = (self.exports.iter())
            .find(|export| export.name == name && export.kind == ExternalKind::Func)
            .and_then(|export| self.functions.get(usize::try_from(export.index).ok()?))
            .and_then(|ty| self.function_type_at(*ty));
        match ty {
            Some(ty) if ty.params() == [ValType::I32] && ty.results() == [ValType::I32] => Ok(()),
            _ => Err(ModuleError::Export { name: name.as_bytes().to_vec() }),
        }
    }

    /// The one `dure.spec` section.
    pub(super) fn spec_bytes(&self) -> Result<Range<usize>, ModuleError> {
        match self.specs.as_slice() {
            [range] => Ok(range.clone()),
            _ => Err(ModuleError::Spec),
        }
    }

    pub(super) fn work(&self) -> u64 {
        self.work
    }

    pub(super) fn table_elements(&self) -> u32 {
        let elements = self.tables.first().copied().unwrap_or_default();
        u32::try_from(elements).unwrap_or(u32::MAX)
    }

    pub(super) fn functions_defined(&self) -> u32 {
        let defined = self.functions.len().saturating_sub(self.imported);
        u32::try_from(defined).unwrap_or(u32::MAX)
    }
}

/// Reads every item of a section, up to the first refusal.
fn each<'a, T: wasmparser::FromReader<'a>>(
    section: SectionLimited<'a, T>,
    mut check: impl FnMut(T) -> Outcome,
) -> Outcome {
    for item in section {
        check(item.map_err(|error| parse_error(&error))?)?;
    }
    Ok(())
}

fn function_type(ty: SubType) -> Result<FuncType, ModuleError> {
    let refused = |name: &str| ModuleError::Type { ty: name.as_bytes().to_vec() };
    if !ty.is_final
        || ty.supertype_idx.is_some()
        || ty.composite_type.shared
        || ty.composite_type.descriptor_idx.is_some()
        || ty.composite_type.describes_idx.is_some()
    {
        return Err(refused("sub"));
    }
    let function = match ty.composite_type.inner {
        CompositeInnerType::Func(function) => function,
        CompositeInnerType::Array(_) => return Err(refused("array")),
        CompositeInnerType::Struct(_) => return Err(refused("struct")),
        CompositeInnerType::Cont(_) => return Err(refused("cont")),
    };
    within("parameters", function.params().len() as u64, limits::PARAMETERS_MAX as u64)?;
    within("results", function.results().len() as u64, limits::RESULTS_MAX as u64)?;
    function.params().iter().chain(function.results()).try_for_each(|ty| body::check_type(*ty))?;
    Ok(function)
}

/// Reads the constant at which a segment begins.
fn offset(expression: &ConstExpr<'_>, at: usize) -> Result<u64, ModuleError> {
    let mut operators = expression.get_operators_reader();
    match operators.read() {
        // The bits are an unsigned offset.
        Ok(Operator::I32Const { value }) => Ok(u64::from(value.cast_unsigned())),
        Ok(_) => Err(invalid(at)),
        Err(error) => Err(parse_error(&error)),
    }
}
