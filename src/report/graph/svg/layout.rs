//! Where everything stands in the picture: a column for every rank of a phase, a row for every number
//! and whatever else steps belong to, and lines in the gutters between.
//!
//! Invariant: a line crosses no box. It runs along a row only where the row is empty; else through the
//! gutter between two rows. Lines of one step share their way; lines of different steps never share a
//! track.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Edge, Graph, PHASES, Subject};

/// Columns of one phase. A chain of numbers that is longer begins again at the first of them, so that
/// no picture is wider than a wide screen.
const COLUMNS: usize = 8;

/// The width of a box.
pub(super) const BOX_WIDTH: usize = 156;
/// The height of a box.
pub(super) const BOX_HEIGHT: usize = 36;
/// The width of a gutter without lines, and the part of one on each side of its lines.
const GUTTER: usize = 14;
/// Between the last box of a phase and the first line of the next; the phases' bands end in it.
const BETWEEN: usize = 20;
/// How far a band goes beyond its last box.
const BEYOND: usize = 14;
/// Between two lines.
const TRACK: usize = 7;
/// The height of all that stands above the first row.
pub(super) const TOP: usize = 148;
/// The space at the edges.
pub(super) const MARGIN: usize = 24;
/// Lines leave boxes a little below their middle, and come in a little above: where two lie in one
/// row, nobody takes one for the other.
const ASIDE: usize = 7;

/// A point: from the left, from the top.
pub(super) type Point = (usize, usize);

/// A row of boxes.
pub(super) struct Row<'a> {
    /// What its steps belong to; none for the accounts as a whole.
    pub(super) subject: Option<&'a Subject>,
    /// Whether it is the first row of that.
    pub(super) is_first: bool,
}

/// A phase: a band from top to bottom.
pub(super) struct Lane {
    /// Its place among the phases.
    pub(super) phase: usize,
    /// Its left side.
    pub(super) left: usize,
    /// Its width.
    pub(super) width: usize,
}

/// Where everything stands.
pub(super) struct Layout<'a> {
    pub(super) lanes: Vec<Lane>,
    pub(super) rows: Vec<Row<'a>>,
    /// The top of every row's boxes.
    pub(super) row_tops: Vec<usize>,
    /// The upper left corner of every step's box.
    pub(super) boxes: Vec<Point>,
    /// The way of every edge.
    pub(super) ways: Vec<(Edge, Vec<Point>)>,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// The cells of a table that steps stand in.
struct Cells<'a> {
    /// The first column of every phase, and at the end the number of columns.
    starts: Vec<usize>,
    rows: Vec<Row<'a>>,
    /// Column and row of every step.
    places: Vec<(usize, usize)>,
    taken: BTreeSet<(usize, usize)>,
}

/// How a line goes. A gutter has the number of the column or row that follows it.
#[derive(Clone, Copy)]
enum Way {
    /// Along an empty row, without a bend.
    Straight,
    /// Along an empty row to the gutter before the needing step, and there up or down.
    Along,
    /// Down in the gutter behind the step, through this gutter between rows, and up or down.
    Between(usize),
}

/// A gutter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gutter {
    Column(usize),
    Row(usize),
}

/// The tracks of gutters: which one a step's lines have, and how many there are.
#[derive(Default)]
struct Tracks {
    of: BTreeMap<(Gutter, usize), usize>,
    used: BTreeMap<Gutter, usize>,
}

impl<'a> Layout<'a> {
    /// Finds a place for everything. Labels of rows are so wide.
    pub(super) fn of(graph: &'a Graph, label_width: usize) -> Self {
        let cells = Cells::of(graph);
        let edges = graph.edges();
        let ways: Vec<_> = edges.iter().map(|edge| cells.way(*edge)).collect();
        let tracks = Tracks::of(&cells, edges.iter().copied().zip(ways.iter().copied()));
        let columns = cells.starts.last().copied().unwrap_or_default();
        let (column_lefts, width) = spread(MARGIN + label_width, columns, BOX_WIDTH, |at| {
            let begins = at > 0 && at < columns && cells.starts.contains(&at);
            tracks.width(Gutter::Column(at)) + if begins { BETWEEN } else { 0 }
        });
        let (row_tops, height) = spread(TOP, cells.rows.len(), BOX_HEIGHT, |at| {
            tracks.width(Gutter::Row(at))
        });
        let places = cells.places.iter();
        let boxes: Vec<_> = places
            .map(|(column, row)| (column_lefts[*column], row_tops[*row]))
            .collect();
        let grid = Grid {
            tracks: &tracks,
            columns: &column_lefts,
            rows: &row_tops,
            places: &cells.places,
            boxes: &boxes,
        };
        let edges = edges.into_iter().zip(ways);
        let ways = edges
            .map(|(edge, way)| (edge, grid.points(edge, way)))
            .collect();
        let lanes = cells.lanes(&column_lefts, &tracks);
        Self {
            lanes,
            rows: cells.rows,
            row_tops,
            boxes,
            ways,
            width: width + MARGIN,
            height: height + MARGIN,
        }
    }
}

/// Places things of one size behind each other, with gutters before, between and behind them.
fn spread(
    start: usize,
    number: usize,
    size: usize,
    gutter: impl Fn(usize) -> usize,
) -> (Vec<usize>, usize) {
    let mut at = start;
    let mut places = Vec::with_capacity(number);
    for place in 0..number {
        at += gutter(place);
        places.push(at);
        at += size;
    }
    (places, at + gutter(number))
}

impl<'a> Cells<'a> {
    fn of(graph: &'a Graph) -> Self {
        let columns = ranks(graph);
        let mut starts = vec![0];
        for phase in PHASES {
            let of_phase = graph.of_phase(phase);
            let wide = of_phase.iter().map(|at| columns[*at] + 1).max();
            starts.push(starts[starts.len() - 1] + wide.unwrap_or_default());
        }
        let mut cells = Self {
            starts,
            rows: Vec::new(),
            places: vec![(0, 0); graph.nodes.len()],
            taken: BTreeSet::new(),
        };
        for steps in by_subject(graph) {
            cells.place(graph, &steps, &columns);
        }
        cells
    }

    /// Gives the steps of one subject their cells, in rows of their own: one, unless two steps would
    /// stand in the same cell. Steps of the accounts that have no need among them begin a row.
    fn place(&mut self, graph: &'a Graph, steps: &[usize], columns: &[usize]) {
        let first = self.rows.len();
        for at in steps {
            let node = &graph.nodes[*at];
            let phase = PHASES.iter().position(|phase| *phase == node.phase);
            let column = self.starts[phase.unwrap_or_default()] + columns[*at];
            let mut needs = node.drawn.iter().filter(|need| steps.contains(need));
            let mut row = match (needs.next(), &node.subject) {
                (Some(need), _) => self.places[*need].1,
                (None, Some(_)) => first,
                (None, None) => self.rows.len(),
            };
            while self.taken.contains(&(column, row)) {
                row += 1;
            }
            while self.rows.len() <= row {
                self.rows.push(Row {
                    subject: node.subject.as_ref(),
                    is_first: self.rows.len() == first,
                });
            }
            self.places[*at] = (column, row);
            self.taken.insert((column, row));
        }
    }

    fn way(&self, edge: Edge) -> Way {
        let ((from, row), (to, to_row)) = (self.places[edge.from], self.places[edge.to]);
        let is_free =
            from < to && (from + 1..to).all(|column| !self.taken.contains(&(column, row)));
        match is_free {
            true if row == to_row => Way::Straight,
            true => Way::Along,
            false if to_row >= row => Way::Between(row + 1),
            false => Way::Between(row),
        }
    }

    fn lanes(&self, lefts: &[usize], tracks: &Tracks) -> Vec<Lane> {
        let bounds = self.starts.windows(2).enumerate();
        let bounds = bounds.filter(|(_, bounds)| bounds[0] < bounds[1]);
        bounds
            .map(|(phase, bounds)| {
                let left = lefts[bounds[0]] - tracks.width(Gutter::Column(bounds[0]));
                let right = lefts[bounds[1] - 1] + BOX_WIDTH + BEYOND;
                Lane {
                    phase,
                    left,
                    width: right - left,
                }
            })
            .collect()
    }
}

/// The column of every step within its phase: the length of the longest path to it there.
fn ranks(graph: &Graph) -> Vec<usize> {
    let mut ranks: Vec<usize> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let needs = node.drawn.iter();
        let needs = needs.filter(|need| graph.nodes[**need].phase == node.phase);
        ranks.push(needs.map(|need| ranks[*need] + 1).max().unwrap_or_default());
    }
    ranks.into_iter().map(|rank| rank % COLUMNS).collect()
}

/// The steps of every subject: first the accounts, then templates and solutions, then numbers.
fn by_subject(graph: &Graph) -> Vec<Vec<usize>> {
    let mut order: BTreeMap<Option<&Subject>, usize> = BTreeMap::new();
    let mut groups: Vec<(bool, Vec<usize>)> = Vec::new();
    for (at, node) in graph.nodes.iter().enumerate() {
        let subject = node.subject.as_ref();
        let place = *order.entry(subject).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, steps)) => steps.push(at),
            None => groups.push((subject.is_some_and(|s| s.kind == "number"), vec![at])),
        }
    }
    groups.sort_by_key(|(is_number, steps)| (*is_number, graph.nodes[steps[0]].subject.is_some()));
    groups.into_iter().map(|(_, steps)| steps).collect()
}

impl Tracks {
    fn of(cells: &Cells<'_>, edges: impl Iterator<Item = (Edge, Way)>) -> Self {
        let mut spans: BTreeMap<(Gutter, usize), (usize, usize)> = BTreeMap::new();
        let mut add = |gutter, step, one: usize, other: usize| {
            let span = spans.entry((gutter, step)).or_insert((usize::MAX, 0));
            *span = (span.0.min(one.min(other)), span.1.max(one.max(other)));
        };
        // Rows and columns have odd places, gutters between them even ones.
        let middle = |cell: usize| 2 * cell + 1;
        for (Edge { from, to, .. }, way) in edges {
            let ((column, row), (to_column, to_row)) = (cells.places[from], cells.places[to]);
            let (exit, entry) = (Gutter::Column(column + 1), Gutter::Column(to_column));
            match way {
                Way::Straight => {}
                Way::Along => add(entry, from, middle(row), middle(to_row)),
                Way::Between(gutter) => {
                    add(exit, from, middle(row), 2 * gutter);
                    add(Gutter::Row(gutter), from, 2 * (column + 1), 2 * to_column);
                    add(entry, from, 2 * gutter, middle(to_row));
                }
            }
        }
        Self::assigned(&spans)
    }

    /// Gives every span the first track of its gutter that is free there.
    fn assigned(spans: &BTreeMap<(Gutter, usize), (usize, usize)>) -> Self {
        let mut by_gutter: BTreeMap<Gutter, Vec<(usize, usize, usize)>> = BTreeMap::new();
        for ((gutter, step), (low, high)) in spans {
            by_gutter
                .entry(*gutter)
                .or_default()
                .push((*low, *high, *step));
        }
        let mut tracks = Self::default();
        for (gutter, mut spans) in by_gutter {
            spans.sort_unstable();
            let mut ends: Vec<usize> = Vec::new();
            for (low, high, step) in spans {
                let free = ends.iter().position(|end| *end < low);
                let track = free.unwrap_or(ends.len());
                match ends.get_mut(track) {
                    Some(end) => *end = high,
                    None => ends.push(high),
                }
                tracks.of.insert((gutter, step), track);
            }
            tracks.used.insert(gutter, ends.len());
        }
        tracks
    }

    fn width(&self, gutter: Gutter) -> usize {
        let used = self.used.get(&gutter).copied().unwrap_or_default();
        let edge = match gutter {
            Gutter::Column(_) => GUTTER,
            Gutter::Row(_) => GUTTER / 2,
        };
        2 * edge + used.saturating_sub(1) * TRACK
    }
}

/// Where cells and tracks lie.
struct Grid<'a> {
    tracks: &'a Tracks,
    columns: &'a [usize],
    rows: &'a [usize],
    places: &'a [(usize, usize)],
    boxes: &'a [Point],
}

impl Grid<'_> {
    fn points(&self, edge: Edge, way: Way) -> Vec<Point> {
        let Edge { from, to, .. } = edge;
        let (left, top) = self.boxes[from];
        let (to_left, to_top) = self.boxes[to];
        let (out, middle) = (left + BOX_WIDTH, BOX_HEIGHT / 2);
        let (y, to_y) = (top + middle + ASIDE, to_top + middle - ASIDE);
        let exit = Gutter::Column(self.places[from].0 + 1);
        let entry = Gutter::Column(self.places[to].0);
        match way {
            Way::Straight => vec![(out, top + middle), (to_left, top + middle)],
            Way::Along => {
                let x = self.track(entry, from);
                vec![(out, y), (x, y), (x, to_y), (to_left, to_y)]
            }
            Way::Between(gutter) => {
                let (x, to_x) = (self.track(exit, from), self.track(entry, from));
                let between = self.track(Gutter::Row(gutter), from);
                let bends = [(x, y), (x, between), (to_x, between), (to_x, to_y)];
                [(out, y)]
                    .into_iter()
                    .chain(bends)
                    .chain([(to_left, to_y)])
                    .collect()
            }
        }
    }

    /// Where the track of a step's lines lies, from the left or from the top.
    fn track(&self, gutter: Gutter, step: usize) -> usize {
        let (places, size, at) = match gutter {
            Gutter::Column(at) => (self.columns, BOX_WIDTH, at),
            Gutter::Row(at) => (self.rows, BOX_HEIGHT, at),
        };
        let width = self.tracks.width(gutter);
        let start = match places.get(at) {
            Some(place) => place - width,
            None => places.last().map_or(0, |last| last + size),
        };
        let track = self.tracks.of.get(&(gutter, step)).copied();
        let used = self.tracks.used.get(&gutter).copied().unwrap_or_default();
        let edge = (width - used.saturating_sub(1) * TRACK) / 2;
        start + edge + track.unwrap_or_default() * TRACK
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::super::testing::{examples, many},
        *,
    };

    fn all() -> impl Iterator<Item = (&'static str, Graph)> {
        let many = [("wave", many(40, false)), ("chain", many(40, true))];
        examples().chain(many)
    }

    #[test]
    fn no_line_crosses_a_box() {
        for (name, graph) in all() {
            let layout = Layout::of(&graph, 100);
            for (edge, way) in &layout.ways {
                for line in way.windows(2) {
                    for (at, (left, top)) in layout.boxes.iter().enumerate() {
                        let within = |low: usize, size: usize, one: usize, other: usize| {
                            one.min(other) < low + size && one.max(other) > low
                        };
                        let crosses = within(*left, BOX_WIDTH, line[0].0, line[1].0)
                            && within(*top, BOX_HEIGHT, line[0].1, line[1].1);
                        assert!(
                            !crosses,
                            "{name}: {edge:?} crosses {}",
                            graph.nodes[at].address
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn lines_of_different_steps_lie_nowhere_on_each_other() {
        for (name, graph) in all() {
            let layout = Layout::of(&graph, 100);
            let mut lines = BTreeMap::new();
            for (edge, way) in &layout.ways {
                // The last piece goes into the step that needs: there they may meet.
                for line in way[..way.len() - 1].windows(2) {
                    if line[0].0 == line[1].0 {
                        let ys = line[0].1.min(line[1].1)..line[0].1.max(line[1].1);
                        for y in ys {
                            let owner = lines.entry((line[0].0, y)).or_insert(edge.from);
                            assert_eq!(*owner, edge.from, "{name}: {edge:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn boxes_stand_apart_within_the_picture() {
        for (name, graph) in all() {
            let layout = Layout::of(&graph, 100);
            let places: BTreeSet<_> = layout.boxes.iter().collect();
            assert_eq!(places.len(), graph.nodes.len(), "{name}");
            for (left, top) in places {
                assert!(left + BOX_WIDTH <= layout.width, "{name}");
                assert!(top + BOX_HEIGHT <= layout.height, "{name}");
            }
            assert!(layout.width < 4000, "{name}: {}", layout.width);
        }
    }
}
