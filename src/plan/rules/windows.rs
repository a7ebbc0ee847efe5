//! Rules about cut-over windows.
//!
//! Does not ask whether a window is past: that is for those who hold a clock.

use std::collections::BTreeMap;

use jiff::{SignedDuration, tz::AmbiguousOffset};

use crate::{
    phone::Phone,
    plan::{
        self,
        decode::Sp,
        document::{Document, Number, Window},
        moment::{Moment, Zone},
        nearest::nearest,
        sink::Sink,
        window::{CUT_OVER, GENESYS_CUT_OVER},
        words::Name,
    },
};

/// Returns the window as two moments, or `None` if a part is absent or no moment.
pub(crate) fn resolve(name: String, window: &Window) -> Option<plan::Window> {
    let zone = &window.time_zone.as_ref()?.value.0;
    let moment = |at: &Sp<Moment>| zone.to_ambiguous_zoned(at.value.0).compatible().ok();
    Some(plan::Window {
        name,
        from: moment(window.from.as_ref()?)?,
        to: moment(window.to.as_ref()?)?,
    })
}

/// A window begins before it ends, at times that its clocks show.
pub fn window_order(document: &Document, sink: &mut Sink<'_>) {
    let windows = document.windows.iter().flat_map(|windows| &windows.0);
    for (name, window) in windows {
        name_form(name, sink);
        let Some(zone) = &window.time_zone else {
            continue;
        };
        for at in [&window.from, &window.to].into_iter().flatten() {
            gap(at, zone, sink);
            fold(at, zone, sink);
        }
        if let (Some(resolved), Some(to)) = (resolve(name.value.clone(), window), &window.to)
            && resolved.from >= resolved.to
        {
            sink.fail(
                "window-order",
                &to.spot,
                format!("the window `{}` ends before it begins", name.value),
                "did you forget the next day's date in `to`?",
            );
        }
    }
}

fn name_form(name: &Sp<String>, sink: &mut Sink<'_>) {
    let scalar = crate::yaml::Scalar {
        text: name.value.as_str().into(),
        quoted: true,
    };
    if let Err(wrong) = <Name as crate::plan::decode::Word>::read(&scalar) {
        sink.fail(wrong.rule, &name.spot, wrong.message, wrong.hint);
    }
}

fn gap(at: &Sp<Moment>, zone: &Sp<Zone>, sink: &mut Sink<'_>) {
    let offset = zone.value.0.to_ambiguous_timestamp(at.value.0).offset();
    if matches!(offset, AmbiguousOffset::Gap { .. }) {
        sink.fail(
            "window-form",
            &at.spot,
            format!(
                "clocks never show {}: they are put forward then",
                at.value.0
            ),
            "take a time before or after the change of the clocks",
        );
    }
}

/// Such a time is legal, but who means the second hour has to know that the first is taken.
fn fold(at: &Sp<Moment>, zone: &Sp<Zone>, sink: &mut Sink<'_>) {
    let offset = zone.value.0.to_ambiguous_timestamp(at.value.0).offset();
    if matches!(offset, AmbiguousOffset::Fold { .. }) {
        sink.warn(
            "window-twice",
            &at.spot,
            format!(
                "clocks show {} twice: they are put back then; the first time is taken",
                at.value.0
            ),
            "take a time before or after the change of the clocks, or write the window in UTC",
        );
    }
}

/// A number's window is one of the plan's.
pub fn window_unknown(document: &Document, sink: &mut Sink<'_>) {
    let names: Vec<&str> = document
        .windows
        .iter()
        .flat_map(|windows| &windows.0)
        .map(|(name, _)| name.value.as_str())
        .collect();
    let defaults = document
        .defaults
        .as_ref()
        .and_then(|defaults| defaults.number.as_ref());
    let shared = defaults.and_then(|number| number.window.as_ref());
    let own = document
        .numbers
        .iter()
        .flatten()
        .filter_map(|number| number.window.as_ref());
    for window in shared.into_iter().chain(own) {
        if names.contains(&window.value.0.as_str()) {
            continue;
        }
        let near = nearest(&window.value.0, names.iter().copied()).filter(|_| sink.has_room());
        let hint = near.map_or_else(
            || "define it under `windows`".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("no window is called `{}`", window.value.0);
        sink.fail("window-unknown", &window.spot, message, hint);
    }
}

/// A number is cut over after those it needs, so its window must not be over before theirs have begun.
pub fn window_needs(document: &Document, sink: &mut Sink<'_>) {
    let windows = document.windows.iter().flat_map(|windows| &windows.0);
    let windows: BTreeMap<&str, plan::Window> = windows
        .filter_map(|(name, window)| {
            Some((name.value.as_str(), resolve(name.value.clone(), window)?))
        })
        .collect();
    let defaults = document.defaults.as_ref();
    let shared = defaults.and_then(|defaults| defaults.number.as_ref()?.window.as_ref());
    let window = |number: &Number| windows.get(&*number.window.as_ref().or(shared)?.value.0);
    let numbers = || document.numbers.iter().flatten();
    let of_phone: BTreeMap<&Phone, &plan::Window> = numbers()
        .filter_map(|number| Some((&number.phone.as_ref()?.value, window(number)?)))
        .collect();
    for number in numbers() {
        let Some(own) = window(number) else { continue };
        for need in number.needs.iter().flatten() {
            if let Some(first) = of_phone.get(&need.value) {
                let takes = match document.genesys {
                    Some(_) => GENESYS_CUT_OVER,
                    None => CUT_OVER,
                };
                fits_after((own, first), takes, need, sink);
            }
        }
    }
}

fn fits_after(
    (own, first): (&plan::Window, &plan::Window),
    takes: SignedDuration,
    need: &Sp<Phone>,
    sink: &mut Sink<'_>,
) {
    let both = takes + takes;
    if own.to.timestamp().duration_since(first.from.timestamp()) >= both {
        return;
    }
    let message = format!(
        "its window `{}` is over before {}, which it needs, can be cut over ({})",
        own.name,
        need.value.international(),
        first.span(),
    );
    let hint = "give it a later window, or the other one an earlier";
    sink.fail("window-needs", &need.spot, message, hint);
}

#[cfg(test)]
mod tests {
    use crate::plan::testing::{check, edited, read};

    #[test]
    fn windows_begin_before_they_end_at_times_that_clocks_show() {
        check(
            "templates:\n",
            "windows: { night: { from: 2026-12-06T04:00, to: 2026-12-05T22:00, time_zone: Europe/Berlin } }\ntemplates:\n",
            &[
                "21:49 error[window-order] windows.night.to: the window `night` ends before it begins | did you forget the next day's date in `to`?",
            ],
        );
        check(
            "templates:\n",
            "windows: { Night: { from: 2026-03-29T02:30, to: 2026-03-29T22:00Z, time_zone: Europe/Berlni } }\ntemplates:\n",
            &[
                "21:12 error[name-form] windows.Night: `Night` is not a name | use 1 to 63 lower-case letters, digits and `-`, like acme-emea",
                "21:49 error[window-form] windows.Night.to: `2026-03-29T22:00Z` is not a date with a time | write it like 2026-12-05T22:00; the zone stands in `time_zone`",
                "21:79 error[window-form] windows.Night.time_zone: no time zone is called `Europe/Berlni` | did you mean `Europe/Berlin`?",
            ],
        );
        check(
            "templates:\n",
            "windows: { night: { from: 2026-03-29T02:30, to: 2026-03-30T02:30, time_zone: Europe/Berlin } }\ntemplates:\n",
            &[
                "21:27 error[window-form] windows.night.from: clocks never show 2026-03-29T02:30:00: they are put forward then | take a time before or after the change of the clocks",
            ],
        );
        check(
            "templates:\n",
            "windows: { night: { from: 2026-10-25T02:30, to: 2026-10-25T06:00, time_zone: Europe/Berlin } }\ntemplates:\n",
            &[
                "21:27 warning[window-twice] windows.night.from: clocks show 2026-10-25T02:30:00 twice: they are put back then; the first time is taken | take a time before or after the change of the clocks, or write the window in UTC",
            ],
        );
    }

    #[test]
    fn a_number_s_window_is_one_of_the_plan_s() {
        check(
            "    otp:",
            "    window: nigth\n    otp:",
            &[
                "13:13 error[window-unknown] defaults.number.window: no window is called `nigth` | define it under `windows`",
            ],
        );
        let night = "windows: { night: { from: 2026-12-05T22:00, to: 2026-12-06T04:00, time_zone: Europe/Berlin } }\n";
        let text = edited("    otp:", "    window: night\n    otp:") + night;
        let plan = read(&text).plan.unwrap();
        for number in &plan.numbers {
            assert_eq!(number.window.as_ref(), plan.windows.first());
        }
        assert_eq!(
            plan.windows[0].opens(),
            "Sat 5 Dec 2026 22:00 Europe/Berlin"
        );
    }

    #[test]
    fn a_window_is_not_over_before_those_of_the_numbers_it_needs() {
        let windows = "windows:
  early: { from: 2026-12-05T22:00, to: 2026-12-06T04:00, time_zone: Europe/Berlin }
  late: { from: 2026-12-12T22:00, to: 2026-12-13T04:00, time_zone: Europe/Berlin }
templates:
";
        let plan = |first: &str, second: &str| {
            let first = format!("    window: {first}\n    pin: {{ env: PIN_A }}");
            let second = format!("    window: {second}\n    pin: {{ env: PIN_B }}");
            edited("templates:\n", windows)
                .replace("    pin: { env: PIN_A }", &first)
                .replace("    pin: { env: PIN_B }", &second)
        };
        for (first, second, expected) in [
            ("early", "late", &[][..]),
            ("early", "early", &[]),
            ("late", "early", &["window-needs"]),
        ] {
            let loaded = read(&plan(first, second));
            let rules = loaded.findings.iter().map(|finding| &*finding.rule);
            assert_eq!(rules.collect::<Vec<_>>(), expected, "{first}, {second}");
        }
    }
}
