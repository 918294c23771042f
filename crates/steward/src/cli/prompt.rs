//! Questions. They are asked only when somebody is there to answer.

use std::io::{self, BufRead, Read, Write};

use super::failure::Failure;
use super::output::Printer;

/// The longest password that is read from a pipe, in bytes; far above what the server takes.
const MAX_SECRET: u64 = 64 * 1024;

fn ask(question: &str) -> Result<String, Failure> {
    let mut err = io::stderr().lock();
    write!(err, "{question}")?;
    err.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// Yes or no; everything but `y` and `yes` is no. Only on a terminal.
///
/// # Errors
/// When the terminal is gone.
pub fn confirm(question: &str) -> Result<bool, Failure> {
    let answer = ask(&format!("{question} [y/N] "))?;
    Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// A line of text, from the flag or asked for.
///
/// # Errors
/// When it is missing and nobody can be asked.
pub fn text(printer: &Printer, given: Option<&str>, question: &str, flag: &str) -> Result<String, Failure> {
    let answer = match given {
        Some(text) => text.to_owned(),
        None if printer.interactive => ask(&format!("{question}: "))?,
        None => String::new(),
    };
    if answer.is_empty() { Err(Failure::usage(format!("{flag} is missing"))) } else { Ok(answer) }
}

fn lines(what: &str) -> Result<Vec<String>, Failure> {
    let mut text = String::new();
    io::stdin().lock().take(MAX_SECRET).read_to_string(&mut text).map_err(|e| Failure::usage(format!("cannot read the {what}: {e}")))?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// Two passwords from standard input, a line each.
///
/// # Errors
/// When one is missing.
pub fn two_passwords() -> Result<(String, String), Failure> {
    let mut lines = lines("passwords")?.into_iter().filter(|line| !line.is_empty());
    let missing = || Failure::usage("two passwords are needed on standard input, a line each");
    Ok((lines.next().ok_or_else(missing)?, lines.next().ok_or_else(missing)?))
}

/// A password: the first line of standard input, or asked for without showing it. A new one is
/// asked for twice, because nobody sees what they type.
///
/// # Errors
/// When it is missing and nobody can be asked, or the two differ.
pub fn password(printer: &Printer, from_stdin: bool, question: &str, new: bool) -> Result<String, Failure> {
    if from_stdin {
        let line = lines("password")?.into_iter().next().unwrap_or_default();
        return if line.is_empty() { Err(Failure::usage("there is no password on standard input")) } else { Ok(line) };
    }
    if !printer.interactive {
        return Err(Failure::usage("the password is missing").hint("Give it on standard input with --password-stdin."));
    }
    let hidden = |question: &str| rpassword::prompt_password(format!("{question}: ")).map_err(Failure::from);
    let first = hidden(question)?;
    if new && hidden("The same again")? != first {
        return Err(Failure::usage("the two passwords are not the same"));
    }
    Ok(first)
}

/// The typed name that deleting needs: from the flag, or asked for.
///
/// # Errors
/// When it is missing or another one.
pub fn typed_name(printer: &Printer, given: Option<&str>, name: &str, effect: &str) -> Result<(), Failure> {
    let answer = match given {
        Some(text) => text.to_owned(),
        None if printer.interactive => ask(&format!("{effect} Type `{name}` to go on: "))?,
        None => {
            let missing =
                Failure { code: "confirmation_required".to_owned(), ..Failure::usage(format!("{effect} This has to be confirmed.")) };
            return Err(missing.hint(format!("Add --confirm {name}")));
        }
    };
    if answer == name {
        return Ok(());
    }
    let wrong =
        Failure { code: "confirmation_required".to_owned(), ..Failure::usage(format!("`{answer}` is not `{name}`; nothing was done")) };
    Err(wrong.hint(format!("Write --confirm {name}")))
}
