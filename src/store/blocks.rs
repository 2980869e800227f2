//! Gzip in independent blocks, so that all cores compress and inflate one file, and the bytes do
//! not depend on the number of cores.
//!
//! Each block is a gzip member of its own, with a fixed header (no time, no name, unknown system)
//! and one extra field `GB` that holds the member's length and the CRC-32 of its deflated bytes:
//! deflate has bits without meaning, and even a change to those must be noticed. `gzip -d` and `tar
//! xzf` read the whole as they read any concatenated gzip file.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress, Status};

/// Bytes of content in a block; the last one may have fewer. Part of the format.
pub(crate) const BLOCK: usize = 1 << 20;

/// Part of the format: another level gives other bytes.
const LEVEL: u32 = 5;

/// Magic, deflate, extra field, no time, no flags, unknown system, 12 bytes extra: `GB`, 8 bytes.
const HEADER: [u8; 16] = [
    0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 12, 0, b'G', b'B', 8, 0,
];

/// Header, length and checksum before the deflated bytes.
const BEFORE: usize = HEADER.len() + 8;

/// Checksum and size of the content behind them.
const AFTER: usize = 8;

/// Workers are capped, because each holds a few blocks in memory.
fn workers() -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .clamp(1, 6)
}

type Job = (Vec<u8>, SyncSender<io::Result<Vec<u8>>>);

/// Threads that turn blocks into other blocks; results come in the order of the requests.
struct Pool {
    jobs: Option<SyncSender<Job>>,
    waiting: VecDeque<Receiver<io::Result<Vec<u8>>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    fn new<T: FnMut(&[u8]) -> io::Result<Vec<u8>> + Send + 'static>(make: fn() -> T) -> Self {
        let (jobs, queue) = sync_channel::<Job>(1);
        let queue = Arc::new(Mutex::new(queue));
        let work = move |queue: Arc<Mutex<Receiver<Job>>>| {
            let mut turn = make();
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok((block, done)) = next else { return };
                // A dropped receiver means that the result is not needed any more.
                drop(done.send(turn(&block)));
            }
        };
        let threads = (0..workers())
            .map(|_| {
                let queue = Arc::clone(&queue);
                std::thread::spawn(move || work(queue))
            })
            .collect();
        Self {
            jobs: Some(jobs),
            waiting: VecDeque::new(),
            threads,
        }
    }

    fn full(&self) -> bool {
        self.waiting.len() > self.threads.len() + 1
    }

    fn submit(&mut self, block: Vec<u8>) -> io::Result<()> {
        let (done, result) = sync_channel(1);
        let jobs = self.jobs.as_ref().ok_or_else(died)?;
        jobs.send((block, done)).map_err(|_| died())?;
        self.waiting.push_back(result);
        Ok(())
    }

    /// The next result in order; none after the last.
    fn next(&mut self) -> Option<io::Result<Vec<u8>>> {
        let result = self.waiting.pop_front()?.recv();
        Some(result.unwrap_or_else(|_| Err(died())))
    }
}

fn died() -> io::Error {
    io::Error::other("a worker thread died")
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.waiting.clear();
        self.jobs = None;
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

/// Compresses what is written to it. Nothing is complete before [`BlockWriter::finish`].
pub(crate) struct BlockWriter<W: Write> {
    to: W,
    pool: Pool,
    block: Vec<u8>,
}

impl<W: Write> BlockWriter<W> {
    pub(crate) fn new(to: W) -> Self {
        Self {
            to,
            pool: Pool::new(compressor),
            block: Vec::with_capacity(BLOCK),
        }
    }

    fn give_out(&mut self) -> io::Result<()> {
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK));
        self.pool.submit(block)?;
        while self.pool.full() {
            self.write_next()?;
        }
        Ok(())
    }

    fn write_next(&mut self) -> io::Result<bool> {
        match self.pool.next() {
            Some(member) => self.to.write_all(&member?).map(|()| true),
            None => Ok(false),
        }
    }

    /// Writes the rest, and returns the inner writer.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        if !self.block.is_empty() {
            self.give_out()?;
        }
        while self.write_next()? {}
        Ok(self.to)
    }
}

impl<W: Write> Write for BlockWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..count]);
        if self.block.len() == BLOCK {
            self.give_out()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn compressor() -> impl FnMut(&[u8]) -> io::Result<Vec<u8>> + Send {
    let mut deflate = Compress::new(Compression::new(LEVEL), false);
    move |block| {
        deflate.reset();
        let mut member = Vec::with_capacity(block.len() + block.len() / 8 + 1024);
        member.extend_from_slice(&HEADER);
        member.extend_from_slice(&[0; BEFORE - HEADER.len()]);
        let status = deflate
            .compress_vec(block, &mut member, FlushCompress::Finish)
            .map_err(io::Error::other)?;
        if status != Status::StreamEnd {
            return Err(io::Error::other("a block could not be compressed"));
        }
        let own = crc(&member[BEFORE..]).sum();
        let content = crc(block);
        member.extend_from_slice(&content.sum().to_le_bytes());
        member.extend_from_slice(&content.amount().to_le_bytes());
        let length = u32::try_from(member.len()).map_err(io::Error::other)?;
        member[HEADER.len()..HEADER.len() + 4].copy_from_slice(&length.to_le_bytes());
        member[HEADER.len() + 4..BEFORE].copy_from_slice(&own.to_le_bytes());
        Ok(member)
    }
}

fn crc(bytes: &[u8]) -> Crc {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc
}

/// Inflates what [`BlockWriter`] wrote, and nothing else. A block never becomes larger than
/// [`BLOCK`], whatever its header says.
pub(crate) struct BlockReader<R: Read> {
    from: R,
    pool: Pool,
    block: io::Cursor<Vec<u8>>,
    ended: bool,
    short_before: bool,
}

impl<R: Read> BlockReader<R> {
    pub(crate) fn new(from: R) -> Self {
        Self {
            from,
            pool: Pool::new(inflater),
            block: io::Cursor::default(),
            ended: false,
            short_before: false,
        }
    }

    /// Reads one member; nothing at the end of the file.
    fn member(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut head = [0; BEFORE];
        let mut filled = 0;
        while filled < head.len() {
            match self.from.read(&mut head[filled..])? {
                0 if filled == 0 => return Ok(None),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => filled += count,
            }
        }
        let (fixed, length) = head.split_at(HEADER.len());
        let length = length[..4]
            .iter()
            .rev()
            .fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
        if fixed != HEADER || !(BEFORE + AFTER..=BLOCK * 2).contains(&length) {
            return Err(invalid("it is not gzip in blocks as bundles are written"));
        }
        let mut member = head.to_vec();
        member.resize(length, 0);
        self.from.read_exact(&mut member[head.len()..])?;
        Ok(Some(member))
    }

    fn fill(&mut self) -> io::Result<()> {
        while !self.ended && !self.pool.full() {
            match self.member()? {
                Some(member) => self.pool.submit(member)?,
                None => self.ended = true,
            }
        }
        let block = self.pool.next().transpose()?.unwrap_or_default();
        if !block.is_empty() && self.short_before {
            return Err(invalid("a block that is not the last is short"));
        }
        self.short_before = block.len() < BLOCK;
        self.block = io::Cursor::new(block);
        Ok(())
    }
}

impl<R: Read> Read for BlockReader<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.block.position() == self.block.get_ref().len() as u64 {
            self.fill()?;
        }
        self.block.read(to)
    }
}

fn inflater() -> impl FnMut(&[u8]) -> io::Result<Vec<u8>> + Send {
    let mut inflate = Decompress::new(false);
    move |member| {
        inflate.reset(false);
        let (head, deflated) = member.split_at(BEFORE);
        let (deflated, tail) = deflated.split_at(deflated.len() - AFTER);
        if head[HEADER.len() + 4..] != crc(deflated).sum().to_le_bytes() {
            return Err(invalid("a block was changed"));
        }
        let mut block = Vec::with_capacity(BLOCK);
        let status = inflate
            .decompress_vec(deflated, &mut block, FlushDecompress::Finish)
            .map_err(|_| invalid("a block cannot be inflated"))?;
        let content = crc(&block);
        let sums = [content.sum().to_le_bytes(), content.amount().to_le_bytes()].concat();
        let all = inflate.total_in() == deflated.len() as u64;
        if status != Status::StreamEnd || !all || tail != sums {
            return Err(invalid("a block is not what it says"));
        }
        if block.is_empty() {
            return Err(invalid("a block is empty"));
        }
        Ok(block)
    }
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compressed(bytes: &[u8]) -> Vec<u8> {
        let mut writer = BlockWriter::new(Vec::new());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1u64;
        std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        })
        .take(length)
        .collect()
    }

    #[test]
    fn what_goes_in_comes_out_for_every_length_around_a_block() {
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 9 * BLOCK + 17] {
            for bytes in [noise(length), vec![b'a'; length]] {
                let mut out = Vec::new();
                let packed = compressed(&bytes);
                BlockReader::new(packed.as_slice())
                    .read_to_end(&mut out)
                    .unwrap();
                assert!(out == bytes, "{length}");
            }
        }
    }

    #[test]
    fn any_gzip_reader_reads_it() {
        let bytes = noise(3 * BLOCK + 5);
        let packed = compressed(&bytes);
        let mut out = Vec::new();
        flate2::read::MultiGzDecoder::new(packed.as_slice())
            .read_to_end(&mut out)
            .unwrap();
        assert!(out == bytes);
    }

    #[test]
    fn a_flipped_bit_or_a_cut_never_gives_other_content() {
        let bytes = [noise(BLOCK), b"the end of a log\n".repeat(40)].concat();
        let packed = compressed(&bytes);
        let start = packed.len() - 200;
        for at in (0..40).chain(start..packed.len()) {
            let mut broken = packed.clone();
            broken[at] ^= 1 << (at % 8);
            let mut out = Vec::new();
            let read = BlockReader::new(broken.as_slice()).read_to_end(&mut out);
            assert!(read.is_err(), "byte {at}");
        }
        for length in (start..packed.len()).chain([1, 30, 500]) {
            let mut out = Vec::new();
            let read = BlockReader::new(&packed[..length]).read_to_end(&mut out);
            assert!(read.is_err() || out.len() == BLOCK, "{length}");
        }
    }

    #[test]
    fn a_block_that_would_grow_beyond_its_size_is_refused() {
        let mut turn = compressor();
        let bomb = turn(&vec![0; BLOCK * 4]).unwrap();
        let mut out = Vec::new();
        let error = BlockReader::new(bomb.as_slice())
            .read_to_end(&mut out)
            .unwrap_err();
        assert_eq!((error.kind(), out.len()), (io::ErrorKind::InvalidData, 0));
    }
}
