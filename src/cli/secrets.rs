//! Fetches secrets from where a plan says they are: environment, file, command.

use std::{process::Stdio, time::Duration};

use futures_util::future::{BoxFuture, FutureExt};
use tokio::process::Command;

use crate::secret::{Secret, SecretError, SecretRef, Secrets};

/// How long a command may take. A person may have to touch a key for it.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(120);

/// No secret is longer; a file or command that gives more is the wrong one.
const LONGEST: usize = 64 * 1024;

/// The machine's own secrets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SystemSecrets;

impl Secrets for SystemSecrets {
    fn read<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Result<Secret, SecretError>> {
        async move {
            let text = match reference {
                SecretRef::Env(name) => from_environment(name).ok_or_else(|| missing(reference))?,
                SecretRef::File(path) => from_file(reference, path)?,
                SecretRef::Command { argv, folder } => {
                    from_command(reference, argv, folder).await?
                }
            };
            let text = text
                .strip_suffix('\n')
                .map(|text| text.strip_suffix('\r').unwrap_or(text))
                .unwrap_or(&text);
            if text.is_empty() {
                Err(missing(reference))
            } else {
                Ok(Secret::new(text))
            }
        }
        .boxed()
    }
}

fn missing(reference: &SecretRef) -> SecretError {
    SecretError::Missing(reference.clone())
}

#[expect(
    clippy::disallowed_methods,
    reason = "plans may refer to the environment"
)]
fn from_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[expect(clippy::disallowed_methods, reason = "plans may refer to files")]
fn from_file(reference: &SecretRef, path: &std::path::Path) -> Result<String, SecretError> {
    let text = std::fs::read_to_string(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => missing(reference),
        _ => SecretError::Unreadable {
            reference: reference.clone(),
            source,
        },
    })?;
    if text.len() > LONGEST {
        let source = std::io::Error::other("it is too long for a secret");
        return Err(SecretError::Unreadable {
            reference: reference.clone(),
            source,
        });
    }
    Ok(text)
}

async fn from_command(
    reference: &SecretRef,
    argv: &[String],
    folder: &std::path::Path,
) -> Result<String, SecretError> {
    let failed = |problem: String| SecretError::Command {
        reference: reference.clone(),
        problem,
    };
    let (program, arguments) = argv
        .split_first()
        .ok_or_else(|| failed("is empty".into()))?;
    let folder = if folder.as_os_str().is_empty() {
        std::path::Path::new(".")
    } else {
        folder
    };
    let child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(COMMAND_TIMEOUT, child)
        .await
        .map_err(|_| failed(format!("took longer than {} s", COMMAND_TIMEOUT.as_secs())))?
        .map_err(|error| failed(format!("cannot be started: {error}")))?;
    if !output.status.success() {
        return Err(failed(format!("ended with {}", output.status)));
    }
    if output.stdout.len() > LONGEST {
        return Err(failed("printed more than a secret".into()));
    }
    String::from_utf8(output.stdout).map_err(|_| failed("printed something that is no text".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(reference: SecretRef) -> Result<String, String> {
        let secret = SystemSecrets.read(&reference).await;
        secret
            .map(|secret| secret.expose().to_owned())
            .map_err(|error| error.to_string())
    }

    fn command(argv: &[&str]) -> SecretRef {
        let argv = argv.iter().map(ToString::to_string).collect();
        SecretRef::Command {
            argv,
            folder: ".".into(),
        }
    }

    #[tokio::test]
    async fn one_trailing_newline_is_dropped() {
        assert_eq!(
            read(command(&["printf", "123456\n"])).await,
            Ok("123456".into())
        );
        assert_eq!(
            read(command(&["printf", "12\n\n"])).await,
            Ok("12\n".into())
        );
    }

    #[tokio::test]
    async fn a_failing_command_is_named_without_its_output() {
        assert_eq!(
            read(command(&["sh", "-c", "echo EAAsecret; exit 3"])).await,
            Err("command sh ended with exit status: 3".into())
        );
        assert_eq!(
            read(command(&["true"])).await,
            Err("command true gives nothing".into())
        );
        assert!(
            read(command(&["/no/such/program"]))
                .await
                .unwrap_err()
                .contains("cannot be started")
        );
    }

    #[tokio::test]
    async fn what_is_not_there_is_missing() {
        let file = SecretRef::File("/no/such/file".into());
        assert_eq!(
            read(file).await,
            Err("file /no/such/file gives nothing".into())
        );
        let variable = SecretRef::Env("WABA_MIGRATE_NO_SUCH_VARIABLE".into());
        assert_eq!(
            read(variable).await,
            Err("environment variable WABA_MIGRATE_NO_SUCH_VARIABLE gives nothing".into())
        );
    }
}
