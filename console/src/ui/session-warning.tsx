// Warns before the session expires.
import type { Caller } from "../api/types";
import { isExpiring, signInAgain, signInErrorText } from "../auth/session";
import { getNewSecret } from "../data/new-secret";
import { releaseGuards } from "./navigation-guard";
import { showMessage } from "./status-message";
import { Time, useNow } from "./time";

export function SessionWarning({ me }: { me: Caller }) {
  const now = useNow();
  if (me.expires_at === null || !isExpiring(me, now)) return null;
  const isSession = me.principal_type === "session";
  const again = () => {
    // The drafts are kept, so there is nothing to ask.
    releaseGuards();
    signInAgain().catch((error: unknown) => showMessage(signInErrorText(error)));
  };
  return (
    <div class="session-warning" role="status">
      <p>
        {isSession ? "Your session" : "The token you signed in with"} expires <Time at={me.expires_at} now={now} future />.{" "}
        {isSession && getNewSecret() === null && (
          <>
            Unsaved changes are kept.{" "}
            <button type="button" onClick={again}>
              Sign in again
            </button>
          </>
        )}
      </p>
    </div>
  );
}
