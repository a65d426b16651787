// The button that adds to a list.
export function LoadMore({ busy, more }: { busy: boolean; more: () => void }) {
  return (
    <p>
      <button type="button" aria-disabled={busy} onClick={() => !busy && more()}>
        {busy ? "Loading…" : "Load more"}
      </button>
    </p>
  );
}
