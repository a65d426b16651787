// The recent denials of a token that a grant would repair.
import type { Denial, Token } from "../api/types";
import { additionLabel, covers } from "../domain/grants";
import { Time } from "../ui/time";
import type { AddGrant } from "./token-props";

export function Denials({ denials, token, now, onAdd }: { denials: readonly Denial[]; token: Token; now: number; onAdd: AddGrant }) {
  if (denials.length === 0) return null;
  return (
    <section aria-labelledby="denials">
      <h2 id="denials">Recent denials</h2>
      <p class="hint">Requests that lacked a permission or a resource. The list is short and can be incomplete.</p>
      <ul class="activity denials">
        {denials.map(({ permission, resource, denied_at: at }) => {
          const granted = covers(token.grants, permission, resource);
          return (
            <li key={`${permission} ${resource}`}>
              <Time at={at} now={now} />
              <span class="grow">
                <code>{permission}</code> on <code>{resource}</code>
              </span>
              {granted && <span class="badge active">Granted</span>}
              {!granted && onAdd && (
                <button type="button" onClick={() => onAdd({ permission, resource })}>
                  {additionLabel({ permission, resource })}
                </button>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
