//! A cron expression in plain words.

use croner::CronPattern;

/// More times of a day than this are not listed.
const LISTED: usize = 6;

const DAYS: [&str; 7] = ["Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays"];
const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// What it means, such as `every day at 03:00` or `Mondays and Thursdays at 04:30`.
pub(super) fn of(cron: &croner::Cron) -> String {
    let pattern = &cron.pattern;
    // The last day, the nearest weekday, the second Monday: rare enough for the library's own words.
    if pattern.days.has_modifiers() || pattern.days_of_week.has_modifiers() || pattern.matches_dom_and_dow() {
        return lower_first(cron.describe().trim_end_matches('.'));
    }
    let months = months(pattern);
    match (at(pattern), days(pattern)) {
        (Time::At(times), None) if months.is_empty() => format!("every day at {times}"),
        (Time::At(times), None) => format!("every day{months} at {times}"),
        (Time::At(times), Some(days)) => format!("{days}{months} at {times}"),
        (Time::Every(words), None) => format!("{words}{months}"),
        (Time::Every(words), Some(days)) => format!("{words}, {days}{months}"),
    }
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

/// When in the day.
enum Time {
    /// At these times.
    At(String),
    /// A rhythm.
    Every(String),
}

fn at(pattern: &CronPattern) -> Time {
    let (minutes, hours) = (pattern.minutes.values(), pattern.hours.values());
    if minutes.len() * hours.len() <= LISTED {
        let times = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| format!("{hour:02}:{minute:02}")));
        return Time::At(list(&times.collect::<Vec<_>>()));
    }
    let within = match hours.as_slice() {
        _ if hours.len() == 24 => None,
        [first, .., last] if consecutive(&hours) => Some(format!("from {first:02}:00 to {last:02}:59")),
        [one] => Some(format!("from {one:02}:00 to {one:02}:59")),
        _ => None,
    };
    let every_hour = hours.len() == 24;
    let words = match (rhythm(&minutes, 60), minutes.as_slice(), rhythm(&hours, 24)) {
        (Some(1), _, _) if every_hour => "every minute".to_owned(),
        (Some(step), _, _) if every_hour => format!("every {step} minutes"),
        (_, [0], Some(1)) => "every hour".to_owned(),
        (_, [0], Some(step)) => format!("every {step} hours"),
        (_, _, Some(1)) => format!("every hour at {}", past(&minutes)),
        (_, _, Some(step)) if minutes.len() == 1 => format!("every {step} hours at {}", past(&minutes)),
        (Some(step), _, _) => match &within {
            Some(within) => format!("{}, {within}", if step == 1 { "every minute".to_owned() } else { format!("every {step} minutes") }),
            None => format!("every {step} minutes in the hours {}", list(&hours.iter().map(u16::to_string).collect::<Vec<_>>())),
        },
        (None, _, _) => match &within {
            Some(within) => format!("every hour at {}, {within}", past(&minutes)),
            None => format!("at {} in the hours {}", past(&minutes), list(&hours.iter().map(u16::to_string).collect::<Vec<_>>())),
        },
    };
    Time::Every(words)
}

/// `:05 and :35`.
fn past(minutes: &[u16]) -> String {
    list(&minutes.iter().map(|minute| format!(":{minute:02}")).collect::<Vec<_>>())
}

/// The step of values that begin at 0 and divide the whole evenly.
fn rhythm(values: &[u16], whole: u16) -> Option<u16> {
    let step = whole / u16::try_from(values.len()).ok().filter(|count| *count > 0)?;
    let even = values.iter().enumerate().all(|(place, value)| usize::from(*value) == place * usize::from(step));
    (values.len() > 1 && even && step * u16::try_from(values.len()).ok()? == whole).then_some(step)
}

fn consecutive(values: &[u16]) -> bool {
    values.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

/// On which days; none for every day.
fn days(pattern: &CronPattern) -> Option<String> {
    let of_month = (!pattern.is_dom_wildcard()).then(|| of_month(&pattern.days.values()));
    let of_week = (!pattern.is_dow_wildcard()).then(|| of_week(&pattern.days_of_week.values()));
    match (of_month, of_week) {
        (None, None) => None,
        (None, Some(None)) | (Some(None), None) | (Some(None), Some(_)) | (Some(_), Some(None)) => None,
        (None, Some(Some(days))) | (Some(Some(days)), None) => Some(days),
        (Some(Some(days)), Some(Some(weekdays))) => Some(format!("{days}, and {weekdays},")),
    }
}

fn of_month(days: &[u16]) -> Option<String> {
    match days {
        days if days.len() == 31 => None,
        [one] => Some(format!("on day {one} of each month")),
        [first, .., last] if days.len() > 2 && consecutive(days) => Some(format!("on days {first} to {last} of each month")),
        days => Some(format!("on days {} of each month", list(&days.iter().map(u16::to_string).collect::<Vec<_>>()))),
    }
}

fn of_week(days: &[u16]) -> Option<String> {
    // Monday first, as calendars here have it; 7 is Sunday too.
    let mut days: Vec<u16> = days.iter().map(|day| if *day == 0 { 7 } else { *day }).collect();
    days.sort_unstable();
    days.dedup();
    let name = |day: u16| DAYS[usize::from(day % 7)];
    match days.as_slice() {
        all if all.len() == 7 => None,
        [first, .., last] if days.len() > 2 && consecutive(&days) => Some(format!("{} to {}", name(*first), name(*last))),
        days => Some(list(&days.iter().map(|day| name(*day).to_owned()).collect::<Vec<_>>())),
    }
}

/// ` in January and July`; nothing for every month.
fn months(pattern: &CronPattern) -> String {
    let months = pattern.months.values();
    let name = |month: u16| MONTHS.get(usize::from(month.saturating_sub(1))).copied().unwrap_or_default().to_owned();
    match months.as_slice() {
        all if all.len() == 12 => String::new(),
        [first, .., last] if months.len() > 2 && consecutive(&months) => format!(" from {} to {}", name(*first), name(*last)),
        months => format!(" in {}", list(&months.iter().map(|month| name(*month)).collect::<Vec<_>>())),
    }
}

/// `a, b and c`.
fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use crate::schedule::Cron;

    #[test]
    fn plain_words() {
        for (cron, words) in [
            ("* * * * *", "every minute"),
            ("*/15 * * * *", "every 15 minutes"),
            ("0 * * * *", "every hour"),
            ("20 * * * *", "every hour at :20"),
            ("5,35 * * * *", "every hour at :05 and :35"),
            ("0 */2 * * *", "every 2 hours"),
            ("30 */2 * * *", "every 2 hours at :30"),
            ("0 */8 * * *", "every day at 00:00, 08:00 and 16:00"),
            ("0 3 * * *", "every day at 03:00"),
            ("30 3,15 * * *", "every day at 03:30 and 15:30"),
            ("30 4 * * 1,4", "Mondays and Thursdays at 04:30"),
            ("0 8 * * MON-FRI", "Mondays to Fridays at 08:00"),
            ("0 8 * * 6,0", "Saturdays and Sundays at 08:00"),
            ("0 8 * * 7", "Sundays at 08:00"),
            ("0 8 * * 0-6", "every day at 08:00"),
            ("0 2 1 * *", "on day 1 of each month at 02:00"),
            ("0 2 1,15 * *", "on days 1 and 15 of each month at 02:00"),
            ("0 2 1-7 * *", "on days 1 to 7 of each month at 02:00"),
            ("0 2 1 1,7 *", "on day 1 of each month in January and July at 02:00"),
            ("0 2 * 6-8 *", "every day from June to August at 02:00"),
            ("0 2 1 * 1", "on day 1 of each month, and Mondays, at 02:00"),
            ("*/10 8-17 * * MON-FRI", "every 10 minutes, from 08:00 to 17:59, Mondays to Fridays"),
            ("* 5 * * *", "every minute, from 05:00 to 05:59"),
            ("*/5 1,3 * * *", "every 5 minutes in the hours 1 and 3"),
            ("1,2 0-9 * * *", "every hour at :01 and :02, from 00:00 to 09:59"),
        ] {
            assert_eq!(Cron::parse(cron).map(|cron| cron.words()), Ok(words.to_owned()), "{cron}");
        }
    }

    /// What has no words here has the library's.
    #[test]
    fn there_are_always_words() {
        for cron in ["0 3 L * *", "0 3 * * 1#2", "0 3 15W * *", "0 3 29 2 +MON", "7,11,40 1,5,9 * * *"] {
            let words = Cron::parse(cron).map(|cron| cron.words()).unwrap_or_default();
            assert!(words.len() > 10 && words.starts_with(char::is_lowercase), "{cron}: {words}");
        }
    }
}
