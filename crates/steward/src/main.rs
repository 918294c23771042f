//! The `steward` program: the server and its command line in one file.

use std::process::ExitCode;

use clap::Parser;
use steward::cli;

/// Threads that serve. Two keep one request from waiting for another; more only cost memory.
const THREADS: std::ops::RangeInclusive<usize> = 2..=4;
/// Threads for what blocks: hashing passwords, reading files.
const BLOCKING_THREADS: usize = 8;
/// What the deepest call needs, several times over.
const STACK: usize = 1024 * 1024;

fn main() -> ExitCode {
    let args = cli::Args::parse();
    let processors = std::thread::available_parallelism().map_or(*THREADS.start(), usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(processors.clamp(*THREADS.start(), *THREADS.end()))
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_stack_size(STACK)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(cli::dispatch(args));
            // What still blocks must not hold up the end of the process.
            runtime.shutdown_background();
            code
        }
        Err(error) => {
            eprintln!("steward: no threads can be started: {error}");
            ExitCode::FAILURE
        }
    }
}
