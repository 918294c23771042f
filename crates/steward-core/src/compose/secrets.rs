//! The file that hands secrets to Compose.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::name::SettingKey;

/// The variable by which the Compose file refers to a secret.
pub fn secret_variable(key: &SettingKey) -> String {
    format!("STEWARD_SECRET_{}", key.as_str().to_ascii_uppercase())
}

/// The file that gives the secrets to Compose, for `--env-file`.
///
/// Between single quotes Compose reads everything as it stands, except `'` and `\`, whose escapes
/// differ from version to version. A secret with one of those is put together from parts instead,
/// by references, which every version reads alike.
pub fn secrets_file(secrets: &BTreeMap<SettingKey, String>) -> String {
    let mut file = String::from("# Written by Steward. Secrets: keep this file to yourself.\n");
    let awkward = ['\'', '\\'];
    if secrets.values().any(|secret| secret.contains(awkward)) {
        file.push_str("STEWARD_SINGLE_QUOTE=\"'\"\nSTEWARD_BACKSLASH=\\\n");
    }
    let mut parts = 0_usize;
    for (key, secret) in secrets {
        let variable = secret_variable(key);
        if !secret.contains(awkward) {
            line(&mut file, format_args!("{variable}='{secret}'"));
            continue;
        }
        let mut references = String::new();
        for piece in secret.split_inclusive(awkward) {
            let plain = piece.trim_end_matches(awkward);
            if !plain.is_empty() {
                parts += 1;
                line(&mut file, format_args!("STEWARD_PART_{parts}='{plain}'"));
                references.push_str(&format!("${{STEWARD_PART_{parts}}}"));
            }
            match piece.chars().last() {
                Some('\'') => references.push_str("${STEWARD_SINGLE_QUOTE}"),
                Some('\\') => references.push_str("${STEWARD_BACKSLASH}"),
                _ => {}
            }
        }
        line(&mut file, format_args!("{variable}={references}"));
    }
    file
}

fn line(file: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to memory cannot fail.
    let _ = writeln!(file, "{line}");
}
