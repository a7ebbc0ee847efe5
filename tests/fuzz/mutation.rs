//! Small changes to bytes, drawn from a seed: the same seed makes the same ones.

/// Numbers that look random: SplitMix64.
///
/// Source: <https://prng.di.unimi.it/splitmix64.c>
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`; 0 where there is none.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// Returns a short range of `bytes`.
    fn range(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let start = self.below(bytes.len());
        let most = self.below(64) + 1;
        let length = self.below(most) + 1;
        start..(start + length).min(bytes.len())
    }
}

/// Bytes that mean something to a reader of YAML or JSON.
const TELLING: &[&[u8]] = &[
    b"\n",
    b"\r\n",
    b"\t",
    b"\"",
    b"'",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b": ",
    b"- ",
    b"#",
    b"&a ",
    b"*a",
    b"!x ",
    b"|\n",
    b"~",
    b"null",
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"\x00",
    b"\x1b[31m",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"\xf0\x9f\x98\x80",
    b"-1",
    b"1e308",
    b"18446744073709551616",
    b"9223372036854775807",
    b"-000001-01-01T00:00:00Z",
    b"true",
];

/// Changes `bytes` one to four times; `other` is where splices come from.
pub(crate) fn mutated(bytes: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(4) {
        change(&mut bytes, other, random);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let range = random.range(bytes);
    match random.below(7) {
        0 if !bytes.is_empty() => bytes[range.start] ^= 1 << random.below(8),
        1 => drop(bytes.drain(range)),
        2 => {
            let copy = bytes[range].to_vec();
            let at = random.below(bytes.len());
            drop(bytes.splice(at..at, copy));
        }
        3 => {
            let piece = other[random.range(other)].to_vec();
            drop(bytes.splice(range, piece));
        }
        4 => {
            let piece = TELLING[random.below(TELLING.len())];
            drop(bytes.splice(range.start..range.start, piece.iter().copied()));
        }
        5 => {
            let piece = TELLING[random.below(TELLING.len())];
            drop(bytes.splice(range, piece.iter().copied()));
        }
        _ => bytes.truncate(range.end),
    }
}
