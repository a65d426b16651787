// What became of a request for approval.
import type { Approval } from "../api/types";
import { stepsOf } from "../domain/approvals";
import { Actor } from "./actor";
import { Time } from "./time";

/** Who decided and ended it, and when it lapses or expires. */
export function Outcome({ approval, now }: { approval: Approval; now: number }) {
  return (
    <p class="quiet">
      {stepsOf(approval).map(({ text, by, at, future = false }, index) => (
        <>
          {index > 0 && ". "}
          {text}
          {by !== null && (
            <>
              {" "}
              by <Actor by={by} />
            </>
          )}
          {at !== null && (
            <>
              {" "}
              <Time at={at} now={now} future={future} />
            </>
          )}
        </>
      ))}
    </p>
  );
}
