// Line diff of two texts (Myers' algorithm, forwards only).

export interface DiffLine {
  kind: "same" | "removed" | "added";
  text: string;
}

/** Maximum number of changes; beyond it, the diff replaces the whole text. */
const MAX_CHANGES = 1000;

export function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  const rest = Math.min(before.length, after.length) - start;
  while (end < rest && before.at(-1 - end) === after.at(-1 - end)) end++;
  const same = (lines: readonly string[]): DiffLine[] => lines.map((text) => ({ kind: "same", text }));
  const middle = shortest(before.slice(start, before.length - end), after.slice(start, after.length - end));
  return [...same(before.slice(0, start)), ...middle, ...same(before.slice(before.length - end))];
}

function shortest(a: readonly string[], b: readonly string[]): DiffLine[] {
  const trace: Map<number, number>[] = [];
  const reach = new Map<number, number>([[1, 0]]);
  const at = (diagonals: Map<number, number>, k: number) => diagonals.get(k) ?? -1;
  for (let distance = 0; distance <= MAX_CHANGES; distance++) {
    trace.push(new Map(reach));
    for (let k = -distance; k <= distance; k += 2) {
      const down = k === -distance || (k !== distance && at(reach, k - 1) < at(reach, k + 1));
      let x = down ? at(reach, k + 1) : at(reach, k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      reach.set(k, x);
      if (x >= a.length && x - k >= b.length) return backtrack(a, b, trace, distance);
    }
  }
  return [...a.map((text) => ({ kind: "removed" as const, text })), ...b.map((text) => ({ kind: "added" as const, text }))];
}

function backtrack(a: readonly string[], b: readonly string[], trace: readonly Map<number, number>[], length: number): DiffLine[] {
  const lines: DiffLine[] = [];
  let x = a.length;
  let y = b.length;
  for (let distance = length; distance >= 0; distance--) {
    const reach = trace[distance] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -distance || (k !== distance && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
    const previous = down ? k + 1 : k - 1;
    const fromX = distance === 0 ? 0 : (reach.get(previous) ?? 0);
    const fromY = distance === 0 ? 0 : fromX - previous;
    while (x > fromX && y > fromY) {
      lines.push({ kind: "same", text: a[--x] ?? "" });
      y--;
    }
    if (distance > 0) {
      if (down) lines.push({ kind: "added", text: b[--y] ?? "" });
      else lines.push({ kind: "removed", text: a[--x] ?? "" });
    }
  }
  return lines.toReversed();
}

/** The lines that differ with `around` lines of context; null marks omitted lines. */
export function onlyChanges(lines: readonly DiffLine[], around = 2): (DiffLine | null)[] {
  const shown = new Set<number>();
  for (const [index, line] of lines.entries()) {
    if (line.kind === "same") continue;
    for (let near = index - around; near <= index + around; near++) shown.add(near);
  }
  const result: (DiffLine | null)[] = [];
  for (const [index, line] of lines.entries()) {
    if (shown.has(index)) result.push(line);
    else if (result.at(-1) !== null) result.push(null);
  }
  return result;
}
