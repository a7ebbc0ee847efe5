//! For tests of the pictures: graphs of examples, of many numbers, and of names that want to break out.

use std::{collections::BTreeSet, path::Path};

use super::{Graph, Node, Role};
use crate::{
    changeset::StepGraph,
    ids::Address,
    plan::{
        files::MemoryFiles,
        load::{Source, load_with},
    },
    step::{Phase, Undo},
};

/// Makes a graph of steps: name, needs, minutes.
pub(super) fn made(steps: &[(&str, &[usize], u64)]) -> Graph {
    let nodes = steps.iter().map(|(name, needs, minutes)| Node {
        address: Address::read(name),
        subject: None,
        name: (*name).to_owned(),
        kind: "add",
        description: format!("Do {name}"),
        phase: Phase::Prepare,
        role: Role::Call,
        owner: None,
        undo: Undo::Yes,
        window: None,
        needs: needs.iter().copied().collect::<BTreeSet<_>>(),
        drawn: Vec::new(),
        minutes: *minutes,
        is_critical: false,
    });
    Graph::new("made".to_owned(), nodes.collect())
}

/// Makes the graph of a plan that names no files.
pub(super) fn plan(text: &str) -> Graph {
    load("plan.yaml", text)
}

fn load(name: &str, text: &str) -> Graph {
    let files = MemoryFiles::default()
        .with("/p/templates/delivery_delay.en_US.yaml", DELAY)
        .with("/p/templates/login_code.fr.yaml", CODE)
        .with("/p/templates/order_confirmation.de.yaml", ORDER)
        .with("/p/templates/welcome_pack.de.yaml", PACK)
        .with("/p/templates/media/welcome.png", PICTURE);
    let path = format!("/p/{name}");
    let source = Source {
        name,
        path: Path::new(&path),
        bytes: text.as_bytes(),
    };
    let loaded = load_with(source, &files);
    let plan = loaded.plan.expect("a valid plan");
    Graph::of(&plan, &StepGraph::of(&plan))
}

const DELAY: &str = include_str!("../../../examples/templates/delivery_delay.en_US.yaml");
const CODE: &str = include_str!("../../../examples/templates/login_code.fr.yaml");
const ORDER: &str = include_str!("../../../examples/templates/order_confirmation.de.yaml");
const PACK: &str = include_str!("../../../examples/templates/welcome_pack.de.yaml");
const PICTURE: &[u8] = include_bytes!("../../../examples/templates/media/welcome.png");

const EXAMPLES: [(&str, &str); 4] = [
    (
        "quickstart.yaml",
        include_str!("../../../examples/quickstart.yaml"),
    ),
    ("canary.yaml", include_str!("../../../examples/canary.yaml")),
    (
        "partners.yaml",
        include_str!("../../../examples/partners.yaml"),
    ),
    (
        "templates.yaml",
        include_str!("../../../examples/templates.yaml"),
    ),
];

/// The graphs of all examples.
pub(super) fn examples() -> impl Iterator<Item = (&'static str, Graph)> {
    EXAMPLES
        .iter()
        .map(|(name, text)| (*name, load(name, text)))
}

/// The graph of one example.
pub(super) fn example(name: &str) -> Graph {
    let mut all = examples();
    let found = all.find(|(known, _)| *known == name);
    found.expect("an example").1
}

/// A plan of many numbers: each waits for the one before it where `chained`, else for the first.
pub(super) fn many(numbers: usize, chained: bool) -> Graph {
    let phone = |at: usize| format!("\"+49 30 9018{at:04}\"");
    let mut text = "\
version: 1
name: many
source: { waba: \"10\", token: { env: SOURCE } }
target: { waba: \"20\", token: { env: TARGET } }
defaults: { number: { pin: { env: PIN }, otp: { language: de } } }
templates: { copy: [\"*\"] }
numbers:
"
    .to_owned();
    for at in 0..numbers {
        let need = match at {
            0 => String::new(),
            _ if chained => format!(", needs: [{}]", phone(at - 1)),
            _ => format!(", needs: [{}]", phone(0)),
        };
        text += &format!("  - {{ phone: {}{need} }}\n", phone(at));
    }
    plan(&text)
}

/// What names may try: to end a string, a tag, a fence, an attribute, a line; to steer a terminal.
pub(super) const HOSTILE: [&str; 8] = [
    "\"]; evil [label=\"",
    "</text></svg><script>alert(1)</script>",
    "```\n# Heading\n",
    "%%{init: {\"theme\": \"dark\"}}%%",
    "a\\",
    "\u{1b}[31m\u{0}\u{fffe}\u{202e}",
    "&lt;&#34;#quot;'>",
    "click n0 call evil() \"x\" }} ]] )) end",
];

/// A graph in which every text is hostile.
pub(super) fn hostile() -> Graph {
    let mut graph = example("canary.yaml");
    let mut texts = HOSTILE.iter().cycle();
    let mut next = || (*texts.next().expect("they never end")).to_owned();
    graph.plan = next();
    for node in &mut graph.nodes {
        node.address = Address::read(&next());
        node.name = next();
        node.description = next();
        node.window = Some(next());
        if let Some(subject) = &mut node.subject {
            subject.name += &next();
        }
    }
    graph
}
