//! How the program is started by the kernel, and how it asks the kernel for something.

use core::arch::{asm, global_asm};

#[cfg(target_arch = "x86_64")]
pub mod number {
    pub const READ: usize = 0;
    pub const WRITE: usize = 1;
    pub const CLOSE: usize = 3;
    pub const RT_SIGACTION: usize = 13;
    pub const SOCKET: usize = 41;
    pub const SENDTO: usize = 44;
    pub const SHUTDOWN: usize = 48;
    pub const BIND: usize = 49;
    pub const LISTEN: usize = 50;
    pub const SETSOCKOPT: usize = 54;
    pub const UNAME: usize = 63;
    pub const EXIT_GROUP: usize = 231;
    pub const ACCEPT4: usize = 288;
}

#[cfg(target_arch = "aarch64")]
pub mod number {
    pub const CLOSE: usize = 57;
    pub const READ: usize = 63;
    pub const WRITE: usize = 64;
    pub const EXIT_GROUP: usize = 94;
    pub const RT_SIGACTION: usize = 134;
    pub const UNAME: usize = 160;
    pub const SOCKET: usize = 198;
    pub const BIND: usize = 200;
    pub const LISTEN: usize = 201;
    pub const SENDTO: usize = 206;
    pub const SETSOCKOPT: usize = 208;
    pub const SHUTDOWN: usize = 210;
    pub const ACCEPT4: usize = 242;
}

#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "mov rdi, rsp",
    "and rsp, -16",
    "call hello_main",
    "ud2",
);

#[cfg(target_arch = "aarch64")]
global_asm!(".globl _start", "_start:", "mov x29, #0", "mov x30, #0", "mov x0, sp", "bl hello_main", "brk #1");

/// Asks the kernel. Negative answers are errors.
///
/// # Safety
/// Pointers among the arguments must be good for what the call does with them.
#[cfg(target_arch = "x86_64")]
pub unsafe fn syscall(number: usize, a: [usize; 6]) -> isize {
    let answer: isize;
    // SAFETY: the caller answers for the pointers; the kernel changes rcx, r11 and rax only.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as isize => answer,
            in("rdi") a[0], in("rsi") a[1], in("rdx") a[2], in("r10") a[3], in("r8") a[4], in("r9") a[5],
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    answer
}

/// Asks the kernel. Negative answers are errors.
///
/// # Safety
/// Pointers among the arguments must be good for what the call does with them.
#[cfg(target_arch = "aarch64")]
pub unsafe fn syscall(number: usize, a: [usize; 6]) -> isize {
    let answer: isize;
    // SAFETY: the caller answers for the pointers; the kernel changes x0 only.
    unsafe {
        asm!(
            "svc #0",
            in("x8") number,
            inlateout("x0") a[0] as isize => answer,
            in("x1") a[1], in("x2") a[2], in("x3") a[3], in("x4") a[4], in("x5") a[5],
            options(nostack),
        );
    }
    answer
}

/// Ends the program.
pub fn exit(code: usize) -> ! {
    loop {
        // SAFETY: no pointers.
        unsafe { syscall(number::EXIT_GROUP, [code, 0, 0, 0, 0, 0]) };
    }
}

/// Writes to the log.
pub fn write(file: usize, text: &[u8]) {
    // SAFETY: the slice is good for reading. Whether the log is read is not this program's business.
    let _ = unsafe { syscall(number::WRITE, [file, text.as_ptr() as usize, text.len(), 0, 0, 0]) };
}
