// Icons, 16 by 16, in the color of the text.
const PATHS = {
  token: "M6 10 13.5 2.5M10.7 5.3l2.2 2.2M6.8 11.6a2.4 2.4 0 1 1-4.8 0 2.4 2.4 0 0 1 4.8 0Z",
  plus: "M8 2.5v11M2.5 8h11",
  activity: "M1.5 8h3l2-5 3 10 2-5h3",
  catalog: "M3 2.5h8.5a1.5 1.5 0 0 1 1.5 1.5v9.5H4.5A1.5 1.5 0 0 1 3 12V2.5ZM3 12a1.5 1.5 0 0 1 1.5-1.5H13M6 5.5h4",
  approval: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM5.2 8.2l2 2 3.6-4.2",
  rotate: "M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 1.5V4.5h-3",
  pause: "M5.5 3v10M10.5 3v10",
  play: "M4.5 2.5v11l8.5-5.5Z",
  copy: "M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3",
  ban: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM3.7 3.7l8.6 8.6",
  trash: "M2.5 4h11M6 4V2.2h4V4M4 4l.7 9.8h6.6L12 4M6.6 6.8v4.4M9.4 6.8v4.4",
  filter: "M1.5 3h13L9.8 8.6v4.2l-3.6 1.7V8.6Z",
};

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} fill="none" stroke="currentcolor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}
