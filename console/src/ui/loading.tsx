// The loading indicator: the outline of what is loading.
export function Loading({ what }: { what: string }) {
  return (
    <div class="loading" role="status">
      <p class="unseen">Loading {what}…</p>
      <div class="skeleton" aria-hidden="true">
        <span />
        <span />
        <span />
      </div>
    </div>
  );
}
