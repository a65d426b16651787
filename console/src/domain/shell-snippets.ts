// Shell commands that test or store a token. They use the shell's builtin `printf`, so the secret
// does not appear in the process list.

export interface Command {
  name: string;
  description: string;
  line: string;
}

const VARIABLE = "PORTCULLIS_TOKEN";

export function commands(api: string, secret: string): Command[] {
  const url = quoted(api);
  const value = `printf %s ${quoted(secret)}`;
  return [
    {
      name: "curl",
      description: "Test the token",
      line: `printf 'Authorization: Bearer %s' ${quoted(secret)} | curl -sS ${quoted(`${api}/me`)} -H @-`,
    },
    { name: "GitHub", description: "Save as a GitHub Actions secret (current repository)", line: `${value} | gh secret set ${VARIABLE}` },
    {
      name: "GitLab",
      description: "Save as a masked, protected CI/CD variable (current project)",
      line: `${value} | glab variable set ${VARIABLE} --masked --protected`,
    },
    {
      name: "Portcullis CLI",
      description: "Test the token",
      line: `${value} | portcullis whoami --url ${url} --api-token-file -`,
    },
  ];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Replaces the secret in a text by its prefix and the first characters of its ID. */
export function abbreviated(text: string, secret: string): string {
  return text.replaceAll(secret, `${secret.slice(0, secret.indexOf("_") + 5)}…`);
}

/** Replaces each whole token in a text by its ID. */
export function withoutSecrets(text: string): string {
  return text.replace(/\b[a-z][a-z0-9]{1,15}_([0-9A-Za-z]{16})[0-9A-Za-z]{49}/g, "$1");
}
