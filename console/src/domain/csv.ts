// CSV files.

/** CSV as in RFC 4180. Every cell is quoted. Excel reads UTF-8 only after a byte order mark. */
export function csvOf(lines: readonly (readonly string[])[]): string {
  return `\uFEFF${lines.map((line) => `${line.map(quoted).join(",")}\r\n`).join("")}`;
}

/**
 * An apostrophe keeps spreadsheets from reading a cell as a formula (https://owasp.org/www-community/attacks/CSV_Injection),
 * or one of its lines: some split cells at line breaks.
 */
function quoted(text: string): string {
  const safe = text.replace(/^(?=[\t\r\n])/, "'").replace(/^(?=[^\S\r\n]*[=+\-@＝＋－＠])/gm, "'");
  return `"${safe.replaceAll('"', '""')}"`;
}
