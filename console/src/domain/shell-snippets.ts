// Shell commands that use, test or store a token. The secret is only in variables and in arguments of the shell's
// builtin `printf`, so it does not appear in the process list.

export interface Command {
  name: string;
  description: string;
  line: string;
}

const VARIABLE = "PORTCULLIS_API_TOKEN";
const HEADER = `printf 'Authorization: Bearer %s' "$${VARIABLE}"`;

export function commands(api: string, secret: string): Command[] {
  const set = `${VARIABLE}=${quoted(secret)}`;
  const value = `printf %s ${quoted(secret)}`;
  return [
    {
      name: "Your API",
      description: "Set the variable, and call your API",
      line: `export ${set}\n${HEADER} | curl -sS https://your-api.example.com/ -H @-`,
    },
    { name: "Portcullis", description: "Test the token", line: `${set}\n${HEADER} | curl -sS ${quoted(`${api}/me`)} -H @-` },
    { name: "GitHub", description: "Save as a GitHub Actions secret (current repository)", line: `${value} | gh secret set ${VARIABLE}` },
    {
      name: "GitLab",
      description: "Save as a masked, protected CI/CD variable (current project)",
      line: `${value} | glab variable set ${VARIABLE} --masked --protected`,
    },
    { name: "Portcullis CLI", description: "Test the token with the CLI", line: `${set} portcullis whoami --url ${quoted(api)}` },
  ];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Replaces the secret in a text by its prefix and the first characters of its ID. */
export function abbreviated(text: string, secret: string): string {
  return text.replaceAll(secret, `${secret.slice(0, secret.indexOf("_") + 5)}…`);
}
