// Why a token wants attention.
import type { Token } from "../api/types";
import { concernText, CONCERNS, type Concern, type Facts } from "../domain/concerns";

export function ConcernMark({ concern, token, facts, now }: { concern: Concern; token: Token; facts: Facts | undefined; now: number }) {
  return (
    <span class={`mark ${concern}`} title={CONCERNS[concern]}>
      {concernText(concern, token, facts, now)}
    </span>
  );
}
