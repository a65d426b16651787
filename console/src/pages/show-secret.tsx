// A new secret, this once: copy it, or a line that stores it. Leaving without a copy is asked
// about; leaving forgets it.
import { useEffect, useRef, useState } from "preact/hooks";
import { API } from "../api/client";
import { currentSecret, dropSecret, type Fresh } from "../data/new-secret";
import { abbreviated, commands } from "../domain/shell-snippets";
import { onDate } from "../domain/time";
import { replace, setGuard, tokenHash } from "../router";
import { CopyButton } from "../ui/copy-button";
import { Heading } from "../ui/heading";
import { Time } from "../ui/time";
import { LeaveDialog, useWayOut } from "../ui/unsaved-changes";

export function SecretPage() {
  const [fresh, setFresh] = useState(currentSecret);
  useEffect(() => {
    if (fresh === null) replace("#/tokens");
  }, [fresh]);
  useEffect(() => {
    // A browser may keep a page that was left, to show it again: not with the secret.
    const forget = () => setFresh(null);
    addEventListener("pagehide", forget);
    return () => {
      removeEventListener("pagehide", forget);
      dropSecret();
    };
  }, []);
  return fresh && <Shown fresh={fresh} />;
}

function Shown({ fresh: { secret, token, made } }: { fresh: Fresh }) {
  const [copied, setCopied] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const way = useWayOut(!copied);
  const onCopied = () => {
    setGuard(null);
    setCopied(true);
  };
  return (
    <>
      <Heading title="The secret">
        {made === "created" ? "Copy the secret of" : "Copy the new secret of"} “{token.name}”
      </Heading>
      <p class="note warn">This is the only time that it is shown. Put it where it will be used, then leave this page.</p>
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
          The secret before works until <Time at={token.previous_secret_until} />. Change over by then.
        </p>
      )}
      <h2>Or copy a line for your shell</h2>
      <p class="hint">Here the secret is shortened; what is copied has all of it.</p>
      <ul class="commands">
        {commands(API, secret).map(({ name, does, line }) => (
          <li key={name}>
            <h3>{name}</h3>
            <p class="hint">{does}</p>
            <div class="beside">
              <pre tabIndex={0} aria-label={`${name} line`}>
                {abbreviated(line, secret)}
              </pre>
              <CopyButton text={line} label={`Copy the ${name} line`} onCopied={onCopied} />
            </div>
          </li>
        ))}
      </ul>
      <p>
        {token.expires_at === null ? "It never ends by itself." : `It ends on ${onDate(token.expires_at)}.`} The list shows it by its id,{" "}
        <code>{token.id}</code>.
      </p>
      <p class="actions">
        <a class="button" href={tokenHash(token.id)}>
          Done: show the token
        </a>
      </p>
      <LeaveDialog
        way={way}
        title="You have not copied the secret"
        leave="Leave without it"
        danger
        others={way.goOn && <CopyAndLeave secret={secret} leave={way.goOn} />}
      >
        Nothing will ever show it again. Without it the token is of no use, and has to be rotated.
      </LeaveDialog>
    </>
  );
}

function CopyAndLeave({ secret, leave }: { secret: string; leave: () => void }) {
  const [failed, setFailed] = useState(false);
  const copyAndLeave = () => navigator.clipboard.writeText(secret).then(leave, () => setFailed(true));
  return failed ? (
    <span class="hint">The browser did not allow copying. Stay, and copy it by hand.</span>
  ) : (
    <button type="button" onClick={copyAndLeave}>
      Copy and leave
    </button>
  );
}
