//! Backups of Steward's own state: how their files are named, what is in them, what is said of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::BackupName;
use crate::refusal::{Code, Refusal};
use crate::time::Timestamp;

/// What a manifest says of the program that made it.
pub const PRODUCT: &str = "steward";
/// The newest form of a manifest that this program knows.
pub const FORMAT: u32 = 1;
/// The manifest in the archive; it comes first.
pub const MANIFEST: &str = "manifest.json";
/// The database in the archive.
pub const DATABASE: &str = "steward.db";
/// The key that secrets are sealed with, in the archive.
pub const MASTER_KEY: &str = "master.key";
/// The generated files of deployments, in the archive.
pub const PROJECTS: &str = "projects";
/// The user's own applications, in the archive.
pub const CATALOG: &str = "catalog";

/// What HTTPS needs, in the archive.
pub const TLS: &str = "tls";
/// The certificate of Steward's own authority for HTTPS.
pub const AUTHORITY_CERTIFICATE: &str = "tls/ca.crt";
/// The key of that authority.
pub const AUTHORITY_KEY: &str = "tls/ca.key";

const DAY: i64 = 86_400_000;

impl BackupName {
    /// The name of a backup that is made at this time.
    pub fn of(made_at: Timestamp) -> Result<Self, Refusal> {
        let (days, rest) = (made_at.0.div_euclid(DAY), made_at.0.rem_euclid(DAY));
        let (year, month, day) = date_of(days);
        let (seconds, milliseconds) = (rest / 1000, rest % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        Self::parse(&format!("steward-{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}.{milliseconds:03}Z.tar.age"))
    }

    /// The time in the name. A name with a day or an hour that does not exist gives the time that is
    /// meant by counting on.
    pub fn made_at(&self) -> Timestamp {
        let number = |from: usize, to: usize| self.as_str().get(from..to).and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
        let days = days_to(number(8, 12), number(12, 14), number(14, 16));
        let seconds = number(17, 19) * 3600 + number(19, 21) * 60 + number(21, 23);
        Timestamp(days * DAY + seconds * 1000 + number(24, 27))
    }
}

/// Year, month and day of a count of days since 1970, by the calendar that has always been in use.
fn date_of(days: i64) -> (i64, i64, i64) {
    // Years that begin in March have their leap day at the end; eras of 400 years are all alike.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * from_march + 2) / 5 + 1)
}

/// The inverse of [`date_of`].
fn days_to(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * from_march + 2) / 5 + day - 1 - 719_468
}

/// Where a file is in an archive and in the data folder: relative, without `.` and `..`, and only in
/// the places that a backup has.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MemberPath(String);

impl MemberPath {
    /// The longest path, in bytes.
    pub const MAX: usize = 1024;
    /// The most folders within each other.
    pub const DEPTH: usize = 16;

    /// Parses a path.
    ///
    /// # Errors
    /// `forbidden_by_policy` when it leads elsewhere.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let parts: Vec<&str> = text.split('/').collect();
        let plain = |part: &&str| !part.is_empty() && *part != "." && *part != ".." && !part.bytes().any(|b| b.is_ascii_control());
        let placed = match parts.as_slice() {
            [file] => [DATABASE, MASTER_KEY].contains(file),
            [folder, ..] => [PROJECTS, CATALOG, TLS].contains(folder),
            [] => false,
        };
        if text.len() <= Self::MAX && parts.len() <= Self::DEPTH && parts.iter().all(plain) && placed {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal::new(Code::ForbiddenByPolicy, "the archive has a file in a place that no backup has"))
        }
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first part: what is swapped as a whole when the backup is restored.
    pub fn top(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }
}

impl TryFrom<String> for MemberPath {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(&text)
    }
}

impl From<MemberPath> for String {
    fn from(path: MemberPath) -> String {
        path.0
    }
}

impl fmt::Display for MemberPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MemberPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Where it is.
    pub path: MemberPath,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of what is in it, in hex.
    pub sha256: String,
}

/// What is said of a backup before its files are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// [`PRODUCT`].
    pub product: String,
    /// The form of the manifest.
    pub format: u32,
}

/// What is in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Who made it, and in which form.
    #[serde(flatten)]
    pub heading: Heading,
    /// When.
    pub made_at: Timestamp,
    /// The version of the Steward that made it.
    pub program: String,
    /// The version of the database's schema.
    pub schema: i64,
    /// The installation it is of.
    pub instance: String,
    /// Every file, in the order in which they follow.
    pub members: Vec<Member>,
    /// What is in the folders and not in the backup: links, odd files, files that are too large.
    pub left_out: Vec<String>,
}

impl Manifest {
    /// The sizes of all files together, in bytes.
    pub fn size(&self) -> u64 {
        self.members.iter().fold(0, |sum, member| sum.saturating_add(member.size))
    }
}

/// What a look at a backup's beginning says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackupState {
    /// It opens and is as large as it must be; it was checked as a whole when it was made.
    Good,
    /// It breaks off, or is no archive of Steward's.
    Damaged,
    /// The key that this Steward has does not open it.
    OtherKey,
    /// A newer Steward made it.
    Newer,
    /// It is of another installation of Steward.
    OtherInstance,
}

/// One backup, as far as a look at its beginning says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Backup {
    /// Its file's name.
    pub name: BackupName,
    /// When it was made.
    pub made_at: Timestamp,
    /// The file's size in bytes.
    pub size: u64,
    /// What a look at it says.
    pub state: BackupState,
    /// The version of the Steward that made it; absent when it cannot be opened.
    pub program: Option<String>,
    /// The version of the database's schema; absent when it cannot be opened.
    pub schema: Option<i64>,
    /// SHA-256 of the file in hex, as it was written beside it when the backup was made.
    pub sha256: Option<String>,
    /// What was left out of it: links, odd files, files that are too large.
    pub left_out: Vec<String>,
}

/// The backups of Steward's own state, and what there is to know about them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Backups {
    /// The folder that they are in.
    pub folder: String,
    /// How many are kept.
    pub keep: u32,
    /// When the newest good one was made.
    pub latest_good_at: Option<Timestamp>,
    /// The public key that they are encrypted for; absent when there is no key.
    pub recipient: Option<String>,
    /// Whether somebody said that the key is kept elsewhere too.
    pub key_saved: bool,
    /// Why there are none, when the folder or the key cannot be read.
    pub problem: Option<Refusal>,
    /// The backups, newest first.
    pub backups: Vec<Backup>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_when_and_reads_back() {
        let name = |at| BackupName::of(Timestamp(at)).map(|name| name.to_string());
        assert_eq!(name(1_751_623_872_123).as_deref(), Ok("steward-20250704T101112.123Z.tar.age"));
        assert_eq!(name(951_782_400_000).as_deref(), Ok("steward-20000229T000000.000Z.tar.age"));
        assert_eq!(name(0).as_deref(), Ok("steward-19700101T000000.000Z.tar.age"));
        assert!(name(i64::MAX).is_err() && name(i64::MIN).is_err());
        for at in (0..4_000_000_000_000).step_by(7_777_777_777) {
            assert_eq!(BackupName::of(Timestamp(at)).map(|name| name.made_at()), Ok(Timestamp(at)));
        }
    }

    /// R3: what is no name of a backup is never taken for a file of ours.
    #[test]
    fn other_names_are_none() {
        for bad in [
            "",
            "steward-20250704T101112.123Z.tar.age.partial",
            "steward-20250704T101112.123Z.tar",
            "../steward-20250704T101112.123Z.tar.age",
            "steward-2025O704T101112.123Z.tar.age",
            "-teward-20250704T101112.123Z.tar.age",
        ] {
            assert!(BackupName::parse(bad).is_err(), "{bad}");
        }
    }

    /// R27, R28: a path cannot lead out of the data folder, nor to another place in it.
    #[test]
    fn paths_lead_nowhere_else() {
        for good in ["steward.db", "master.key", "tls/ca.key", "projects/steward-web/compose.yaml", "catalog/a/b/c.txt", "catalog/ä b"] {
            assert!(MemberPath::parse(good).is_ok(), "{good}");
        }
        let deep = format!("catalog{}", "/a".repeat(MemberPath::DEPTH));
        let long = format!("catalog/{}", "a".repeat(MemberPath::MAX));
        for bad in [
            "",
            "/steward.db",
            "projects",
            "projects/",
            "projects/../steward.lock",
            "projects//a",
            "catalog/./a",
            "catalog/a\nb",
            "backup.key",
            "steward.lock",
            "steward.db/a",
            deep.as_str(),
            long.as_str(),
        ] {
            assert!(MemberPath::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(MemberPath::parse("projects/a/b").map(|path| path.top().to_owned()).as_deref(), Ok("projects"));
    }
}
