// Display of times.
import { useEffect, useState } from "preact/hooks";
import { formatDateTime, exactTime, fromNow } from "../domain/time";

/** The current time, updated every 30 seconds. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** A time in the user's time zone, relative if `now` is given. The tooltip shows the exact time. */
export function Time({ at, now }: { at: string; now?: number }) {
  return (
    <time dateTime={at} title={exactTime(at)}>
      {now === undefined ? formatDateTime(at) : fromNow(at, now)}
    </time>
  );
}
