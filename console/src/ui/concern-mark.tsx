// A label for a concern of a token, with a button that dismisses it.
import type { Token } from "../api/types";
import { dismiss } from "../data/dismissals";
import { concernText, CONCERNS, DISMISSAL_DAYS, dismissalKey, type Concern, type Insights } from "../domain/concerns";

export function ConcernMark({ concern, token, insights, now }: { concern: Concern; token: Token; insights: Insights | undefined; now: number }) {
  const text = concernText(concern, token, insights, now);
  return (
    <span class={`mark ${concern}`} title={CONCERNS[concern]}>
      {text}
      <button
        type="button"
        class="plain"
        aria-label={`Dismiss “${text}” for ${DISMISSAL_DAYS} days`}
        title={`Dismiss for ${DISMISSAL_DAYS} days`}
        onClick={(event) => {
          // The button disappears: keep the focus in the row, or on the token's page.
          (event.currentTarget.closest(".row")?.querySelector("a") ?? document.querySelector("h1"))?.focus();
          dismiss(dismissalKey(concern, token, insights));
        }}
      >
        ✕
      </button>
    </span>
  );
}
