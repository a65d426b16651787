// A search field. It belongs to no form, so Enter in it submits nothing.
export function SearchField({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <input
      type="search"
      class="wide"
      form=""
      aria-label={label}
      placeholder={label}
      value={value}
      onInput={(event) => onChange(event.currentTarget.value)}
      onKeyDown={(event) => {
        // The browser clears the field. The form around it must not close.
        if (event.key === "Escape" && value) event.stopPropagation();
      }}
    />
  );
}
