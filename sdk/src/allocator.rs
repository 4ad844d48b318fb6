//! The heap: a pointer that moves up.
//!
//! A contract runs for microseconds and its memory is thrown away, so nothing is collected; only
//! the newest allocation can grow in place or be given back, which is what growing lists do.

use core::{
    alloc::{GlobalAlloc, Layout},
    arch::wasm32::{memory_grow, memory_size},
    cell::Cell,
    ptr::null_mut,
};

const PAGE_BYTES: usize = 65_536;

unsafe extern "C" {
    /// First byte after stack and data, placed by the linker.
    static __heap_base: u8;
}

struct Heap {
    /// First free byte; 0 before the first allocation.
    next: Cell<usize>,
}

// SAFETY: WASM without the threads proposal, which the chain refuses, has one thread.
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap = Heap { next: Cell::new(0) };

impl Heap {
    #[inline]
    fn next(&self) -> usize {
        match self.next.get() {
            0 => (&raw const __heap_base).addr(),
            next => next,
        }
    }

    /// Moves the end to `end`, asking for pages when needed.
    #[inline]
    fn advance(&self, end: usize) -> bool {
        let have = memory_size(0).saturating_mul(PAGE_BYTES);
        if end > have && memory_grow(0, (end - have).div_ceil(PAGE_BYTES)) == usize::MAX {
            return false;
        }
        self.next.set(end);
        true
    }
}

// SAFETY: regions handed out never overlap: `next` only moves back over the newest one, which its
// owner gave up; `alloc` aligns and never passes the end of the memory.
unsafe impl GlobalAlloc for Heap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let mask = layout.align() - 1;
        let Some(start) = self.next().checked_add(mask).map(|at| at & !mask) else {
            return null_mut();
        };
        match start.checked_add(layout.size()) {
            Some(end) if self.advance(end) => start as *mut u8,
            _ => null_mut(),
        }
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if pointer.addr().wrapping_add(layout.size()) == self.next.get() {
            self.next.set(pointer.addr());
        }
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let start = pointer.addr();
        if start.wrapping_add(layout.size()) == self.next.get() {
            return match start.checked_add(size) {
                Some(end) if self.advance(end) => pointer,
                _ => null_mut(),
            };
        }
        if size <= layout.size() {
            return pointer;
        }
        // SAFETY: the caller's duties for `realloc` include those of `alloc` with this layout; the
        // new region is apart from the old, whose first `layout.size()` bytes are copied.
        unsafe {
            let target = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !target.is_null() {
                core::ptr::copy_nonoverlapping(pointer, target, layout.size());
            }
            target
        }
    }
}
