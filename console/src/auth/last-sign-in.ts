// Where this browser last signed in: the provider's issuer, or that the user signed out since. It is in local storage,
// for reloads and new tabs. It is no credential: what signs in is the provider's own session.
const STORED = "portcullis.signed-in";
const SIGNED_OUT = "no";

/** The issuer at which this browser may sign in silently; null if there is none. */
export function lastIssuer(): string | null {
  const last = read();
  return last === SIGNED_OUT ? null : last;
}

/** Whether the user signed out after the last sign-in, so that the provider has to ask who signs in. */
export const hasSignedOut = (): boolean => read() === SIGNED_OUT;

export const rememberSignIn = (issuer: string): void => write(issuer);

export const rememberSignOut = (): void => write(SIGNED_OUT);

/** Ends silent sign-ins until the next sign-in. */
export function forgetSignIn(): void {
  if (!hasSignedOut()) write(null);
}

function read(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

function write(last: string | null): void {
  try {
    if (last === null) localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, last);
  } catch {
    // Without storage, reloading signs out.
  }
}
