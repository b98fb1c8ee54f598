//! The name of a run: its start in UTC and its process, in text that sorts by time.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::Error;

const SECONDS_A_DAY: u64 = 86_400;

/// The name of a run that process `pid` starts at `start`, as in `20261123T201500.123456Z-4711`. A later start has a
/// greater name, until the year 10000; a start before 1970 counts as 1970.
pub fn new_run_name(start: SystemTime, pid: u32) -> String {
    let since = start.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / SECONDS_A_DAY, since.as_secs() % SECONDS_A_DAY);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let micros = since.subsec_micros();
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}.{micros:06}Z-{pid}")
}

/// Year, month and day of so many days after 1 January 1970.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_400_YEARS: u64 = 146_097;
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970 + days / DAYS_400_YEARS * 400;
    let mut left = days % DAYS_400_YEARS;
    while left >= 365 + u64::from(leap(year)) {
        left -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    (year, month, left + 1)
}

/// Refuses a name that would lead out of the history's folders, or hide in them.
pub(crate) fn check(run: &str) -> Result<(), Error> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '.';
    if !run.is_empty() && !run.starts_with('.') && run.chars().all(fits) {
        return Ok(());
    }
    Err(Error::Name(run.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn name(seconds: u64) -> String {
        new_run_name(UNIX_EPOCH + Duration::from_secs(seconds), 7)
    }

    #[test]
    fn a_name_is_the_start_in_utc_to_the_microsecond_and_the_process() {
        let start = UNIX_EPOCH + Duration::from_micros(1_795_464_900_123_456);
        assert_eq!(new_run_name(start, 4711), "20261123T201500.123456Z-4711");
        assert_eq!(name(0), "19700101T000000.000000Z-7");
        assert_eq!(new_run_name(UNIX_EPOCH - Duration::from_secs(1), 7), name(0));
    }

    #[test]
    fn months_end_where_the_calendar_ends_them() {
        // Seconds by `date -u -d 2000-02-29 +%s` and the like.
        assert_eq!(name(951_782_400), "20000229T000000.000000Z-7");
        assert_eq!(name(951_868_800), "20000301T000000.000000Z-7");
        assert_eq!(name(1_709_251_199), "20240229T235959.000000Z-7");
        assert_eq!(name(4_107_542_400), "21000301T000000.000000Z-7");
        assert_eq!(name(4_107_542_399), "21000228T235959.000000Z-7");
        assert_eq!(name(1_798_761_599), "20261231T235959.000000Z-7");
        assert_eq!(name(13_569_465_600), "24000101T000000.000000Z-7");
    }

    #[test]
    fn names_sort_by_time() {
        let names: Vec<String> = (0..20_000).map(|day| name(day * SECONDS_A_DAY * 3 + day)).collect();
        assert!(names.is_sorted());
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_refused() {
        for wrong in ["", "../x", "a/b", ".hidden", "a b"] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
        assert!(check(&name(1)).is_ok());
    }
}
