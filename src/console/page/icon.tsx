/** Icons as paths on a grid of 16. */

const paths = {
  now: 'M1.5 8h3l2-5 3 10 2-5h3',
  findings: 'M2 4h2M6 4h8M2 8h2M6 8h8M2 12h2M6 12h8',
  'why-not': 'M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M8 12.6v.1',
  rules: 'M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z',
  tune: 'M2 4.5h7M13 4.5h1M2 11.5h1M7 11.5h7M9 4.5a2 2 0 1 0 4 0a2 2 0 1 0-4 0M3 11.5a2 2 0 1 0 4 0a2 2 0 1 0-4 0',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10M10.7 10.7 14 14',
  pause: 'M5 3v10M11 3v10',
  play: 'M4.5 2.8v10.4L13 8z',
  sun: 'M8 5a3 3 0 1 0 0 6a3 3 0 0 0 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1',
  moon: 'M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3z',
  screen: 'M2 3h12v8H2zM6 14h4M8 11v3',
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z',
  check: 'm3 8.5 3.2 3.2L13 4.8',
  cross: 'm4 4 8 8M12 4l-8 8',
  warn: 'M8 2 1.8 13.2h12.4zM8 6.4v3.2M8 11.4v.2',
  next: 'm6 3.5 4.5 4.5L6 12.5',
  back: 'M10 3.5 5.5 8l4.5 4.5',
  filter: 'M2 3.5h12M4.5 8h7M7 12.5h2',
  keyboard: 'M1.5 4h13v8.5h-13zM4 6.7h.1M6.7 6.7h.1M9.3 6.7h.1M12 6.7h.1M4.5 9.8h7',
  beside: 'M2 3h12v10H2zM9.5 3v10',
  save: 'M8 2.5v8M4.5 7.5 8 11l3.5-3.5M3 13.5h10',
  plug: 'M5 2v3M11 2v3M3.5 5h9v2.5a4.5 4.5 0 0 1-9 0zM8 12v2.5',
  rows: 'M2 3h12M2 6.3h12M2 9.7h12M2 13h12',
  leave: 'M6.5 2.5h-4v11h4M6.5 8h7.5M11 5l3 3-3 3',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width={size} height={size} aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

/** The logo of Tripline: a line that was tripped. */
export function Mark() {
  return (
    <svg class="icon" viewBox="0 0 20 20" width={20} height={20} aria-hidden="true">
      <path d="M1 13h5.2M13.8 13H19M6.2 13 10 5l3.8 8" />
      <circle class="dot" cx={10} cy={5} r={1.9} />
    </svg>
  );
}
