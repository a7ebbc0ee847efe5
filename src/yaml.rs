//! YAML text becomes a tree in which every key and value knows its place and its spelling.
//!
//! Does not know what a plan is, and resolves no types: a plain `0123`, `+4930901820`, `no` or
//! `12:30` stays the text that was written. This is the only module that names `serde_saphyr`, of
//! which it uses the event parser, because events tell plain from quoted and show duplicate keys.
//!
//! Invariant: nothing here recurses, and a tree is never deeper than [`MAX_DEPTH`], so those who
//! walk it may.

use std::{collections::HashMap, ops::Range, rc::Rc};

use serde::de::DeserializeOwned;
use serde_saphyr::granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span};

/// The longest text that is read: ten times a plan of 200 numbers and 6,000 template names.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;
/// The deepest nesting; a plan has seven levels.
pub const MAX_DEPTH: usize = 64;
/// The most values after all aliases are followed: ten times a plan of 200 numbers and 6,000
/// template names, and read in less than a second without optimization.
const MAX_NODES: usize = 120_000;
/// The most aliases.
const MAX_ALIASES: usize = 1_000;
/// What an editor on Windows may put before the text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A range of bytes of the text.
pub type Place = Range<usize>;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it is used.
    pub place: Place,
    /// Where it is written: elsewhere than `place` when it came by an alias.
    pub written: Place,
}

/// What a [`Node`] holds. Copies are cheap, so that aliases cost nothing.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing, `~` or `null`, without quotes.
    Null,
    /// One text.
    Scalar(Scalar),
    /// `- a` or `[a]`.
    Sequence(Rc<[Node]>),
    /// `a: b` or `{a: b}`: every pair in the order of the text, duplicates too.
    Mapping(Rc<[(Key, Node)]>),
}

/// A text as it was spelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text, after quotes and escapes, before any other meaning.
    pub text: Rc<str>,
    /// Whether it stood in quotes or in a block (`|`, `>`).
    pub quoted: bool,
}

/// The key of a pair.
#[derive(Clone, Debug)]
pub struct Key {
    /// The text.
    pub text: Rc<str>,
    /// Where it stands.
    pub place: Place,
}

/// Why there is no tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The rule that is broken.
    pub rule: &'static str,
    /// What is wrong, without any text of the file.
    pub message: String,
    /// What to do.
    pub hint: &'static str,
    /// Where.
    pub place: Option<Place>,
}

/// Reads one document.
pub fn parse(bytes: &[u8]) -> Result<Node, Problem> {
    let text = text_of(bytes)?;
    let offset = if text.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len_utf8()
    } else {
        0
    };
    let mut tree = Tree {
        offset,
        ..Tree::default()
    };
    for event in Parser::new_from_str(&text[offset..]) {
        let (event, span) = event.map_err(|error| syntax(&error, offset))?;
        tree.take(event, &span)?;
    }
    tree.root.ok_or_else(|| Problem {
        rule: "yaml-syntax",
        message: "the file is empty".into(),
        hint: "begin with `version: 1`; examples/quickstart.yaml is a whole plan",
        place: None,
    })
}

/// Reads one document into a type of its own, within the limits of [`parse`].
///
/// Says only the first thing that does not fit. Plans are not read this way: they keep the
/// spelling, and report all at once.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    parse(bytes)?;
    // What is within those limits is within any budget: aliases were followed and counted.
    let options = serde_saphyr::options! { with_snippet: false, budget: None };
    let text = text_of(bytes)?;
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let place = error.location().map(|at| {
            let offset = offset_of(text, at.line() as usize, at.column() as usize);
            offset..offset + text[offset..].chars().next().map_or(0, char::len_utf8)
        });
        Problem {
            rule: "yaml-value",
            message: plain(&error.to_string()).to_owned(),
            hint: "compare it with the schema of this file",
            place,
        }
    })
}

/// Cuts off what the parser adds: the place, which a [`Problem`] has apart, and advice to
/// programmers.
fn plain(message: &str) -> &str {
    let message = message.lines().next().unwrap_or_default();
    [" at line ", ", set DuplicateKeyPolicy"]
        .iter()
        .fold(message, |message, end| {
            message.rsplit_once(end).map_or(message, |(kept, _)| kept)
        })
}

/// Returns where a line and column are, both counted from 1; the end of the text when it is
/// shorter.
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let mut rest = text[before..].char_indices();
    rest.nth(column.saturating_sub(1))
        .map_or(text.len(), |(at, _)| before + at)
}

/// Returns the bytes as text, if they may be parsed at all.
fn text_of(bytes: &[u8]) -> Result<&str, Problem> {
    if bytes.len() > MAX_BYTES {
        return Err(Problem {
            rule: "yaml-too-large",
            message: format!(
                "the file has {} bytes; at most {MAX_BYTES} are read",
                bytes.len()
            ),
            hint: "is this the plan? Split it into several plans if it is",
            place: None,
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| Problem {
        rule: "yaml-not-utf8",
        message: "the file is not UTF-8 text".into(),
        hint: "save it as UTF-8",
        place: Some(error.valid_up_to()..error.valid_up_to()),
    })?;
    match text.char_indices().find(|&(_, c)| is_forbidden(c)) {
        Some((at, c)) => Err(Problem {
            rule: "yaml-syntax",
            message: format!(
                "the control character U+{:04X} is not allowed in YAML",
                u32::from(c)
            ),
            hint: "delete it; in double quotes it can be written as an escape",
            place: Some(at..at + c.len_utf8()),
        }),
        None => Ok(text),
    }
}

/// Source: <https://yaml.org/spec/1.2.2/#51-character-set>
fn is_forbidden(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')
}

fn syntax(error: &ScanError, offset: usize) -> Problem {
    let at = offset + error.marker().byte_offset().unwrap_or_default();
    let (rule, message, hint) = match error.kind() {
        ErrorKind::RecursionLimitExceeded => return too_deep(at..at),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::InvalidBlockEntryWhitespace
        | ErrorKind::InvalidMappingValueWhitespace
        | ErrorKind::TabInPlainScalar => (
            "yaml-syntax",
            "a tab stands where YAML wants spaces".to_owned(),
            "indent with spaces",
        ),
        ErrorKind::UnclosedQuotedScalar => (
            "yaml-syntax",
            "a quote is opened but never closed".to_owned(),
            "close it at the end of the value",
        ),
        kind => (
            "yaml-syntax",
            format!("this is not YAML: {kind}"),
            "look at this place and at the line before it: indentation, quotes, brackets, `: `",
        ),
    };
    Problem {
        rule,
        message,
        hint,
        place: Some(at..at + 1),
    }
}

fn too_deep(place: Place) -> Problem {
    Problem {
        rule: "yaml-too-complex",
        message: format!("the nesting is deeper than {MAX_DEPTH} levels"),
        hint: "a plan has seven levels; is a bracket left open?",
        place: Some(place),
    }
}

/// Builds the tree from events.
#[derive(Default)]
struct Tree {
    offset: usize,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    aliases: usize,
    nodes: usize,
    root: Option<Node>,
}

/// A collection whose end has not come yet.
struct Open {
    place: Place,
    anchor: usize,
    height: usize,
    nodes: usize,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping {
        pairs: Vec<(Key, Node)>,
        key: Option<Key>,
    },
}

/// A node that aliases may name, with what it costs to stand for it.
struct Anchored {
    node: Node,
    height: usize,
    nodes: usize,
}

impl Tree {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Problem> {
        let place = self.place(span);
        if event.tag().is_some() {
            return Err(Problem {
                rule: "yaml-syntax",
                message: "tags (`!name`) have no meaning in a plan".into(),
                hint: "delete the tag; put text in quotes instead of tagging it",
                place: Some(place),
            });
        }
        match event {
            Event::DocumentStart(..) if self.root.is_some() => Err(Problem {
                rule: "yaml-syntax",
                message: "a second document begins here; a plan is one document".into(),
                hint: "move it to a file of its own",
                place: Some(place),
            }),
            Event::Scalar(text, style, anchor, _) => {
                let quoted = style != ScalarStyle::Plain;
                let value = if !quoted && matches!(&*text, "" | "~" | "null" | "Null" | "NULL") {
                    Value::Null
                } else {
                    Value::Scalar(Scalar {
                        text: text.into(),
                        quoted,
                    })
                };
                self.count(1, &place)?;
                let node = Node {
                    value,
                    written: place.clone(),
                    place,
                };
                self.add(
                    Anchored {
                        node,
                        height: 0,
                        nodes: 1,
                    },
                    anchor,
                )
            }
            Event::SequenceStart(_, anchor, _) => {
                self.enter(place, anchor, Content::Sequence(Vec::new()))
            }
            Event::MappingStart(_, anchor, _) => self.enter(
                place,
                anchor,
                Content::Mapping {
                    pairs: Vec::new(),
                    key: None,
                },
            ),
            Event::SequenceEnd | Event::MappingEnd => self.leave(place.end),
            Event::Alias(anchor) => self.follow(anchor, place),
            _ => Ok(()),
        }
    }

    fn place(&self, span: &Span) -> Place {
        let start = self.offset + span.start.byte_offset().unwrap_or_default();
        let end = self.offset + span.end.byte_offset().unwrap_or_default();
        start..end.max(start)
    }

    fn count(&mut self, nodes: usize, place: &Place) -> Result<(), Problem> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            Err(too_many(place.clone()))
        } else {
            Ok(())
        }
    }

    fn enter(&mut self, place: Place, anchor: usize, content: Content) -> Result<(), Problem> {
        if self.open.len() == MAX_DEPTH {
            return Err(too_deep(place));
        }
        self.count(1, &place)?;
        self.open.push(Open {
            place,
            anchor,
            height: 0,
            nodes: 1,
            content,
        });
        Ok(())
    }

    fn leave(&mut self, end: usize) -> Result<(), Problem> {
        let Some(Open {
            place,
            anchor,
            height,
            nodes,
            content,
        }) = self.open.pop()
        else {
            return Ok(());
        };
        let place = place.start..end.max(place.start);
        let value = match content {
            Content::Sequence(items) => Value::Sequence(items.into()),
            Content::Mapping { pairs, key: _ } => Value::Mapping(pairs.into()),
        };
        let node = Node {
            value,
            written: place.clone(),
            place,
        };
        self.add(
            Anchored {
                node,
                height: height + 1,
                nodes,
            },
            anchor,
        )
    }

    fn follow(&mut self, anchor: usize, place: Place) -> Result<(), Problem> {
        self.aliases += 1;
        let Some(target) = self.anchors.get(&anchor) else {
            return Err(Problem {
                rule: "yaml-syntax",
                message: "an alias stands inside the value that it names".into(),
                hint: "write the value out",
                place: Some(place),
            });
        };
        let (height, nodes, node) = (target.height, target.nodes, target.node.clone());
        if self.aliases > MAX_ALIASES {
            return Err(too_many(place));
        }
        self.count(nodes, &place)?;
        if self.open.len() + height > MAX_DEPTH {
            return Err(too_deep(place));
        }
        let node = Node { place, ..node };
        self.add(
            Anchored {
                node,
                height,
                nodes,
            },
            0,
        )
    }

    fn add(&mut self, new: Anchored, anchor: usize) -> Result<(), Problem> {
        if anchor != 0 {
            let Anchored {
                node,
                height,
                nodes,
            } = &new;
            let copy = Anchored {
                node: node.clone(),
                height: *height,
                nodes: *nodes,
            };
            self.anchors.insert(anchor, copy);
        }
        match self.open.last_mut() {
            Some(parent) => parent.add(new),
            None => {
                self.root = Some(new.node);
                Ok(())
            }
        }
    }
}

impl Open {
    fn add(
        &mut self,
        Anchored {
            node,
            height,
            nodes,
        }: Anchored,
    ) -> Result<(), Problem> {
        self.height = self.height.max(height);
        self.nodes = self.nodes.saturating_add(nodes);
        match &mut self.content {
            Content::Sequence(items) => items.push(node),
            Content::Mapping { pairs, key } => match key.take() {
                Some(key) => pairs.push((key, node)),
                None => *key = Some(Key::of(node)?),
            },
        }
        Ok(())
    }
}

impl Key {
    fn of(node: Node) -> Result<Self, Problem> {
        let text = match node.value {
            Value::Scalar(scalar) => scalar.text,
            Value::Null => "".into(),
            Value::Sequence(_) | Value::Mapping(_) => {
                return Err(Problem {
                    rule: "yaml-syntax",
                    message: "a list or mapping stands where a key is wanted".into(),
                    hint: "is a quote missing, or a `{` too many?",
                    place: Some(node.place),
                });
            }
        };
        Ok(Self {
            text,
            place: node.place,
        })
    }
}

fn too_many(place: Place) -> Problem {
    Problem {
        rule: "yaml-too-complex",
        message: format!(
            "the file stands for more than {MAX_NODES} values or has more than {MAX_ALIASES} aliases"
        ),
        hint: "write the values out instead of nesting aliases (`*name`)",
        place: Some(place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows a tree: plain text as it is, quoted text in quotes, each with its bytes.
    fn show(node: &Node) -> String {
        let inner = match &node.value {
            Value::Null => "~".to_owned(),
            Value::Scalar(Scalar { text, quoted: true }) => format!("{text:?}"),
            Value::Scalar(Scalar {
                text,
                quoted: false,
            }) => text.to_string(),
            Value::Sequence(items) => {
                format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(" "))
            }
            Value::Mapping(pairs) => {
                let pair = |(key, value): &(Key, Node)| format!("{}={}", key.text, show(value));
                format!(
                    "{{{}}}",
                    pairs.iter().map(pair).collect::<Vec<_>>().join(" ")
                )
            }
        };
        match node.value {
            Value::Scalar(_) => format!("{inner}@{}..{}", node.place.start, node.place.end),
            Value::Null | Value::Sequence(_) | Value::Mapping(_) => inner,
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let shown = parse(text.as_bytes()).map(|node| show(&node));
        assert_eq!(shown.as_deref(), Ok(expected), "{text:?}");
    }

    #[test]
    fn plain_text_stays_as_it_was_written() {
        check("a: 0123", "{a=0123@3..7}");
        check("a: +49301", "{a=+49301@3..9}");
        check(
            "a: 102290129340398102290129",
            "{a=102290129340398102290129@3..27}",
        );
        check(
            "[no, 12:30, 1e15, 1_000, 0x1F, .5]",
            "[no@1..3 12:30@5..10 1e15@12..16 1_000@18..23 0x1F@25..29 .5@31..33]",
        );
    }

    #[test]
    fn quotes_and_blocks_are_told_from_plain_text() {
        check("a: \"no\"", "{a=\"no\"@3..7}");
        check("a: 'it''s'", "{a=\"it's\"@3..10}");
        check("a: |\n  x\n", "{a=\"x\\n\"@7..9}");
        check(
            "[null, ~, '', \"null\"]",
            "[~ ~ \"\"@10..12 \"null\"@14..20]",
        );
        check("a:", "{a=~}");
    }

    #[test]
    fn every_pair_is_kept() {
        check("a: 1\na: 2\n<<: 3", "{a=1@3..4 a=2@8..9 <<=3@14..15}");
    }

    #[test]
    fn an_alias_stands_for_its_value_at_its_own_place() {
        check("a: &x b\nc: *x", "{a=b@6..7 c=b@11..13}");
    }

    #[test]
    fn a_mark_and_wide_characters_shift_nothing() {
        check("\u{feff}é: x", "{é=x@7..8}");
    }
}
