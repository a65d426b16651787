// Renders only the rows in sight of a long list. Rows may have different heights: those that were
// never rendered have an estimated one.
import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** Rows rendered above and below those in sight. */
const OVERSCAN = 8;

/** Heights in pixels by key. They outlive the page, so that Back finds the same place. */
const heights = new Map<string, number>();
let measuredWidth = 0;
let estimate = 60;

/** To call when the style of the rows changes. */
export function forgetHeights(): void {
  heights.clear();
}

export interface VirtualRows {
  /** The element with the rows. Each has its key as `data-key`. */
  body: RefObject<HTMLDivElement | null>;
  /** The rendered rows: from `first` to before `last`. */
  first: number;
  last: number;
  /** Heights in pixels of the rows that are not rendered. */
  above: number;
  below: number;
  /** The first row in sight. */
  firstInSight(): number;
  scrollToRow(index: number): void;
}

export function useVirtualRows(keys: readonly string[]): VirtualRows {
  const body = useRef<HTMLDivElement>(null);
  const [[first, last], setRange] = useState<[number, number]>([0, 30]);
  const [, setMeasured] = useState(0);
  const offsets = offsetsOf(keys);
  const total = offsets[keys.length] ?? 0;
  const firstInSight = () => rowAt(offsets, -(body.current?.getBoundingClientRect().top ?? 0));

  const remeasure = () => {
    if (body.current && measure(body.current)) setMeasured((times) => times + 1);
  };
  useLayoutEffect(remeasure);
  useLayoutEffect(() => {
    const update = () => {
      remeasure();
      const top = body.current?.getBoundingClientRect().top ?? 0;
      const from = Math.max(0, rowAt(offsets, -top) - OVERSCAN);
      const to = Math.min(keys.length, rowAt(offsets, innerHeight - top) + 1 + OVERSCAN);
      setRange((before) => (before[0] === from && before[1] === to ? before : [from, to]));
    };
    update();
    addEventListener("scroll", update, { passive: true });
    addEventListener("resize", update);
    return () => {
      removeEventListener("scroll", update);
      removeEventListener("resize", update);
    };
  }, [keys, total]);

  return {
    body,
    first,
    last,
    above: offsets[Math.min(first, keys.length)] ?? 0,
    below: total - (offsets[Math.min(last, keys.length)] ?? 0),
    firstInSight,
    scrollToRow(index) {
      const top = body.current?.getBoundingClientRect().top ?? 0;
      scrollTo(0, scrollY + top + (offsets[index] ?? 0) - innerHeight / 2);
    },
  };
}

/** The top of each row, and the end of the last one. */
function offsetsOf(keys: readonly string[]): Float64Array {
  const offsets = new Float64Array(keys.length + 1);
  let sum = 0;
  keys.forEach((key, index) => {
    sum += heights.get(key) ?? estimate;
    offsets[index + 1] = sum;
  });
  return offsets;
}

/** The row at this distance from the top. */
function rowAt(offsets: Float64Array, distance: number): number {
  let low = 0;
  let high = offsets.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((offsets[middle] ?? 0) <= distance) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, Math.min(low, offsets.length - 2));
}

/** Records the heights of the rendered rows. Returns whether any has changed. */
function measure(body: HTMLElement): boolean {
  if (body.clientWidth !== measuredWidth) {
    measuredWidth = body.clientWidth;
    heights.clear();
  }
  let changed = false;
  for (const row of body.querySelectorAll<HTMLElement>("[data-key]")) {
    const key = row.dataset["key"] ?? "";
    const { height } = row.getBoundingClientRect();
    if (Math.abs((heights.get(key) ?? -1) - height) < 0.1) continue;
    if (heights.size === 0) estimate = height;
    heights.set(key, height);
    changed = true;
  }
  return changed;
}
