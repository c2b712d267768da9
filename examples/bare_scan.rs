//! Only looks for the places where gate literals stand: `bare_scan PAGES THREADS LOG`.
//!
//! What a scan costs beyond this is the price of records, times and the report. `benches/compare.py` puts both side by
//! side. Prints how many places there are.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;

use incident::Options;
use incident::signature::Library;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let mut next = || arguments.next().ok_or("usage: bare_scan PAGES THREADS LOG");
    let pages = PathBuf::from(next()?);
    let threads = next()?.to_string_lossy().parse()?;
    let mut library = Library::default();
    library.add_path(&pages)?;
    let options = Options {
        threads,
        ..Options::new(vec![PathBuf::from(next()?)], 0)
    };
    let places = incident::gate_places(&options, &library)?;
    Ok(writeln!(io::stdout(), "{places}")?)
}
