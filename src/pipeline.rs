//! Work on blocks by many threads, joined in order.
//!
//! In: what the feed gives, and what is to be done with a block. Out: the same things in the same order,
//! each block with its result. At most [`AHEAD`] things for each thread are between the two ends, which
//! bounds memory; the calling thread feeds and joins, so that slow input is read while blocks are worked on.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, sync_channel};

use rayon::ThreadPool;

use crate::input::block::Block;
use crate::input::stream::{Fed, Trouble};

/// Things that wait or are worked on, for each thread.
const AHEAD: usize = 4;

/// What comes out.
pub(crate) enum Done<R> {
    /// The result of a block of this source.
    Block(usize, R),
    /// The end of this source, the bytes that were read, and why reading ended too early, if it did.
    End(usize, u64, Option<Trouble>),
}

/// Does `work` on all blocks of `feed` in `pool` and gives the results to `join`.
pub(crate) fn run<R: Send>(
    pool: &ThreadPool,
    mut feed: impl Iterator<Item = Fed>,
    work: impl Fn(&Block) -> R + Sync,
    mut join: impl FnMut(Done<R>),
) {
    let most = pool.current_num_threads() * AHEAD;
    let work = &work;
    pool.in_place_scope(|scope| {
        let mut running: VecDeque<Done<Receiver<R>>> = VecDeque::new();
        loop {
            while running.len() < most
                && let Some(fed) = feed.next()
            {
                running.push_back(match fed {
                    Fed::Block(block) => {
                        let (result, later) = sync_channel(1);
                        let source = block.source;
                        // If nobody waits any more, another block's work has panicked.
                        scope.spawn(move |_| drop(result.send(work(&block))));
                        Done::Block(source, later)
                    }
                    Fed::End {
                        source,
                        bytes,
                        trouble,
                    } => Done::End(source, bytes, trouble),
                });
            }
            match running.pop_front() {
                Some(Done::Block(source, later)) => match later.recv() {
                    Ok(result) => join(Done::Block(source, result)),
                    // Its work panicked; the scope passes that on.
                    Err(_) => break,
                },
                Some(Done::End(source, bytes, trouble)) => join(Done::End(source, bytes, trouble)),
                None => break,
            }
        }
    });
}
