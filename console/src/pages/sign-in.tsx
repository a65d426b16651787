// The sign-in page: single sign-on or an API token.
import { useEffect, useRef, useState } from "preact/hooks";
import { readProviderName, RejectedToken, signInErrorText, signIn, signInWithToken } from "../auth/session";
import { Field } from "../ui/field";
import { Heading } from "../ui/heading";
import { Loading } from "../ui/loading";

export function SignInPage({ why, byUser }: { why: string | null; byUser: boolean }) {
  /** The provider's name; undefined while it is loading, null if there is no provider. */
  const [provider, setProvider] = useState<string | null | undefined>();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  useEffect(() => {
    readProviderName().then(setProvider, () => setProvider("your identity provider"));
  }, []);

  /** What is wrong with the pasted token. */
  const [rejected, setRejected] = useState<string | null>(null);
  async function attempt(action: () => Promise<void>) {
    setBusy(true);
    setFailed(null);
    setRejected(null);
    try {
      await action();
    } catch (error) {
      (error instanceof RejectedToken ? setRejected : setFailed)(signInErrorText(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <div class="narrow">
      <Heading title="Sign in">Sign in</Heading>
      {why && !failed && !rejected && (
        <p class={byUser ? "note" : "note bad"} role={byUser ? "status" : "alert"}>
          {why}
        </p>
      )}
      {failed && (
        <p class="note bad" role="alert">
          {failed}
        </p>
      )}
      {provider === undefined && <Loading what="the sign-in settings" />}
      {provider && (
        <>
          <p>Create, find and revoke your API tokens.</p>
          <p>
            <button type="button" class="primary large" disabled={busy} onClick={() => attempt(signIn)}>
              Sign in with {provider}
            </button>
          </p>
          <details>
            <summary>Sign in with an API token</summary>
            <TokenForm busy={busy} rejected={rejected} attempt={attempt} />
          </details>
        </>
      )}
      {provider === null && (
        <>
          <p>Single sign-on isn’t set up. Sign in with an API token.</p>
          <TokenForm busy={busy} rejected={rejected} attempt={attempt} />
        </>
      )}
      {provider !== undefined && (
        <p class="quiet">
          Your session isn’t stored in this browser.{" "}
          {provider
            ? "After a reload, the provider signs you in again while its own session lasts. An API token is forgotten."
            : "Reloading or closing this tab signs you out."}
        </p>
      )}
    </div>
  );
}

function TokenForm({ busy, rejected, attempt }: { busy: boolean; rejected: string | null; attempt: (action: () => Promise<void>) => void }) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (rejected !== null) form.current?.querySelector("input")?.focus();
  }, [rejected]);
  return (
    <form
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        const field = event.currentTarget.elements.namedItem("pasted");
        if (!(field instanceof HTMLInputElement)) return;
        const secret = field.value.trim();
        field.value = "";
        attempt(async () => {
          // A header can only hold ASCII; other characters are copied by mistake.
          if (!/^[!-~]+$/.test(secret)) throw new RejectedToken("That doesn’t look like a token. Check that you copied all of it and nothing else.");
          await signInWithToken(secret);
        });
      }}
    >
      <Field label="API token" hint="Sent only to this service, never stored." errors={rejected === null ? [] : [{ field: "token", message: rejected }]}>
        {(ids) => <input {...ids} name="pasted" type="password" autocomplete="off" spellcheck={false} required />}
      </Field>
      <button type="submit" disabled={busy}>
        Sign in
      </button>
    </form>
  );
}
