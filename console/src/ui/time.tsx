// A time, and how long ago it is now.
import { useEffect, useState } from "preact/hooks";
import { atTime, exactly, fromNow } from "../domain/time";

/** The current time, updated every 30 seconds. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** A time in the viewer's zone; the exact one on hover. */
export function Time({ at, now }: { at: string; now?: number }) {
  return (
    <time dateTime={at} title={exactly(at)}>
      {now === undefined ? atTime(at) : fromNow(at, now)}
    </time>
  );
}
