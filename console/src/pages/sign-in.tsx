// Signing in: at the operator's provider, or with an API token.
import { useEffect, useState } from "preact/hooks";
import { hasProvider, sentence, signIn, signInWithToken } from "../auth/session";
import { SignInFailed } from "../auth/oidc";
import { Field } from "../ui/field";
import { Heading } from "../ui/heading";

export function SignInPage({ why, wanted }: { why: string | null; wanted: boolean }) {
  const [provider, setProvider] = useState(true);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  useEffect(() => {
    void hasProvider().then(setProvider);
  }, []);

  async function attempt(way: () => Promise<void>) {
    setBusy(true);
    setFailed(null);
    try {
      await way();
    } catch (error) {
      setFailed(sentence(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <div class="narrow">
      <Heading title="Sign in">Sign in</Heading>
      {why && !failed && (
        <p class={wanted ? "note" : "note bad"} role={wanted ? "status" : "alert"}>
          {why}
        </p>
      )}
      {failed && (
        <p class="note bad" role="alert">
          {failed}
        </p>
      )}
      {provider ? (
        <>
          <p>Make, find and end the API tokens that are yours.</p>
          <p>
            <button type="button" class="primary large" disabled={busy} onClick={() => attempt(signIn)}>
              Sign in with your provider
            </button>
          </p>
          <details>
            <summary>Use an API token instead</summary>
            <TokenForm busy={busy} attempt={attempt} />
          </details>
        </>
      ) : (
        <>
          <p>This service has no sign-in provider, so an API token is needed.</p>
          <TokenForm busy={busy} attempt={attempt} />
        </>
      )}
      <p class="quiet">The session stays in the memory of this tab: reloading the page or closing it signs you out.</p>
    </div>
  );
}

function TokenForm({ busy, attempt }: { busy: boolean; attempt: (way: () => Promise<void>) => void }) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const field = event.currentTarget.elements.namedItem("pasted");
        if (!(field instanceof HTMLInputElement)) return;
        const secret = field.value.trim();
        field.value = "";
        attempt(async () => {
          // What is not ASCII cannot be sent, and is no token: a quotation mark that came along, half a line.
          if (!/^[!-~]+$/.test(secret)) throw new SignInFailed("This is not a token: it has characters that no token has. Copy it again.");
          await signInWithToken(secret);
        });
      }}
    >
      <Field label="API token" hint="It is sent to this service alone, and forgotten with this tab.">
        {(ids) => <input {...ids} name="pasted" type="password" autocomplete="off" spellcheck={false} required />}
      </Field>
      <button type="submit" disabled={busy}>
        Sign in with the token
      </button>
    </form>
  );
}
