// The page that shows a new secret once. It asks before the user leaves without copying.
import { useEffect, useRef, useState } from "preact/hooks";
import { API } from "../api/client";
import { clearNewSecret, getNewSecret, type NewSecret } from "../data/new-secret";
import { abbreviated, commands } from "../domain/shell-snippets";
import { formatDate } from "../domain/time";
import { replace, tokenHash } from "../router";
import { CopyButton } from "../ui/copy-button";
import { Heading } from "../ui/heading";
import { releaseGuards } from "../ui/navigation-guard";
import { Time } from "../ui/time";
import { LeaveDialog, useUnsavedChanges } from "../ui/unsaved-changes";

export function SecretPage() {
  const [newSecret, setShownSecret] = useState(getNewSecret);
  useEffect(() => {
    if (newSecret === null) replace("#/tokens");
  }, [newSecret]);
  useEffect(() => {
    // The browser's back/forward cache must not keep the secret.
    const clear = () => setShownSecret(null);
    addEventListener("pagehide", clear);
    return () => {
      removeEventListener("pagehide", clear);
      clearNewSecret();
    };
  }, []);
  return newSecret && <SecretView newSecret={newSecret} />;
}

function SecretView({ newSecret: { secret, token, origin } }: { newSecret: NewSecret }) {
  const [copied, setCopied] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const unsaved = useUnsavedChanges(!copied);
  const onCopied = () => {
    releaseGuards();
    setCopied(true);
  };
  return (
    <>
      <Heading title="New secret">
        {origin === "created" ? "Token created. Copy the secret for" : "Token rotated. Copy the new secret for"} “{token.name}”
      </Heading>
      <p class="note warn">Copy it now. You won’t be able to see it again.</p>
      <div class="secret">
        <label for="secret">Secret</label>
        <div class="beside">
          <input
            id="secret"
            ref={field}
            class="mono"
            readOnly
            spellcheck={false}
            autocomplete="off"
            value={secret}
            onFocus={() => field.current?.select()}
            onCopy={({ currentTarget: { selectionStart: from, selectionEnd: to } }) => {
              if (from === 0 && to === secret.length) onCopied();
            }}
          />
          <CopyButton primary text={secret} label="Copy the secret" onCopied={onCopied} />
        </div>
      </div>
      {token.previous_secret_until !== null && (
        <p>
          The old secret keeps working until <Time at={token.previous_secret_until} />. Switch over before then.
        </p>
      )}
      <h2>Or run a command</h2>
      <p class="hint">Shortened on screen. Copying includes the full secret.</p>
      <ul class="commands">
        {commands(API, secret).map(({ name, description, line }) => (
          <li key={name}>
            <h3>{name}</h3>
            <p class="hint">{description}</p>
            <div class="beside">
              <pre tabIndex={0} aria-label={`${name} command`}>
                {abbreviated(line, secret)}
              </pre>
              <CopyButton text={line} label={`Copy the ${name} command`} onCopied={onCopied} />
            </div>
          </li>
        ))}
      </ul>
      <p>
        {token.expires_at === null ? "Never expires" : `Expires ${formatDate(token.expires_at)}`} · Token ID <code>{token.id}</code>
      </p>
      <p class="actions">
        <a class="button" href={tokenHash(token.id)}>
          Done
        </a>
      </p>
      <LeaveDialog
        unsaved={unsaved}
        title="You haven’t copied the secret"
        stay="Stay"
        leave="Leave without copying"
        danger
        others={unsaved.proceed && <CopyAndLeave secret={secret} leave={unsaved.proceed} />}
      >
        You won’t be able to see it again. Without it you’d have to rotate the token.
      </LeaveDialog>
    </>
  );
}

function CopyAndLeave({ secret, leave }: { secret: string; leave: () => void }) {
  const [failed, setFailed] = useState(false);
  const copyAndLeave = () => navigator.clipboard.writeText(secret).then(leave, () => setFailed(true));
  return failed ? (
    <span class="hint">Your browser blocked copying. Stay and copy it manually.</span>
  ) : (
    <button type="button" onClick={copyAndLeave}>
      Copy and leave
    </button>
  );
}
