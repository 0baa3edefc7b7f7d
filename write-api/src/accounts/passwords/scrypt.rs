//! scrypt (RFC 7914), to check hashes that were imported. Must never make a new one: new passwords get Argon2id.

use std::num::NonZeroU32;

use ring::pbkdf2::{self, PBKDF2_HMAC_SHA256};

/// The parameters: N, a power of two above one; r and p, at least one. The caller bounds them: `128 * n * r` bytes are
/// taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) n: u32,
    pub(super) r: u32,
    pub(super) p: u32,
}

/// 64 bytes as little-endian words.
type Block = [u32; 16];

const BLOCK_BYTES: usize = 64;

/// Whether `output` is what scrypt makes of the password. Compares in constant time.
pub(super) fn verify(password: &[u8], salt: &[u8], cost: Cost, output: &[u8]) -> bool {
    let (n, r, p) = (cost.n as usize, cost.r as usize, cost.p as usize);
    let mut mixed = vec![0; p * 2 * r * BLOCK_BYTES];
    pbkdf2::derive(PBKDF2_HMAC_SHA256, NonZeroU32::MIN, salt, password, &mut mixed);
    let mut seen = Vec::with_capacity(n * 2 * r);
    for part in mixed.chunks_exact_mut(2 * r * BLOCK_BYTES) {
        rom_mix(part, n, &mut seen);
    }
    pbkdf2::verify(PBKDF2_HMAC_SHA256, NonZeroU32::MIN, &mixed, password, output).is_ok()
}

/// `scryptROMix` of RFC 7914, section 5. `seen` is the memory that it fills.
fn rom_mix(part: &mut [u8], n: usize, seen: &mut Vec<Block>) {
    let mut blocks: Vec<Block> = part.chunks_exact(BLOCK_BYTES).map(read).collect();
    let mut other = blocks.clone();
    let length = blocks.len();
    seen.clear();
    for _ in 0..n {
        seen.extend_from_slice(&blocks);
        block_mix(&blocks, &mut other);
        std::mem::swap(&mut blocks, &mut other);
    }
    for _ in 0..n {
        // N is a power of two of at most 32 bits, so the first word of the last block decides.
        let which = blocks[length - 1][0] as usize & (n - 1);
        for (block, seen) in blocks.iter_mut().zip(&seen[which * length..]) {
            add(block, seen);
        }
        block_mix(&blocks, &mut other);
        std::mem::swap(&mut blocks, &mut other);
    }
    for (bytes, block) in part.chunks_exact_mut(BLOCK_BYTES).zip(&blocks) {
        write(bytes, block);
    }
}

/// `scryptBlockMix` of RFC 7914, section 4: blocks at even places come first, then those at odd ones.
fn block_mix(blocks: &[Block], mixed: &mut [Block]) {
    let mut last = blocks[blocks.len() - 1];
    for (number, block) in blocks.iter().enumerate() {
        add(&mut last, block);
        salsa20_8(&mut last);
        mixed[number / 2 + number % 2 * (blocks.len() / 2)] = last;
    }
}

/// The Salsa20/8 core of RFC 7914, section 3.
fn salsa20_8(block: &mut Block) {
    const COLUMNS: [[usize; 4]; 4] = [[0, 4, 8, 12], [5, 9, 13, 1], [10, 14, 2, 6], [15, 3, 7, 11]];
    const ROWS: [[usize; 4]; 4] = [[0, 1, 2, 3], [5, 6, 7, 4], [10, 11, 8, 9], [15, 12, 13, 14]];
    let before = *block;
    for _ in 0..4 {
        for [a, b, c, d] in COLUMNS.into_iter().chain(ROWS) {
            block[b] ^= block[a].wrapping_add(block[d]).rotate_left(7);
            block[c] ^= block[b].wrapping_add(block[a]).rotate_left(9);
            block[d] ^= block[c].wrapping_add(block[b]).rotate_left(13);
            block[a] ^= block[d].wrapping_add(block[c]).rotate_left(18);
        }
    }
    for (word, before) in block.iter_mut().zip(before) {
        *word = word.wrapping_add(before);
    }
}

fn add(block: &mut Block, other: &Block) {
    for (word, other) in block.iter_mut().zip(other) {
        *word ^= other;
    }
}

fn read(bytes: &[u8]) -> Block {
    let mut block = [0; 16];
    for (word, bytes) in block.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    block
}

fn write(bytes: &mut [u8], block: &Block) {
    for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(block) {
        *bytes = word.to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_those_of_the_rfc() {
        // RFC 7914, section 12, but for the last one, which takes a gigabyte.
        for (password, salt, (n, r, p), output) in [
            (
                "",
                "",
                (16, 1, 1),
                "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906",
            ),
            (
                "password",
                "NaCl",
                (1024, 8, 16),
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
            ),
        ] {
            let cost = Cost { n, r, p };
            let output = hex::decode(output).unwrap();
            assert!(
                verify(password.as_bytes(), salt.as_bytes(), cost, &output),
                "{password}"
            );
            assert!(!verify(b"other", salt.as_bytes(), cost, &output), "{password}");
        }
    }

    #[test]
    fn the_core_is_that_of_the_rfc() {
        // RFC 7914, section 8.
        let input = "7e879a214f3ec9867ca940e641718f26baee555b8c61c1b50df846116dcd3b1dee24f319df9b3d8514121e4b5ac5aa3276021d2909c74829edebc68db8b8c25e";
        let output = "a41f859c6608cc993b81cacb020cef05044b2181a2fd337dfd7b1c6396682f29b4393168e3c9e6bcfe6bc5b7a06d96bae424cc102c91745c24ad673dc7618f81";
        let mut block = read(&hex::decode(input).unwrap());
        salsa20_8(&mut block);
        assert_eq!(block, read(&hex::decode(output).unwrap()));
    }
}
