// Form controls for choices.
/** A labelled radio button of the group `name`; without `name`, a checkbox. It is disabled if the element `disabledBy` says why. */
export function Choice(props: { label: string; name?: string; checked: boolean; onChange: (checked: boolean) => void; disabledBy?: string | undefined }) {
  const { label, name, checked, onChange, disabledBy } = props;
  return (
    <label class="choice">
      <input type={name === undefined ? "checkbox" : "radio"} name={name} checked={checked} disabled={disabledBy !== undefined} aria-describedby={disabledBy} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

/** The options of a `select`. */
export function Options({ of: options }: { of: readonly (readonly [value: string, label: string])[] }) {
  return (
    <>
      {options.map(([value, label]) => (
        <option value={value} key={value}>
          {label}
        </option>
      ))}
    </>
  );
}
