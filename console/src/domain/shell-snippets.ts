// Lines for a shell that use a token or store it. `printf` is a part of the shell, so that the
// secret is in no list of processes.

export interface Command {
  name: string;
  does: string;
  line: string;
}

const VARIABLE = "PORTCULLIS_TOKEN";

export function commands(api: string, secret: string): Command[] {
  const url = quoted(api);
  const value = `printf %s ${quoted(secret)}`;
  return [
    {
      name: "curl",
      does: "Asks the service who the token is",
      line: `printf 'Authorization: Bearer %s' ${quoted(secret)} | curl -sS ${quoted(`${api}/me`)} -H @-`,
    },
    { name: "GitHub", does: "Stores it as a secret of the repository you are in", line: `${value} | gh secret set ${VARIABLE}` },
    {
      name: "GitLab",
      does: "Stores it as a masked, protected variable of the project you are in",
      line: `${value} | glab variable set ${VARIABLE} --masked --protected`,
    },
    {
      name: "portcullis",
      does: "Asks the service who the token is, with the command line client",
      line: `${value} | portcullis whoami --url ${url} --api-token-file -`,
    },
  ];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A token as it is shown where it need not be read: prefix and id. */
export function abbreviated(text: string, secret: string): string {
  return text.replaceAll(secret, `${secret.slice(0, secret.indexOf("_") + 5)}…`);
}

/** The id in what looks like a whole token, so that nothing keeps its secret; else null. */
export function idOfToken(text: string): string | null {
  return /^[a-z][a-z0-9]{1,15}_([0-9A-Za-z]{16})[0-9A-Za-z]{49}$/.exec(text.trim())?.[1] ?? null;
}
