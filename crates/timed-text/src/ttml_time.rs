// SPDX-License-Identifier: MPL-2.0
//! Time expressions of TTML (W3C TTML2, 12.3.1).

use roxmltree::Node;

/// Nanoseconds of a second.
const SECOND: i128 = 1_000_000_000;

/// The units of the times in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeUnits {
    /// Frames per second, as a fraction.
    frames: Ratio,
    /// The parts of a frame.
    sub_frames: u32,
    /// Ticks per second.
    ticks: Ratio,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ratio {
    numerator: i128,
    denominator: i128,
}

impl TimeUnits {
    /// Reads the parameters of the root.
    pub(crate) fn read(root: Node<'_, '_>) -> Self {
        let number = |name: &str| {
            let value = parameter(root, name)?.trim().parse::<u32>().ok();
            value.filter(|value| *value > 0)
        };
        let multiplier = parameter(root, "frameRateMultiplier").and_then(|value| {
            let mut parts = value.split([' ', ':']).map(str::parse::<u32>);
            let (numerator, denominator) = (parts.next()?.ok()?, parts.next()?.ok()?);
            (numerator > 0 && denominator > 0).then_some((numerator, denominator))
        });
        let (numerator, denominator) = multiplier.unwrap_or((1, 1));
        let stated_frames = number("frameRate");
        let frames = Ratio {
            numerator: i128::from(stated_frames.unwrap_or(30)) * i128::from(numerator),
            denominator: denominator.into(),
        };
        let sub_frames = number("subFrameRate").unwrap_or(1);
        let ticks = match (number("tickRate"), stated_frames) {
            (Some(ticks), _) => Ratio {
                numerator: ticks.into(),
                denominator: 1,
            },
            (None, Some(_)) => Ratio {
                numerator: frames.numerator * i128::from(sub_frames),
                ..frames
            },
            (None, None) => Ratio {
                numerator: 1,
                denominator: 1,
            },
        };
        Self {
            frames,
            sub_frames,
            ticks,
        }
    }

    /// Returns a time in nanoseconds; None for what is no time expression.
    pub(crate) fn nanoseconds(&self, expression: &str) -> Option<i128> {
        let expression = expression.trim();
        match expression.contains(':') {
            true => self.clock_time(expression),
            false => self.offset_time(expression),
        }
    }

    /// Reads hours:minutes:seconds, with a fraction or frames.
    fn clock_time(&self, expression: &str) -> Option<i128> {
        let mut parts = expression.split(':');
        let hours: u32 = parts.next()?.parse().ok()?;
        let minutes: u32 = parts.next()?.parse().ok()?;
        let seconds = decimal(parts.next()?)?;
        let whole = (i128::from(hours) * 3600 + i128::from(minutes) * 60) * SECOND + seconds;
        let frames = match (parts.next(), parts.next()) {
            (None, _) => 0,
            (Some(frames), None) => self.frame_time(frames)?,
            (Some(_), Some(_)) => return None,
        };
        Some(whole + frames)
    }

    /// Reads frames with sub-frames, such as `12.1`.
    fn frame_time(&self, frames: &str) -> Option<i128> {
        let (frames, sub_frames) = frames.split_once('.').unwrap_or((frames, "0"));
        let (frames, sub_frames): (u32, u32) = (frames.parse().ok()?, sub_frames.parse().ok()?);
        let count = i128::from(frames) * i128::from(self.sub_frames) + i128::from(sub_frames);
        let Ratio {
            numerator,
            denominator,
        } = self.frames;
        Some(count * SECOND * denominator / (numerator * i128::from(self.sub_frames)))
    }

    /// Reads a number with a unit, such as `1.5s`.
    fn offset_time(&self, expression: &str) -> Option<i128> {
        let digits = expression.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let count = decimal(digits)?;
        let per_second = |ratio: Ratio| count * ratio.denominator / ratio.numerator;
        Some(match expression.get(digits.len()..)? {
            "h" => count * 3600,
            "m" => count * 60,
            "s" => count,
            "ms" => count / 1000,
            "f" => per_second(self.frames),
            "t" => per_second(self.ticks),
            _ => return None,
        })
    }
}

/// Returns a parameter in the namespace of TTML parameters, of any version.
pub(crate) fn parameter<'a>(root: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let mut attributes = root.attributes();
    let found = attributes.find(|attribute| {
        attribute.name() == name
            && attribute
                .namespace()
                .is_some_and(|namespace| namespace.ends_with("#parameter"))
    });
    found.map(|attribute| attribute.value())
}

/// Returns a number with a fraction, times 10⁹.
fn decimal(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = !whole.is_empty()
        && format!("{whole}{fraction}")
            .bytes()
            .all(|byte| byte.is_ascii_digit());
    if !is_number {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let nanoseconds: i128 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    Some(i128::from(whole) * SECOND + nanoseconds)
}

/// Writes a time of 0 or more nanoseconds as hours:minutes:seconds with milliseconds.
pub(crate) fn clock_time(nanoseconds: i128) -> String {
    let milliseconds = (nanoseconds.max(0) + 500_000) / 1_000_000;
    let seconds = milliseconds / 1000;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!(
        "{hours:02}:{minutes:02}:{:02}.{:03}",
        seconds % 60,
        milliseconds % 1000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(parameters: &str) -> TimeUnits {
        let text = format!("<tt xmlns:ttp='http://www.w3.org/ns/ttml#parameter' {parameters}/>");
        TimeUnits::read(roxmltree::Document::parse(&text).unwrap().root_element())
    }

    // TTML2, 12.3.1: the forms of a time expression. 5 frames of 30000/1001 per second are 166.8333 ms.
    #[test]
    fn expressions_are_read() {
        let film =
            units("ttp:frameRate='30' ttp:frameRateMultiplier='1000 1001' ttp:tickRate='10000000'");
        for (expression, expected) in [
            ("00:00:01", Some(1_000_000_000)),
            ("01:02:03.5", Some(3_723_500_000_000)),
            ("100:00:00.0000000001", Some(360_000_000_000_000)),
            ("00:00:01:05", Some(1_166_833_333)),
            ("1.5h", Some(5_400_000_000_000)),
            ("2m", Some(120_000_000_000)),
            ("3.25s", Some(3_250_000_000)),
            ("250ms", Some(250_000_000)),
            ("5f", Some(166_833_333)),
            ("15000000t", Some(1_500_000_000)),
            ("12", None),
            ("1:2", None),
            ("00:00:01:05:07", None),
            ("wallclock(10:00:00)", None),
            ("-1s", None),
            ("", None),
        ] {
            assert_eq!(film.nanoseconds(expression), expected, "{expression}");
        }
        assert_eq!(units("").nanoseconds("3f"), Some(100_000_000));
        assert_eq!(units("").nanoseconds("3t"), Some(3_000_000_000));
        let parts = units("ttp:frameRate='25' ttp:subFrameRate='4'");
        assert_eq!(parts.nanoseconds("00:00:00:01.2"), Some(60_000_000));
        assert_eq!(parts.nanoseconds("100t"), Some(1_000_000_000));
    }

    #[test]
    fn times_are_written_in_milliseconds() {
        assert_eq!(clock_time(3_723_499_500_000), "01:02:03.500");
        assert_eq!(clock_time(-1), "00:00:00.000");
    }
}
