//! CI archives that hold the same lines twice.
//!
//! In: names of files. Out: which of them repeat another one. GitHub Actions and Azure Pipelines write
//! the log of a whole job (`0_build.txt`) and beside it a folder with a file for each of its steps
//! (`build/1_Set up job.txt`). Either may be missing. Where both are there, the job's file is read: it
//! has the lines in their order, and some that are in no step.

/// How many jobs are kept in mind; a run has at most 256.
const JOBS: usize = 4096;

/// Names are cut at 90 characters or later. One with fewer bytes than this, not counting spaces, was not cut.
const CUT: usize = 60;

/// For each of these names (paths with `/`): whether it is a step of a job whose file is there too.
pub(super) fn repeated_steps(names: &[&str]) -> Vec<bool> {
    let mut jobs = JobFiles::default();
    for name in names {
        jobs.see(name);
    }
    names.iter().map(|name| jobs.have_step(name)).collect()
}

/// The files of jobs that were seen so far, for names that come one after the other. In the archives
/// themselves the file of a job stands before its steps.
#[derive(Debug, Default)]
pub(super) struct JobFiles {
    /// Folder, and name of the job.
    jobs: Vec<(String, String)>,
}

impl JobFiles {
    /// Keeps `name` in mind if it is the file of a job.
    pub(super) fn see(&mut self, name: &str) {
        let (folder, file) = split(name);
        if let Some(job) = numbered(file)
            && self.jobs.len() < JOBS
        {
            self.jobs.push((folder.to_owned(), plain(job)));
        }
    }

    /// Whether `name` is a step of a job whose file was seen.
    pub(super) fn have_step(&self, name: &str) -> bool {
        let (folder, file) = split(name);
        if folder.is_empty() || numbered(file).is_none() {
            return false;
        }
        let (outer, step_of) = split(folder);
        let step_of = plain(step_of);
        self.jobs
            .iter()
            .any(|(folder, job)| folder == outer && same_job(job, &step_of))
    }
}

/// The folder and the last part of a path.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// What stands between `N_` and `.txt`. The number of a job may be negative.
fn numbered(file: &str) -> Option<&str> {
    let (number, name) = file.strip_suffix(".txt")?.split_once('_')?;
    let digits = number.strip_prefix('-').unwrap_or(number);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !name.is_empty()).then_some(name)
}

/// A job's name without what one place removes or replaces and another may not.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|character| match character {
        '"' | '\\' | ':' | '<' | '>' | '|' | '*' | '?' => false,
        character => !character.is_control() && !character.is_whitespace(),
    });
    kept.collect::<String>().trim_end_matches('.').to_owned()
}

/// Both were made from one name, but may have been cut differently.
fn same_job(left: &str, right: &str) -> bool {
    let (short, long) = if left.len() <= right.len() {
        (left, right)
    } else {
        (right, left)
    };
    !short.is_empty() && long.starts_with(short) && (short.len() == long.len() || short.len() >= CUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_skipped_where_the_file_of_their_job_is_there() {
        let names = [
            "0_build (ubuntu, 3.12).txt",
            "build (ubuntu, 3.12)/1_Set up job.txt",
            "build (ubuntu, 3.12)/10_Run tests.txt",
            "build (ubuntu, 3.12)/system.txt",
            "lint/1_Set up job.txt",
            "-99999999_deploy.txt",
            "deploy/2_Ship it.txt",
        ];
        let repeated = [false, true, true, false, false, false, true];
        assert_eq!(repeated_steps(&names), repeated);
    }

    #[test]
    fn the_rule_holds_in_any_folder_but_not_across_folders() {
        let names = [
            "logs/run 1/0_build.txt",
            "logs/run 1/build/1_Set up job.txt",
            "logs/run 2/build/1_Set up job.txt",
            "logs/run 1/build/deeper/1_Set up job.txt",
        ];
        assert_eq!(repeated_steps(&names), [false, true, false, false]);
    }

    #[test]
    fn names_that_were_cut_or_lost_characters_are_still_one_job() {
        let long =
            "integration tests of the storage service with postgres fourteen and redis seven on ubuntu";
        let job = format!("3_{long} twenty-two.txt");
        let step = format!("{long}/4_Run.txt");
        assert_eq!(repeated_steps(&[&job, &step]), [false, true]);
        let names = ["1_build: a  b.txt", "build a b/1_Set up job.txt"];
        assert_eq!(repeated_steps(&names), [false, true]);
    }

    #[test]
    fn a_short_name_that_begins_another_is_another_job() {
        let names = ["0_build.txt", "build-docs/1_Set up job.txt"];
        assert_eq!(repeated_steps(&names), [false, false]);
    }

    #[test]
    fn ordinary_logs_are_not_steps() {
        let names = [
            "app.log",
            "app/1.txt",
            "0_.txt",
            "/1_x.txt",
            "x/_1.txt",
            "1_/1_x.txt",
        ];
        assert_eq!(repeated_steps(&names), [false; 6]);
    }
}
