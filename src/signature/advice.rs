//! Advice that a person can follow without harm.
//!
//! In: a command from a page, and the text before it. Out: what is wrong with it, and what to write in its place. Two things
//! are looked for: what a shell reads otherwise than the author meant, and what harms bystanders. A command is told from
//! other code by its first word.

/// First words of commands.
const PROGRAMS: &[&str] = &[
    "apk",
    "apt",
    "apt-get",
    "awk",
    "brew",
    "bundle",
    "cargo",
    "cat",
    "chmod",
    "chown",
    "conda",
    "cp",
    "curl",
    "df",
    "dig",
    "dnf",
    "docker",
    "du",
    "find",
    "gem",
    "git",
    "go",
    "grep",
    "helm",
    "java",
    "jcmd",
    "journalctl",
    "kill",
    "kubectl",
    "ls",
    "lsof",
    "mv",
    "mysql",
    "nc",
    "node",
    "npm",
    "npx",
    "openssl",
    "pip",
    "pip3",
    "pnpm",
    "ps",
    "psql",
    "python",
    "python3",
    "redis-cli",
    "rm",
    "sed",
    "ss",
    "ssh",
    "supervisorctl",
    "systemctl",
    "tail",
    "uv",
    "wget",
    "yarn",
    "yum",
];

/// What installs what its arguments ask for: an unquoted `>=` makes a file and installs something else.
const INSTALLERS: &[&str] = &[
    "pip install",
    "pip3 install",
    "uv add",
    "npm install",
    "npm i ",
    "yarn add",
    "pnpm add",
    "gem install",
    "conda install",
    "apt install",
    "apt-get install",
];

/// Parts of commands that harm, with what is wrong, and what to write in their place.
const HARM: &[(&[&str], &str, &str)] = &[
    (
        &["pkill -f", "pkill -9", "killall"],
        "this also kills other programs whose command line looks alike",
        "stop the unit, or one PID that was looked at",
    ),
    (
        &["fuser -k", "xargs kill", "xargs -r kill", "xargs sudo kill"],
        "this kills whatever the list holds: lsof on a port also lists clients",
        "look at the list, then stop the listener's unit or PID",
    ),
    (
        &[
            "docker system prune",
            "docker volume prune",
            "podman system prune",
        ],
        "this also removes what belongs to others, volumes with databases among it",
        "list what takes the space (docker system df -v), and remove that",
    ),
    (
        &[
            "chmod 777",
            "chmod -R 777",
            "chmod 0777",
            "chmod a+rwx",
            "chmod -R a+rwx",
        ],
        "this lets everybody write there",
        "give the one user what it needs (chown, setfacl)",
    ),
    (
        &["DROP TABLE", "DROP DATABASE", "DROP SCHEMA", "TRUNCATE "],
        "this deletes data that nobody can bring back",
        "say what to look at and to save before; do not give the command",
    ),
    (
        &["FLUSHALL", "FLUSHDB"],
        "this empties the store for everybody who uses it",
        "remove the keys that were looked at (UNLINK)",
    ),
    (
        &["git push --force ", "git push -f", "git push origin --force"],
        "this throws away what others have pushed",
        "use --force-with-lease on a branch of one's own",
    ),
    (
        &[
            "curl -k",
            "curl --insecure",
            "--no-check-certificate",
            "NODE_TLS_REJECT_UNAUTHORIZED=0",
            "verify=False",
            "http.sslVerify false",
            "http.sslVerify=false",
            "strict-ssl false",
            "strict-ssl=false",
            "PYTHONHTTPSVERIFY=0",
            "InsecureSkipVerify: true",
            "--trusted-host",
            "StrictHostKeyChecking=no",
        ],
        "without the check anybody in between can read and change everything",
        "make the other side's certificate or key known",
    ),
    (
        &["iptables -F", "setenforce 0", " of=/dev/"],
        "this takes away a protection, or data, of everything on the machine",
        "change the one rule or file that is in the way",
    ),
];

/// What is wrong with a command, and what to write in its place. `before` is the page's text before it.
pub(super) fn harm(command: &str, before: &str) -> Option<(&'static str, &'static str)> {
    if let Some(wrong) = misread(command) {
        return Some(wrong);
    }
    for (parts, message, label) in HARM {
        if parts.iter().any(|part| command.contains(part)) {
            return Some((message, label));
        }
    }
    let upper = command.to_ascii_uppercase();
    if (upper.contains("DELETE FROM ") || (upper.contains("UPDATE ") && upper.contains(" SET ")))
        && !upper.contains(" WHERE ")
    {
        return Some((
            "this changes every row of the table",
            "add the WHERE that the case needs, after a SELECT with the same",
        ));
    }
    let deletes = ["rm -rf ", "rm -fr ", "rm -r "]
        .iter()
        .find_map(|rm| command.split_once(rm));
    if deletes.is_some_and(|(_, what)| {
        what.contains('$') || what.starts_with("/ ") || what == "/" || what.contains("{{")
    }) {
        return Some((
            "if the variable is empty or not what was expected, this deletes something else",
            "write the folder out, or say what to look at first",
        ));
    }
    let hard = ["kill -9", "kill -KILL", "kill -s KILL"]
        .iter()
        .any(|kill| command.contains(kill));
    let gentle = ["kill -TERM", "`kill ", "systemctl stop"]
        .iter()
        .any(|stop| before.contains(stop));
    (hard && !gentle).then_some((
        "a process is killed before it was asked to end",
        "send TERM first, and KILL only if it does not go",
    ))
}

/// What a shell would read otherwise than it was meant.
fn misread(command: &str) -> Option<(&'static str, &'static str)> {
    let words = command.trim_start_matches("sudo ");
    let program = words.split_whitespace().next().unwrap_or_default();
    if !PROGRAMS.contains(&program) {
        return None;
    }
    let Some(bare) = outside_quotes(command) else {
        return Some((
            "a quote is opened and not closed: the shell waits for more",
            "close it, or quote with the other kind",
        ));
    };
    let installs = INSTALLERS.iter().any(|install| command.contains(install));
    if installs && bare.contains(['<', '>', '*', '$']) {
        return Some((
            "a shell takes < and > for redirections here and installs something else",
            "quote the requirement: pip install 'bcrypt>=4.0.1,<5'",
        ));
    }
    if placeholder_in_angles(&bare) {
        return Some((
            "a shell takes the angle brackets of this placeholder for redirections",
            "write the placeholder in capitals, or as {{name}} if the pattern captures it",
        ));
    }
    let inside_word = |c: char| {
        bare.char_indices().filter(|(_, own)| *own == c).any(|(at, _)| {
            let before = bare[..at].chars().next_back();
            let after = bare[at + 1..].chars().next();
            let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '='));
            is_word(before) && is_word(after)
        })
    };
    if inside_word('&') || inside_word(';') || inside_word('|') {
        return Some((
            "a shell ends the command in the middle of this word",
            "quote the word",
        ));
    }
    let pattern = ["-name ", "-iname ", "-path ", "--include=", "--pattern "].iter();
    if pattern
        .filter_map(|flag| bare.split_once(flag))
        .any(|(_, behind)| {
            let word = behind.split_whitespace().next().unwrap_or_default();
            word.contains('*')
        })
    {
        return Some((
            "the shell replaces this pattern by the names of files before the program sees it",
            "quote the pattern",
        ));
    }
    if command.contains("awk \"") && command.contains('$') {
        return Some((
            "a shell puts its own variables in place of awk's fields here",
            "put awk's program into single quotes",
        ));
    }
    None
}

/// The command with what stands in quotes, or behind a backslash, replaced by underscores; nothing if a quote is not closed.
fn outside_quotes(command: &str) -> Option<String> {
    let mut bare = String::with_capacity(command.len());
    let mut quote = None;
    let mut escaped = false;
    for c in command.chars() {
        let plain = quote.is_none() && !escaped && !matches!(c, '\'' | '"' | '\\');
        bare.push(if plain && c.is_ascii() { c } else { '_' });
        match quote {
            _ if escaped => escaped = false,
            Some('\'') if c == '\'' => quote = None,
            Some('\'') => {}
            _ if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            _ => {}
        }
    }
    quote.is_none().then_some(bare)
}

/// Whether `<name>` stands in it, rather than a redirection.
fn placeholder_in_angles(bare: &str) -> bool {
    bare.split('<').skip(1).any(|behind| {
        behind.split_once('>').is_some_and(|(name, _)| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_misreads_is_found() {
        for wrong in [
            "pip install bcrypt>=4.0.0,<5.0.0",
            "sudo pip install bcrypt>=4",
            "npm install left-pad@>1.2",
            "curl http://localhost:8000/x?a=1&b=2",
            "ss -ltnp 'sport = :8000",
            "kill <pid>",
            "find /var/log -name *.gz",
            "ps aux | awk \"{print $2}\"",
            "psql -c select;vacuum",
        ] {
            assert!(misread(wrong).is_some(), "{wrong}");
        }
        for right in [
            "pip install 'bcrypt>=4.0.0,<5.0.0'",
            "curl 'http://localhost:8000/x?a=1&b=2'",
            "curl -fsS localhost:8000/health && echo ok",
            "grep -c x file 2>&1 | tail -1; echo done",
            "find /var/log -name '*.gz' -exec ls -l {} \\;",
            "ps aux | awk '{print $2}'",
            "psql -c \"select 'a'\" < dump.sql > out.txt",
            "a <b> is no command",
            "don't",
        ] {
            assert_eq!(misread(right), None, "{right}");
        }
    }

    #[test]
    fn what_harms_bystanders_is_found() {
        for wrong in [
            "lsof -ti:8000 | xargs kill -9",
            "lsof -ti:8000 | xargs kill",
            "pkill -f uvicorn",
            "killall node",
            "kill -9 4711",
            "fuser -k 8000/tcp",
            "rm -rf $DIR/cache",
            "rm -rf \"{{path}}\"",
            "docker system prune -a",
            "chmod -R 777 /srv",
            "psql -c 'DROP TABLE x'",
            "DELETE FROM sessions;",
            "update users set active = true",
            "git push --force origin main",
            "redis-cli FLUSHALL",
            "curl -k https://localhost",
            "NODE_TLS_REJECT_UNAUTHORIZED=0 node app.js",
        ] {
            assert!(harm(wrong, "").is_some(), "{wrong}");
        }
        for right in [
            "DELETE FROM sessions WHERE expires < now();",
            "git push --force-with-lease",
            "rm -rf node_modules",
            "docker system df -v",
            "kill 4711",
        ] {
            assert_eq!(harm(right, ""), None, "{right}");
        }
        assert_eq!(harm("kill -9 4711", "First `kill 4711`, then "), None);
    }
}
