//! The step graph as a picture of its own: one SVG file without script, font or link, in light and in
//! dark, the same bytes each time.
//!
//! Phases stand side by side, numbers below each other. Every sort of step has a shape and a sign, the
//! critical path is bold: no meaning hangs on colour alone.

mod layout;

use std::fmt::Write as _;

use layout::{BOX_HEIGHT, BOX_WIDTH, Layout, MARGIN, Point, TOP};

use super::{Graph, Node, PHASES, Role};
use crate::report::{changes::phase_name, clean};

/// Characters of a step's name that fit into its box.
const NAME: usize = 19;

/// Characters of a label of rows that are shown.
const LABEL: usize = 24;

/// The width of a character of those, a little too wide for most.
const CHARACTER: usize = 9;

/// The radius of bends.
const BEND: usize = 6;

/// How far the shapes of gates and of points of no return are cut at their corners.
const CUT: usize = 9;

/// What every picture begins with: colours for light and dark.
const STYLE: &str = "<style>
text{font-family:ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;font-size:11.5px;fill:#1e293b}
.paper{fill:#ffffff}
.lane{fill:#f1f5f9}
.title{font-size:20px;font-weight:600}
.phase{font-size:13px;font-weight:600;fill:#475569}
.faint{fill:#64748b}
.note{font-size:10px;fill:#64748b}
.sign{font-weight:700;text-anchor:middle}
.row{font-size:12px;font-weight:600}
.step{stroke-width:1.25}
.call .step{fill:#ffffff;stroke:#94a3b8}
.gate .step{fill:#fef3c7;stroke:#b45309}
.gate .sign,.gate .note{fill:#92400e}
.wait .step{fill:#e2e8f0;stroke:#64748b;stroke-dasharray:4 3}
.no-return .step{fill:#fee2e2;stroke:#b91c1c}
.no-return .sign,.no-return .note{fill:#b91c1c}
.critical .step{stroke:#6d28d9;stroke-width:2.75}
.edge{fill:none;stroke:#94a3b8;stroke-width:1.5}
.edge.critical{stroke:#6d28d9;stroke-width:2.75}
.head{fill:#94a3b8}
.head.critical{fill:#6d28d9}
@media (prefers-color-scheme:dark){
text{fill:#e2e8f0}
.paper{fill:#0f172a}
.lane{fill:#1a2438}
.phase{fill:#a9b6c9}
.faint,.note{fill:#94a3b8}
.call .step{fill:#26334a;stroke:#64748b}
.gate .step{fill:#3f2d0c;stroke:#d99a2b}
.gate .sign,.gate .note{fill:#fbbf24}
.wait .step{fill:#1e293b;stroke:#94a3b8}
.no-return .step{fill:#4a1518;stroke:#f87171}
.no-return .sign,.no-return .note{fill:#fca5a5}
.critical .step{stroke:#a78bfa}
.edge{stroke:#64748b}
.edge.critical{stroke:#a78bfa}
.head{fill:#64748b}
.head.critical{fill:#a78bfa}
}
</style>
";

/// Renders the graph.
pub fn render(graph: &Graph) -> String {
    let labels = graph.nodes.iter().filter_map(|node| node.subject.as_ref());
    let longest = labels.map(|subject| subject.name.chars().count()).max();
    let label_width = longest.unwrap_or_default().clamp(9, LABEL) * CHARACTER;
    let layout = Layout::of(graph, label_width);
    let (width, height) = (layout.width, layout.height);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"title desc\">\n"
    );
    let title = format!("Step graph of {}", graph.plan);
    let _ = writeln!(svg, "<title id=\"title\">{}</title>", escaped(&title));
    let _ = writeln!(svg, "<desc id=\"desc\">{}</desc>", escaped(&told(graph)));
    svg += STYLE;
    let _ = writeln!(
        svg,
        "<rect class=\"paper\" width=\"{width}\" height=\"{height}\" rx=\"12\"/>"
    );
    text(&mut svg, "title", (MARGIN, 40), &title);
    text(&mut svg, "faint", (MARGIN, 62), &line(graph));
    legend(&mut svg);
    lanes(&mut svg, &layout);
    rows(&mut svg, &layout);
    lines(&mut svg, &layout);
    for (at, node) in graph.nodes.iter().enumerate() {
        step(&mut svg, node, layout.boxes[at], &tip(graph, node));
    }
    svg + "</svg>\n"
}

fn line(graph: &Graph) -> String {
    format!(
        "{}; critical path {} as estimated",
        graph.sums(),
        graph.duration()
    )
}

/// The picture in words, for those who cannot see it.
fn told(graph: &Graph) -> String {
    format!(
        "{}. Critical path, {} as estimated: {}.",
        graph.sums(),
        graph.duration(),
        graph.path()
    )
}

/// What is shown when somebody points at a step.
fn tip(graph: &Graph, node: &Node) -> String {
    let mut tip = format!("{}\n{}", node.address, node.description);
    if let Some(window) = &node.window {
        tip += &format!("\nwindow {window}");
    }
    for need in &node.drawn {
        tip += &format!("\nafter {}", graph.nodes[*need].address);
    }
    tip
}

fn legend(svg: &mut String) {
    let mut left = MARGIN;
    for role in Role::ALL {
        let _ = writeln!(
            svg,
            "<g class=\"{}\">{}",
            class(role),
            shape(role, (left, 82), (26, 18), 5)
        );
        text(svg, "sign", (left + 13, 95), role.sign());
        text(svg, "faint", (left + 34, 95), role.meaning());
        *svg += "</g>\n";
        left += 34 + role.meaning().len() * 6 + 28;
    }
    let _ = writeln!(
        svg,
        "<path class=\"edge critical\" d=\"M{left} 91H{}\"/>",
        left + 26
    );
    text(svg, "faint", (left + 34, 95), "critical path");
}

fn lanes(svg: &mut String, layout: &Layout<'_>) {
    let top = TOP - 40;
    let height = layout.height - MARGIN - top;
    for lane in &layout.lanes {
        let _ = writeln!(
            svg,
            "<rect class=\"lane\" x=\"{}\" y=\"{top}\" width=\"{}\" height=\"{height}\" rx=\"10\"/>",
            lane.left, lane.width
        );
        // The part in brackets is for those who read a text.
        let name = phase_name(PHASES[lane.phase]);
        let name = name.split(" (").next().unwrap_or(name);
        text(svg, "phase", (lane.left + 14, top + 24), name);
    }
}

fn rows(svg: &mut String, layout: &Layout<'_>) {
    for (row, top) in layout.rows.iter().zip(&layout.row_tops) {
        if !row.is_first {
            continue;
        }
        let name = row.subject.map_or("accounts", |subject| &subject.name);
        let at = (MARGIN, top + BOX_HEIGHT / 2 + 4);
        text(svg, "row", at, &short(name, LABEL));
    }
}

/// Draws every line; those of the critical path last, so that they lie on top.
fn lines(svg: &mut String, layout: &Layout<'_>) {
    for is_critical in [false, true] {
        let class = if is_critical { " critical" } else { "" };
        let ways = layout.ways.iter();
        for (_, way) in ways.filter(|(edge, _)| edge.is_critical == is_critical) {
            let _ = writeln!(svg, "<path class=\"edge{class}\" d=\"{}\"/>", path(way));
            if let Some((x, y)) = way.last() {
                let _ = writeln!(svg, "<path class=\"head{class}\" d=\"M{x} {y}l-8 -4v8z\"/>");
            }
        }
    }
}

/// A line with round bends, which ends where its head begins.
fn path(way: &[Point]) -> String {
    let Some(((x, y), rest)) = way.split_first() else {
        return String::new();
    };
    // It begins below the box, whose side may lie a little inwards.
    let mut path = format!("M{} {y}", x.saturating_sub(CUT));
    let mut before = (*x, *y);
    for (at, point) in rest.iter().enumerate() {
        match rest.get(at + 1) {
            Some(next) if *next != *point && before != *point => {
                let bend = BEND.min(distance(before, *point) / 2);
                let bend = bend.min(distance(*point, *next) / 2);
                let (one, other) = (towards(*point, before, bend), towards(*point, *next, bend));
                let _ = write!(path, "L{} {}", one.0, one.1);
                let _ = write!(path, "Q{} {} {} {}", point.0, point.1, other.0, other.1);
            }
            Some(_) => {}
            None => {
                let _ = write!(path, "L{} {}", point.0.saturating_sub(6), point.1);
            }
        }
        before = *point;
    }
    path
}

fn distance(one: Point, other: Point) -> usize {
    one.0.abs_diff(other.0) + one.1.abs_diff(other.1)
}

/// The point so far from one on the way to another, on a line along an axis.
fn towards(from: Point, to: Point, far: usize) -> Point {
    let moved = |from: usize, to: usize| match from.cmp(&to) {
        std::cmp::Ordering::Less => from + far,
        std::cmp::Ordering::Equal => from,
        std::cmp::Ordering::Greater => from - far,
    };
    (moved(from.0, to.0), moved(from.1, to.1))
}

fn step(svg: &mut String, node: &Node, at: Point, tip: &str) {
    let critical = if node.is_critical { " critical" } else { "" };
    let _ = writeln!(
        svg,
        "<g class=\"{}{critical}\"><title>{}</title>",
        class(node.role),
        escaped(tip)
    );
    svg.push_str(&shape(node.role, at, (BOX_WIDTH, BOX_HEIGHT), CUT));
    svg.push('\n');
    let (left, top) = at;
    text(svg, "sign", (left + 17, top + 22), node.role.sign());
    let name = short(&node.name, NAME);
    match node.note() {
        None => text(svg, "name", (left + 30, top + 22), &name),
        Some(note) => {
            text(svg, "name", (left + 30, top + 16), &name);
            text(svg, "note", (left + 30, top + 29), &note);
        }
    }
    *svg += "</g>\n";
}

/// The outline of a step: cut at its corners where somebody has to think.
fn shape(role: Role, (left, top): Point, (width, height): (usize, usize), cut: usize) -> String {
    let rect = |radius: usize| {
        format!(
            "<rect class=\"step\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\"/>"
        )
    };
    match role {
        Role::Call => rect(cut * 2 / 3),
        Role::Wait => rect(height / 2),
        Role::Gate => format!(
            "<path class=\"step\" d=\"M{left} {}l{cut} -{half}h{inner}l{cut} {half}l-{cut} {half}h-{inner}z\"/>",
            top + height / 2,
            half = height / 2,
            inner = width - 2 * cut
        ),
        Role::NoReturn => format!(
            "<path class=\"step\" d=\"M{left} {}l{cut} -{cut}h{inner}l{cut} {cut}v{side}l-{cut} {cut}h-{inner}l-{cut} -{cut}z\"/>",
            top + cut,
            inner = width - 2 * cut,
            side = height - 2 * cut
        ),
    }
}

fn class(role: Role) -> &'static str {
    match role {
        Role::Call => "call",
        Role::Gate => "gate",
        Role::Wait => "wait",
        Role::NoReturn => "no-return",
    }
}

fn text(svg: &mut String, class: &str, (x, y): Point, text: &str) {
    let text = escaped(text);
    let _ = writeln!(
        svg,
        "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{text}</text>"
    );
}

/// The beginning of a text that is too long.
fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let begin: String = text.chars().take(most - 1).collect();
    begin + "…"
}

/// A text as XML has it. Characters that no XML may hold are replaced; line breaks of our own stay.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            escaped.push('\n');
        }
        for c in clean(line).chars() {
            match c {
                '&' => escaped += "&amp;",
                '<' => escaped += "&lt;",
                '>' => escaped += "&gt;",
                '"' => escaped += "&quot;",
                '\'' => escaped += "&#39;",
                '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
                c => escaped.push(c),
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    #[test]
    fn a_tiny_graph() {
        let svg = render(&made(&[("a", &[], 1), ("b", &[0], 2)]));
        insta::assert_snapshot!(svg.replace(STYLE, ""), @r#"
        <svg xmlns="http://www.w3.org/2000/svg" width="525" height="236" viewBox="0 0 525 236" role="img" aria-labelledby="title desc">
        <title id="title">Step graph of made</title>
        <desc id="desc">2 steps, 0 gates, 0 waits, 0 points of no return. Critical path, about 3 minutes as estimated: a -&gt; b.</desc>
        <rect class="paper" width="525" height="236" rx="12"/>
        <text class="title" x="24" y="40">Step graph of made</text>
        <text class="faint" x="24" y="62">2 steps, 0 gates, 0 waits, 0 points of no return; critical path about 3 minutes as estimated</text>
        <g class="call"><rect class="step" x="24" y="82" width="26" height="18" rx="3"/>
        <text class="sign" x="37" y="95">&gt;</text>
        <text class="faint" x="58" y="95">call</text>
        </g>
        <g class="gate"><path class="step" d="M110 91l5 -9h16l5 9l-5 9h-16z"/>
        <text class="sign" x="123" y="95">?</text>
        <text class="faint" x="144" y="95">gate: a person acts</text>
        </g>
        <g class="wait"><rect class="step" x="286" y="82" width="26" height="18" rx="9"/>
        <text class="sign" x="299" y="95">…</text>
        <text class="faint" x="320" y="95">wait for Meta</text>
        </g>
        <g class="no-return"><path class="step" d="M426 87l5 -5h16l5 5v8l-5 5h-16l-5 -5z"/>
        <text class="sign" x="439" y="95">!</text>
        <text class="faint" x="460" y="95">point of no return</text>
        </g>
        <path class="edge critical" d="M596 91H622"/>
        <text class="faint" x="630" y="95">critical path</text>
        <rect class="lane" x="105" y="108" width="382" height="104" rx="10"/>
        <text class="phase" x="119" y="132">Prepare</text>
        <text class="row" x="24" y="184">accounts</text>
        <path class="edge critical" d="M280 180L311 180"/>
        <path class="head critical" d="M317 180l-8 -4v8z"/>
        <g class="call critical"><title>a
        Do a</title>
        <rect class="step" x="133" y="162" width="156" height="36" rx="6"/>
        <text class="sign" x="150" y="184">&gt;</text>
        <text class="name" x="163" y="184">a</text>
        </g>
        <g class="call critical"><title>b
        Do b
        after a</title>
        <rect class="step" x="317" y="162" width="156" height="36" rx="6"/>
        <text class="sign" x="334" y="184">&gt;</text>
        <text class="name" x="347" y="184">b</text>
        </g>
        </svg>
        "#);
    }

    #[test]
    fn bends_are_round_and_no_longer_than_their_line() {
        assert_eq!(path(&[(20, 0), (40, 0)]), "M11 0L34 0");
        assert_eq!(
            path(&[(20, 0), (40, 0), (40, 4), (60, 4)]),
            "M11 0L38 0Q40 0 40 2L40 2Q40 4 42 4L54 4"
        );
    }

    #[test]
    fn every_picture_is_well_formed_xml_whatever_a_name_says() {
        let many = [("many", many(200, true)), ("hostile", hostile())];
        for (name, graph) in examples().chain(many) {
            let svg = render(&graph);
            assert_eq!(svg, render(&graph), "{name}");
            let document = roxmltree::Document::parse(&svg).unwrap();
            let elements = || document.descendants().filter(roxmltree::Node::is_element);
            for element in elements() {
                let known = ["svg", "title", "desc", "style", "rect", "text", "g", "path"];
                assert!(known.contains(&element.tag_name().name()), "{name}");
                let mut attributes = element.attributes();
                assert!(!attributes.any(|a| a.name().starts_with("on")), "{name}");
            }
            let heads = elements().filter(|element| {
                let class = element.attribute("class");
                class.is_some_and(|class| class.starts_with("head"))
            });
            assert_eq!(heads.count(), graph.edges().len(), "{name}");
        }
    }
}
