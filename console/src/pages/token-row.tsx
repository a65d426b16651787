// A row of the list of tokens.
import type { Token } from "../api/types";
import { select } from "../data/selection";
import type { Insights } from "../domain/concerns";
import { grantLines } from "../domain/grants";
import { plural } from "../domain/labels";
import { hasExpired } from "../domain/time";
import type { Row } from "../domain/token-view";
import { go, tokenHash } from "../router";
import { ConcernMark } from "../ui/concern-mark";
import { StatusBadge } from "../ui/status-badge";
import { Time } from "../ui/time";

interface Props {
  row: Row;
  index: number;
  selected: boolean;
  insights: Insights | undefined;
  now: number;
}

export function TokenRow({ row: { token, found }, index, selected, insights, now }: Props) {
  // Permissions of one grant never stand beside the resources of another.
  const [first, ...others] = token.grants;
  return (
    <div
      role="row"
      class={`row ${token.status} ${selected ? "selected" : ""}`}
      aria-rowindex={index + 2}
      data-index={index}
      data-key={token.id}
      onClick={({ target }) => {
        const hasSelection = getSelection()?.isCollapsed === false;
        if (!(target instanceof Element && target.closest("a, button, label")) && !hasSelection) go(tokenHash(token.id));
      }}
    >
      <div role="cell" class="select">
        <label>
          <input type="checkbox" aria-label={`Select ${token.name}`} checked={selected} onChange={(event) => select([token.id], event.currentTarget.checked)} />
        </label>
      </div>
      <div role="cell" class="name">
        <a href={tokenHash(token.id)}>{token.name}</a>
        <span class="under">
          {found.map((concern) => (
            <ConcernMark key={concern} {...{ concern, token, now }} insights={insights} />
          ))}
          {found.length === 0 && <code>{token.id}</code>}
        </span>
      </div>
      <div role="cell" class="owner">
        {token.owner}
      </div>
      <div role="cell" class="may" title={grantLines(token.grants).join("\n")}>
        {token.role !== null && (
          <>
            <span class="role">{token.role}</span>{" "}
          </>
        )}
        <FirstOf values={first?.permissions ?? []} all="All permissions" />
      </div>
      <div role="cell" class="on" title={grantLines(token.grants).join("\n")}>
        <FirstOf values={first?.resources ?? []} all="All resources" />
        {others.length > 0 && <span class="quiet"> · {plural(others.length, "more grant")}</span>}
      </div>
      <div role="cell" class="created">
        <span class="label">Created </span>
        <Time at={token.created_at} now={now} />
      </div>
      <div role="cell" class="used">
        {token.last_used_at === null ? (
          "Never used"
        ) : (
          <>
            <span class="label">Used </span>
            <Time at={token.last_used_at} now={now} />
          </>
        )}
      </div>
      <div role="cell" class="expires">
        <Expiration token={token} now={now} />
      </div>
      <div role="cell" class="status">
        {token.status === "active" ? <span class="quiet">Active</span> : <StatusBadge token={token} />}
      </div>
    </div>
  );
}

/** The first values, and the number of further ones. */
function FirstOf({ values, all }: { values: readonly string[]; all: string }) {
  if (values.includes("*")) return <>{all}</>;
  return (
    <>
      <code>{values.slice(0, 2).join(", ")}</code>
      {values.length > 2 && <span class="quiet"> +{values.length - 2}</span>}
    </>
  );
}

/** When the token expires; or when it was revoked or expired. */
function Expiration({ token, now }: { token: Token; now: number }) {
  if (token.revoked_at !== null) {
    return (
      <>
        Revoked <Time at={token.revoked_at} now={now} />
      </>
    );
  }
  if (token.expires_at === null) return <>Never expires</>;
  if (hasExpired(token, now)) {
    return (
      <>
        Expired <Time at={token.expires_at} now={now} />
      </>
    );
  }
  return (
    <>
      <span class="label">Expires </span>
      <Time at={token.expires_at} now={now} future />
    </>
  );
}
