// Removal of credentials from texts that are about to be stored or put into the URL.

/** Replaces each whole token in a text by its ID, and each JWT by an ellipsis. */
export function withoutSecrets(text: string): string {
  const withoutTokens = text.replace(/[a-z][a-z0-9]{1,15}_([0-9A-Za-z]{16})[0-9A-Za-z]{49}/g, "$1");
  return withoutTokens.replace(/eyJ[\w-]{10,}(\.[\w-]*){2,}/g, "…");
}
