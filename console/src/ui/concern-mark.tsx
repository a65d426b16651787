// A label for a concern of a token.
import type { Token } from "../api/types";
import { concernText, CONCERNS, type Concern, type Insights } from "../domain/concerns";

export function ConcernMark({ concern, token, insights, now }: { concern: Concern; token: Token; insights: Insights | undefined; now: number }) {
  return (
    <span class={`mark ${concern}`} title={CONCERNS[concern]}>
      {concernText(concern, token, insights, now)}
    </span>
  );
}
