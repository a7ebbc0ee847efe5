//! Rules about numbers: their phones, their order, their PINs.

use std::collections::{BTreeMap, HashMap, HashSet};

use petgraph::{algo::kosaraju_scc, graph::DiGraph};

use crate::{
    phone::Phone,
    plan::{
        choices::Method,
        decode::Sp,
        document::{Document, Number, NumberDefaults},
        nearest::nearest,
        sink::Sink,
    },
};

/// More phones than this of a cycle are not named one by one.
const MOST_NAMED: usize = 20;
/// Among more phones than this the nearest is not looked for.
const MOST_COMPARED: usize = 1_000;

pub(super) fn numbers(document: &Document) -> &[Number] {
    document.numbers.as_deref().unwrap_or_default()
}

fn phones(document: &Document) -> impl Iterator<Item = &Sp<Phone>> {
    numbers(document)
        .iter()
        .filter_map(|number| number.phone.as_ref())
}

pub(super) fn defaults(document: &Document) -> Option<&NumberDefaults> {
    document.defaults.as_ref()?.number.as_ref()
}

/// A phone is moved once, however it is spelled.
pub fn phone_duplicate(document: &Document, sink: &mut Sink<'_>) {
    let mut first: HashMap<&Phone, &Sp<Phone>> = HashMap::new();
    for phone in phones(document) {
        let Some(before) = first.get(&phone.value) else {
            first.insert(&phone.value, phone);
            continue;
        };
        let (line, here) = (
            sink.line_of(&before.spot.place),
            sink.line_of(&phone.spot.place),
        );
        sink.fail(
            "phone-duplicate",
            &phone.spot,
            format!(
                "{} stands in line {here} and in line {line}",
                phone.value.international()
            ),
            "keep one of the two; spellings that differ in spaces are the same number",
        );
    }
}

/// What a number needs is a number of the plan.
pub fn needs_unknown(document: &Document, sink: &mut Sink<'_>) {
    let known: HashSet<&Phone> = phones(document).map(|phone| &phone.value).collect();
    let names: Vec<String> = known
        .iter()
        .take(MOST_COMPARED)
        .map(|phone| phone.to_string())
        .collect();
    for need in numbers(document)
        .iter()
        .flat_map(|number| number.needs.iter().flatten())
    {
        if known.contains(&need.value) {
            continue;
        }
        let near = if sink.has_room() {
            nearest(&need.value.to_string(), names.iter().map(String::as_str))
        } else {
            None
        };
        let hint = near.map_or_else(
            || "add it to `numbers`, or delete it here".to_owned(),
            |near| format!("did you mean {near}?"),
        );
        let message = format!("{} is no number of this plan", need.value.international());
        sink.fail("needs-unknown", &need.spot, message, hint);
    }
}

/// No number waits for itself, not even through others.
pub fn needs_cycle(document: &Document, sink: &mut Sink<'_>) {
    let order = Order::of(document);
    let mut graph = DiGraph::<(), ()>::new();
    let nodes: Vec<_> = order.phones.iter().map(|_| graph.add_node(())).collect();
    for (from, needs) in order.needs.iter().enumerate() {
        for &(to, _) in needs {
            graph.add_edge(nodes[from], nodes[to], ());
        }
    }
    for component in kosaraju_scc(&graph) {
        let within: HashSet<usize> = component.iter().map(|node| node.index()).collect();
        let Some((path, need)) = order.cycle(&within) else {
            continue;
        };
        let message = match &*path {
            [own] => format!("{own} needs itself"),
            _ => format!("these wait for each other: {}", chain(&path)),
        };
        sink.fail(
            "needs-cycle",
            &need.spot,
            message,
            "delete one of these `needs`",
        );
    }
}

fn chain(path: &[&Phone]) -> String {
    let mut names: Vec<String> = path
        .iter()
        .take(MOST_NAMED)
        .map(|phone| phone.to_string())
        .collect();
    if path.len() > MOST_NAMED {
        names.push(format!("({} more)", path.len() - MOST_NAMED));
    }
    names.extend(path.first().map(|phone| phone.to_string()));
    names.join(" needs ")
}

/// The numbers of a plan and which needs which, by index.
struct Order<'d> {
    phones: Vec<&'d Phone>,
    needs: Vec<Vec<(usize, &'d Sp<Phone>)>>,
}

impl<'d> Order<'d> {
    fn of(document: &'d Document) -> Self {
        let mut index: BTreeMap<&Phone, usize> = BTreeMap::new();
        let mut phones = Vec::new();
        for phone in self::phones(document) {
            index.entry(&phone.value).or_insert_with(|| {
                phones.push(&phone.value);
                phones.len() - 1
            });
        }
        let mut needs: Vec<Vec<_>> = phones.iter().map(|_| Vec::new()).collect();
        for number in numbers(document) {
            let Some(from) = number.phone.as_ref().map(|phone| index[&phone.value]) else {
                continue;
            };
            let known = number.needs.iter().flatten();
            needs[from].extend(known.filter_map(|need| Some((*index.get(&need.value)?, need))));
        }
        Self { phones, needs }
    }

    /// Returns one cycle among numbers that all reach each other, and the need that closes it.
    fn cycle(&self, within: &HashSet<usize>) -> Option<(Vec<&'d Phone>, &'d Sp<Phone>)> {
        let mut at = *within.iter().min()?;
        let mut path: Vec<usize> = Vec::new();
        let mut seen: HashMap<usize, usize> = HashMap::new();
        loop {
            seen.insert(at, path.len());
            path.push(at);
            let inner = |(to, _): &&(usize, &'d Sp<Phone>)| within.contains(to);
            let (next, need) = *self.needs[at].iter().find(inner)?;
            if let Some(&start) = seen.get(&next) {
                let phones = path[start..]
                    .iter()
                    .map(|&node| self.phones[node])
                    .collect();
                return Some((phones, need));
            }
            at = next;
        }
    }
}

/// A number that we register needs a PIN.
/// Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/registration>
pub fn pin_missing(document: &Document, sink: &mut Sink<'_>) {
    let defaults = defaults(document);
    let shared = |number: &NumberDefaults| number.pin.is_some();
    if defaults.is_some_and(shared) {
        return;
    }
    for number in numbers(document) {
        if number.pin.is_none() && !sink.has_reported(&number.spot, "pin") {
            let spot = number
                .phone
                .as_ref()
                .map_or(&number.spot, |phone| &phone.spot);
            sink.fail(
                "pin-missing",
                spot,
                "this number has no `pin`, the two-step PIN it gets at register",
                "add `pin: { env: NAME }` here or under `defaults.number`",
            );
        }
    }
}

/// A migration intent belongs to a solution.
pub fn solution_missing(document: &Document, sink: &mut Sink<'_>) {
    let defaults = defaults(document);
    let shared = defaults.is_some_and(|number| number.solution_id.is_some());
    for number in numbers(document) {
        let method = number
            .method
            .as_ref()
            .or(defaults.and_then(|number| number.method.as_ref()));
        let Some(method) = method.filter(|method| method.value == Method::SolutionIntent) else {
            if let Some(solution) = &number.solution_id {
                sink.fail(
                    "solution-unused",
                    &solution.spot,
                    "`solution_id` is for method solution_intent only",
                    "delete it, or write `method: solution_intent`",
                );
            }
            continue;
        };
        if number.solution_id.is_none() && !shared {
            sink.fail(
                "key-missing",
                &method.spot,
                "method solution_intent needs a `solution_id`",
                "add the id of the solution that receives the number",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::testing::{check, edited, read};

    #[test]
    fn a_phone_stands_once() {
        check(
            "\"+33 1 42 68 53 00\"",
            "\"+49 (30) 90-18-20\"",
            &[
                "18:12 error[phone-duplicate] numbers[1].phone: +49 30 901820 stands in line 18 and in line 15 | keep one of the two; spellings that differ in spaces are the same number",
                "20:13 error[needs-cycle] numbers[1].needs[0]: +4930901820 needs itself | delete one of these `needs`",
            ],
        );
    }

    #[test]
    fn needs_name_numbers_of_the_plan() {
        check(
            "needs: [\"+49 30 901820\"]",
            "needs: [\"+49 30 901821\"]",
            &[
                "20:13 error[needs-unknown] numbers[1].needs[0]: +49 30 901821 is no number of this plan | did you mean +4930901820?",
            ],
        );
        check(
            "needs: [\"+49 30 901820\"]",
            "needs: [\"+1 631 555 5555\"]",
            &[
                "20:13 error[needs-unknown] numbers[1].needs[0]: +1 631-555-5555 is no number of this plan | add it to `numbers`, or delete it here",
            ],
        );
    }

    #[test]
    fn cycles_are_named_in_full() {
        check(
            "needs: [\"+49 30 901820\"]",
            "needs: [\"+33 142685300\"]",
            &[
                "20:13 error[needs-cycle] numbers[1].needs[0]: +33142685300 needs itself | delete one of these `needs`",
            ],
        );
        check(
            "    pin: { env: PIN_A }\n",
            "    pin: { env: PIN_A }\n    needs: [\"+33 1 42 68 53 00\"]\n",
            &[
                "21:13 error[needs-cycle] numbers[1].needs[0]: these wait for each other: +4930901820 needs +33142685300 needs +4930901820 | delete one of these `needs`",
            ],
        );
    }

    #[test]
    fn numbers_have_a_pin() {
        check(
            "    pin: { env: PIN_A }\n",
            "",
            &[
                "15:12 error[pin-missing] numbers[0].phone: this number has no `pin`, the two-step PIN it gets at register | add `pin: { env: NAME }` here or under `defaults.number`",
            ],
        );
        check(
            "otp: { channel: sms, language: de }\n",
            "pin: { env: P }\n",
            &[],
        );
        check(
            "    pin: { env: PIN_A }\n",
            "    method: embedded_signup\n",
            &[
                "15:12 error[pin-missing] numbers[0].phone: this number has no `pin`, the two-step PIN it gets at register | add `pin: { env: NAME }` here or under `defaults.number`",
            ],
        );
    }

    #[test]
    fn a_solution_belongs_to_its_method() {
        let pin = "    pin: { env: PIN_A }\n";
        let intent = "    pin: { env: PIN_A }\n    method: solution_intent\n";
        check(pin, &format!("{intent}    solution_id: \"7\"\n"), &[]);
        check(
            pin,
            intent,
            &[
                "17:13 error[key-missing] numbers[0].method: method solution_intent needs a `solution_id` | add the id of the solution that receives the number",
            ],
        );
        check(
            pin,
            &format!("{pin}    solution_id: \"7\"\n"),
            &[
                "17:18 error[solution-unused] numbers[0].solution_id: `solution_id` is for method solution_intent only | delete it, or write `method: solution_intent`",
            ],
        );
        let text = edited(pin, &format!("{intent}    solution_id: \"7\"\n"));
        let plan = read(&text).plan.unwrap();
        assert_eq!(plan.solutions(), [&"7".parse().unwrap()]);
    }
}
