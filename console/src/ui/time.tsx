// Display of times.
import { useEffect, useState } from "preact/hooks";
import { formatDateTime, exactTime, fromNow, timeAgo } from "../domain/time";

/** The current time, updated every 30 seconds. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/**
 * A time in the user's time zone. Relative if `now` is given: of an event, or with `future` of an
 * expiration. The tooltip shows the exact time.
 */
export function Time({ at, now, future = false }: { at: string; now?: number; future?: boolean }) {
  const relative = future ? fromNow : timeAgo;
  return (
    <time dateTime={at} title={exactTime(at)}>
      {now === undefined ? formatDateTime(at) : relative(at, now)}
    </time>
  );
}
