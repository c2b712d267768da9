//! Work on blocks by many threads, joined in order.
//!
//! In: batches of what the feed gives, and what is to be done with a block. Out: the same things in the same order,
//! each block with its result. At most [`AHEAD`] batches for each thread are between the two ends, which
//! bounds memory. The calling thread feeds and joins, so that slow input is read while blocks are worked on.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, sync_channel};

use rayon::ThreadPool;

use crate::input::block::Block;
use crate::input::stream::{Batch, Fed};

/// Batches that wait or are worked on, for each thread.
const AHEAD: usize = 3;

/// The work on a block was ended by a defect of this program.
#[derive(Debug)]
pub(crate) struct Defect {
    /// Where its body begins in the source, in bytes.
    pub(crate) at: u64,
}

/// What was made of a block.
pub(crate) type Worked<R> = Result<R, Defect>;

/// Does `work` on all blocks of `feed` in `pool` and gives the results to `join`.
pub(crate) fn run<R: Send>(
    pool: &ThreadPool,
    mut feed: impl Iterator<Item = Batch>,
    work: impl Fn(&Block) -> R + Sync,
    mut join: impl FnMut(Fed<Worked<R>>),
) {
    let most = pool.current_num_threads() * AHEAD;
    let work = &work;
    pool.in_place_scope(|scope| {
        let mut running: VecDeque<Receiver<Vec<Fed<Worked<R>>>>> = VecDeque::new();
        loop {
            while running.len() < most
                && let Some(batch) = feed.next()
            {
                let (result, later) = sync_channel(1);
                // If nobody waits any more, the run has ended.
                scope.spawn(move |_| drop(result.send(worked(batch, work))));
                running.push_back(later);
            }
            let Some(Ok(results)) = running.pop_front().map(|later| later.recv()) else {
                break;
            };
            results.into_iter().for_each(&mut join);
        }
    });
}

/// Does the work on the blocks of a batch. A defect costs one block, not the run.
fn worked<R>(batch: Batch, work: &impl Fn(&Block) -> R) -> Vec<Fed<Worked<R>>> {
    let work = |block: Block| {
        let at = block.window_at() + block.body().start as u64;
        catch_unwind(AssertUnwindSafe(|| work(&block))).map_err(|_| Defect { at })
    };
    batch.into_iter().map(|fed| fed.map(work)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::input::Source;

    #[test]
    fn a_panic_costs_one_block_and_order_is_kept() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        let feed = (0..100_usize).map(|number| {
            let begin = Fed::Begin(Arc::new(Source::stdin()));
            vec![begin, Fed::Block(Block::whole(number, vec![0; number]))]
        });
        let work = |block: &Block| {
            if block.source == 7 {
                panic!("a defect, on purpose");
            }
            block.body().len()
        };
        let mut seen = Vec::new();
        run(&pool, feed, work, |fed| {
            if let Fed::Block(result) = fed {
                seen.push(result.ok());
            }
        });
        let expected: Vec<Option<usize>> = (0..100).map(|n| (n != 7).then_some(n)).collect();
        assert_eq!(seen, expected);
    }
}
