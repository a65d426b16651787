// The status of a token.
import type { Token } from "../api/types";
import { DISABLED_REASONS, STATUSES } from "../domain/labels";

export function StatusBadge({ token }: { token: Token }) {
  const why = token.disabled_reason === null ? undefined : `Disabled ${DISABLED_REASONS[token.disabled_reason]}`;
  return (
    <span class={`badge ${token.status}`} title={why}>
      {STATUSES[token.status]}
    </span>
  );
}
