//! The program in the image `steward/hello:1`: a web server of one page, for a first deployment
//! that needs no network.
//!
//! It stands alone, without the standard library and without a C library, so that the build needs
//! no second tool chain to make a static program, and the image holds nothing else. It is compiled
//! by `build.rs` and is no part of the crate: only here Rust speaks to the kernel directly.

#![no_std]
#![no_main]
// Or the copying loops below would be compiled into calls of themselves.
#![no_builtins]

mod kernel;
mod memory;
mod text;

use kernel::{exit, number, syscall, write};
use text::Text;

const DEFAULT_PORT: u16 = 8080;
const DEFAULT_GREETING: &[u8] = b"Hello";
const LONGEST_GREETING: usize = 1024;
const LONGEST_REQUEST: usize = 4096;
/// A client that says nothing is let go after this many seconds.
const PATIENCE: i64 = 2;
/// A client that says little at a time is let go after this many reads.
const READS: usize = 8;

/// # Safety
/// `stack` is what the kernel left at the start: the count of arguments, the arguments, a null,
/// the environment, a null.
#[unsafe(no_mangle)]
unsafe extern "C" fn hello_main(stack: *const usize) -> ! {
    // SAFETY: the kernel laid it out so.
    let environment = unsafe { stack.add(stack.read() + 2) }.cast::<*const u8>();
    // SAFETY: as above; the texts live as long as the program.
    let (greeting, port) = unsafe { (variable(environment, b"GREETING="), variable(environment, b"PORT=")) };
    let greeting = greeting.filter(|greeting| !greeting.is_empty()).unwrap_or(DEFAULT_GREETING);
    let port = port.and_then(parse_port).unwrap_or(DEFAULT_PORT);
    end_at_signals();
    serve(listen(port), greeting)
}

/// The value of a variable of the environment; `name` ends with `=`.
///
/// # Safety
/// `environment` is a list of texts, each with a zero at its end, and a null at the end of all.
unsafe fn variable(mut environment: *const *const u8, name: &[u8]) -> Option<&'static [u8]> {
    loop {
        // SAFETY: the loop ends at the null.
        let text = unsafe { environment.read() };
        if text.is_null() {
            return None;
        }
        let mut length = 0;
        // SAFETY: the loop ends at the zero.
        while unsafe { text.add(length).read() } != 0 {
            length += 1;
        }
        // SAFETY: that many bytes were just read.
        let text = unsafe { core::slice::from_raw_parts(text, length) };
        if let Some(value) = text.strip_prefix(name) {
            return Some(value);
        }
        // SAFETY: this was not the null, so there is another.
        environment = unsafe { environment.add(1) };
    }
}

fn parse_port(text: &[u8]) -> Option<u16> {
    let mut port: u16 = 0;
    for byte in text {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        port = port.checked_mul(10)?.checked_add(u16::from(digit))?;
    }
    if port == 0 { None } else { Some(port) }
}

#[repr(C)]
struct Action {
    handler: usize,
    flags: usize,
    restorer: usize,
    mask: u64,
}

extern "C" fn on_signal(_signal: i32) {
    exit(0)
}

/// The first process of a container is spared every signal it has no handler for, so that without
/// these it would be killed only when the engine loses patience.
fn end_at_signals() {
    const RESTORER: usize = 0x0400_0000;
    const INTERRUPT: usize = 2;
    const TERMINATE: usize = 15;
    let handler = on_signal as *const () as usize;
    // The handler never returns, so nothing is ever restored; x86 wants the flag all the same.
    let action = Action { handler, flags: RESTORER, restorer: handler, mask: 0 };
    for signal in [INTERRUPT, TERMINATE] {
        let pointer = (&raw const action) as usize;
        // SAFETY: the action is good for reading, and 8 is the size of its mask.
        unsafe { syscall(number::RT_SIGACTION, [signal, pointer, 0, 8, 0, 0]) };
    }
}

fn listen(port: u16) -> usize {
    const INET: usize = 2;
    const STREAM_CLOSE_ON_EXEC: usize = 0x8_0001;
    const REUSE: usize = 2;
    let [high, low] = port.to_be_bytes();
    let address: [u8; 16] = [INET as u8, 0, high, low, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let yes: i32 = 1;
    // SAFETY: the address and the option are good for reading, with their sizes.
    let (socket, done) = unsafe {
        let socket = syscall(number::SOCKET, [INET, STREAM_CLOSE_ON_EXEC, 0, 0, 0, 0]);
        syscall(number::SETSOCKOPT, [socket as usize, 1, REUSE, (&raw const yes) as usize, 4, 0]);
        let bound = syscall(number::BIND, [socket as usize, address.as_ptr() as usize, address.len(), 0, 0, 0]);
        let listening = syscall(number::LISTEN, [socket as usize, 64, 0, 0, 0, 0]);
        (socket, bound | listening)
    };
    let mut line = Text::<64>::new();
    if socket < 0 || done < 0 {
        line.add(b"cannot listen on port ");
        line.add_number(port.into());
        line.push(b'\n');
        write(2, line.as_bytes());
        exit(1);
    }
    line.add(b"listening on port ");
    line.add_number(port.into());
    line.push(b'\n');
    write(1, line.as_bytes());
    socket as usize
}

/// Answers one client after the other.
fn serve(listener: usize, greeting: &[u8]) -> ! {
    const CLOSE_ON_EXEC: usize = 0x8_0000;
    const BAD_FILE: isize = -9;
    loop {
        // SAFETY: null says that the client's address is not wanted.
        let client = unsafe { syscall(number::ACCEPT4, [listener, 0, 0, CLOSE_ON_EXEC, 0, 0]) };
        if client == BAD_FILE {
            exit(1);
        }
        if client >= 0 {
            answer(client as usize, greeting);
            // SAFETY: no pointers.
            unsafe { syscall(number::CLOSE, [client as usize, 0, 0, 0, 0, 0]) };
        }
    }
}

fn answer(client: usize, greeting: &[u8]) {
    const RECEIVE_TIMEOUT: usize = 20;
    const SEND_TIMEOUT: usize = 21;
    const WRITING: usize = 1;
    let time: [i64; 2] = [PATIENCE, 0];
    for option in [RECEIVE_TIMEOUT, SEND_TIMEOUT] {
        // SAFETY: the time is good for reading, with its size.
        unsafe { syscall(number::SETSOCKOPT, [client, 1, option, time.as_ptr() as usize, 16, 0]) };
    }
    let mut request = [0_u8; LONGEST_REQUEST];
    let Some(request) = receive(client, &mut request) else { return };
    let line = request.split(|byte| *byte == b'\r' || *byte == b'\n').next().unwrap_or_default();
    log(line);
    let mut reply = Text::<16_384>::new();
    if line.starts_with(b"GET ") {
        page(&mut reply, greeting, true);
    } else if line.starts_with(b"HEAD ") {
        page(&mut reply, greeting, false);
    } else {
        reply.add(b"HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    send(client, reply.as_bytes());
    // What is still unread when a socket is closed makes the kernel throw the answer away.
    let mut rest = [0_u8; 512];
    // SAFETY: no pointers.
    unsafe { syscall(number::SHUTDOWN, [client, WRITING, 0, 0, 0, 0]) };
    for _ in 0..READS {
        if read(client, &mut rest) <= 0 {
            break;
        }
    }
}

fn read(client: usize, space: &mut [u8]) -> isize {
    // SAFETY: the slice is good for writing.
    unsafe { syscall(number::READ, [client, space.as_mut_ptr() as usize, space.len(), 0, 0, 0]) }
}

/// The head of a request, when it comes in time.
fn receive(client: usize, space: &mut [u8; LONGEST_REQUEST]) -> Option<&[u8]> {
    let mut length = 0;
    for _ in 0..READS {
        let got = read(client, space.get_mut(length..)?);
        if got <= 0 {
            return None;
        }
        length += got as usize;
        let so_far = space.get(..length)?;
        let whole = so_far.windows(4).any(|four| four == b"\r\n\r\n") || so_far.windows(2).any(|two| two == b"\n\n");
        if whole || length == LONGEST_REQUEST {
            return space.get(..length);
        }
    }
    None
}

fn log(line: &[u8]) {
    let mut entry = Text::<1024>::new();
    entry.add_printable(line.get(..1000).unwrap_or(line));
    entry.push(b'\n');
    write(1, entry.as_bytes());
}

fn send(client: usize, mut text: &[u8]) {
    const NO_SIGNAL: usize = 0x4000;
    while !text.is_empty() {
        // SAFETY: the slice is good for reading; a client that is gone is an error, no signal.
        let sent = unsafe { syscall(number::SENDTO, [client, text.as_ptr() as usize, text.len(), NO_SIGNAL, 0, 0]) };
        if sent <= 0 {
            return;
        }
        text = text.get(sent as usize..).unwrap_or_default();
    }
}

fn page(reply: &mut Text<16_384>, greeting: &[u8], whole: bool) {
    let mut body = Text::<12_288>::new();
    body.add(
        b"<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
          <title>Hello</title>\n<style>\nbody { font: 1.25rem/1.5 system-ui, sans-serif; display: grid; place-content: center; \
          min-height: 90vh; margin: 0 1rem; text-align: center; color: #1f2933; background: #f5f7fa }\n\
          h1 { margin: 0; overflow-wrap: anywhere }\np { color: #52606d }\n\
          @media (prefers-color-scheme: dark) { body { color: #f5f7fa; background: #1f2933 } p { color: #cbd2d9 } }\n</style>\n<h1>",
    );
    body.add_escaped(shortened(greeting));
    body.add(b"</h1>\n<p>It works. This page comes from the container <code>");
    let mut names = [0_u8; 65 * 6];
    body.add_escaped(hostname(&mut names));
    body.add(b"</code>.</p>\n</html>\n");
    reply.add(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nContent-Length: ");
    reply.add_number(body.as_bytes().len());
    reply.add(b"\r\nConnection: close\r\n\r\n");
    if whole {
        reply.add(body.as_bytes());
    }
}

/// At most so much of a greeting, cut between two characters.
fn shortened(greeting: &[u8]) -> &[u8] {
    let mut end = greeting.len().min(LONGEST_GREETING);
    while end > 0 && greeting.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
        end -= 1;
    }
    greeting.get(..end).unwrap_or_default()
}

/// The second of the six names that the kernel has for a machine.
fn hostname(names: &mut [u8; 65 * 6]) -> &[u8] {
    // SAFETY: it is as large as the kernel's struct.
    unsafe { syscall(number::UNAME, [names.as_mut_ptr() as usize, 0, 0, 0, 0, 0]) };
    let name = names.get(65..130).unwrap_or_default();
    name.split(|byte| *byte == 0).next().unwrap_or_default()
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(2)
}
