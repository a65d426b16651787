// Data that is loaded again while it is shown.
import { useEffect } from "preact/hooks";

/** Calls `refresh` every `interval` milliseconds while the page is in sight, and when it comes into sight again after that time. */
export function useRefresh(refresh: () => void, interval: number, active = true): void {
  useEffect(() => {
    if (!active) return undefined;
    let last = Date.now();
    const ifVisible = () => {
      // Timers are not exact.
      if (document.visibilityState !== "visible" || Date.now() - last < interval - 500) return;
      last = Date.now();
      refresh();
    };
    const timer = setInterval(ifVisible, interval);
    document.addEventListener("visibilitychange", ifVisible);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", ifVisible);
    };
  }, [refresh, interval, active]);
}
