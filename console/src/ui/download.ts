// Downloads of text that the console made.

export function download(name: string, type: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  // Later, because the browser may not have read it yet.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
