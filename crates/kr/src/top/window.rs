//! Over which time the numbers of `kr top` are taken.

use clap::ValueEnum;

/// Over which time numbers are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Window {
    /// The last ten seconds.
    #[value(name = "10s")]
    TenSeconds,
    /// The last minute.
    #[value(name = "1m", alias = "60s")]
    Minute,
    /// The last five minutes.
    #[value(name = "5m")]
    FiveMinutes,
    /// All that is stored.
    #[value(name = "all")]
    All,
}

const ALL: [Window; 4] = [Window::TenSeconds, Window::Minute, Window::FiveMinutes, Window::All];

impl Window {
    /// How many seconds; `None` for all.
    pub const fn seconds(self) -> Option<i64> {
        match self {
            Self::TenSeconds => Some(10),
            Self::Minute => Some(60),
            Self::FiveMinutes => Some(300),
            Self::All => None,
        }
    }

    /// Seconds over which a trend is shown beside the numbers.
    pub const fn trend_seconds(self) -> i64 {
        match self {
            Self::TenSeconds | Self::Minute => 60,
            Self::FiveMinutes | Self::All => 300,
        }
    }

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::TenSeconds => "10 s",
            Self::Minute => "1 min",
            Self::FiveMinutes => "5 min",
            Self::All => "all",
        }
    }

    /// The next longer one, or this one if there is none.
    pub fn longer(self) -> Self {
        ALL.into_iter().find(|other| *other > self).unwrap_or(self)
    }

    /// The next shorter one, or this one if there is none.
    pub fn shorter(self) -> Self {
        ALL.into_iter().rev().find(|other| *other < self).unwrap_or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::top::ring::RING_SECONDS;

    #[test]
    fn windows_can_be_made_longer_and_shorter() {
        // Promise: + and - go through all windows and stop at the ends; what is kept is enough.
        let mut window = Window::TenSeconds;
        for expected in [Window::Minute, Window::FiveMinutes, Window::All, Window::All] {
            window = window.longer();
            assert_eq!(window, expected);
        }
        let back: Vec<Window> = std::iter::successors(Some(window), |one| {
            Some(one.shorter()).filter(|shorter| shorter != one)
        })
        .collect();
        assert_eq!(back.iter().rev().copied().collect::<Vec<_>>(), ALL);
        let longest = ALL.into_iter().map(|one| one.seconds().unwrap_or(one.trend_seconds())).max();
        assert_eq!(longest, Some(RING_SECONDS));
    }
}
