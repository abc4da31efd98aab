/** Filters for findings: the choices, and how many findings each would show. */
import type { Findings } from '../api.ts';
import { listOf, type Query } from './address.ts';
import { Icon } from './icon.tsx';
import { brief, clock, count } from './numbers.ts';
import { Button, Level } from './parts.tsx';
import { choose } from './state.ts';
import { levels } from './trip-line.ts';

type Facet = keyof Findings['facets'];

const facets: { name: Facet; title: string; values?: readonly string[] }[] = [
  { name: 'level', title: 'Level', values: levels },
  { name: 'platform', title: 'Platform', values: ['kubernetes', 'eks', 'aks', 'gke', 'openshift'] },
  { name: 'mode', title: 'Mode', values: ['live', 'shadow'] },
  { name: 'seen', title: 'Novelty', values: ['new', 'before', 'unknown'] },
  { name: 'rule', title: 'Rule' },
];

const words: Record<string, string> = { new: 'first time', before: 'seen before', unknown: 'not known' };
/** Maximum rules that are listed: more can be found by search. */
const mostValues = 12;

interface Chosen {
  query: Query;
}

export function Facets({ query, of, after }: Chosen & { of: Findings['facets'] | undefined; after?: () => void }) {
  const toggle = (name: Facet, value: string, isOn: boolean) => {
    const chosen = listOf(query, name).filter((other) => other !== value);
    choose({ [name]: (isOn ? [...chosen, value] : chosen).join(','), sel: undefined });
    after?.();
  };
  return (
    <>
      {facets.map(({ name, title, values }) => {
        const counts = of?.[name] ?? {};
        const chosen = listOf(query, name);
        const listed = (values ?? topOf(counts, chosen)).filter((value) => value !== 'unknown' || counts.unknown);
        if (listed.length === 0) return null;
        return (
          <div class="facet" role="group" aria-label={title} key={name}>
            <h2>{title}</h2>
            {listed.map((value) => (
              <label key={value}>
                <input
                  type="checkbox"
                  checked={chosen.includes(value)}
                  onChange={({ currentTarget }) => toggle(name, value, currentTarget.checked)}
                />
                {name === 'level' ? (
                  <Level level={value as (typeof levels)[number]} />
                ) : (
                  <span class="clip" title={value}>
                    {words[value] ?? value}
                  </span>
                )}
                <span class="num" title={count(counts[value] ?? 0)}>
                  {brief(counts[value] ?? 0)}
                </span>
              </label>
            ))}
          </div>
        );
      })}
      <Range query={query} />
    </>
  );
}

function topOf(counts: Record<string, number>, chosen: readonly string[]): string[] {
  const names = Object.keys(counts).toSorted((a, b) => counts[b]! - counts[a]! || a.localeCompare(b));
  return [...new Set([...chosen, ...names.slice(0, mostValues)])];
}

/** Start and end in UTC: the same can be picked in the trip line with the mouse. */
function Range({ query }: Chosen) {
  return (
    <div class="facet" role="group" aria-label="Time">
      <h2>Time, UTC</h2>
      {(['from', 'to'] as const).map((name) => (
        <div class="range" key={name}>
          <label for={`range-${name}`}>{name}</label>
          <input
            id={`range-${name}`}
            type="datetime-local"
            step={1}
            value={(query[name] ?? '').slice(0, 19)}
            onChange={({ currentTarget: { value } }) => choose({ [name]: value && atSecond(value) })}
          />
        </div>
      ))}
    </div>
  );
}

function atSecond(local: string): string {
  return `${local}${local.length === 16 ? ':00' : ''}Z`;
}

export function chosenCount(query: Query): number {
  const values = facets.reduce((sum, { name }) => sum + listOf(query, name).length, 0);
  return values + (query.from || query.to ? 1 : 0);
}

/** Each choice as a button that removes it. */
export function Chips({ query }: Chosen) {
  const time = (text: string | undefined) =>
    text && !Number.isNaN(Date.parse(text)) ? clock(Date.parse(text), Date.now()) : '…';
  const chips = [
    ...facets.flatMap(({ name }) =>
      listOf(query, name).map((value) => ({
        text: words[value] ?? value,
        less: {
          [name]: listOf(query, name)
            .filter((other) => other !== value)
            .join(','),
        },
      })),
    ),
    ...(query.from || query.to
      ? [{ text: `${time(query.from)} to ${time(query.to)}`, less: { from: '', to: '' } }]
      : []),
  ];
  if (chips.length === 0 && !query.q) return null;
  return (
    <div class="chips">
      {chips.map(({ text, less }) => (
        <Button
          key={text}
          class="chip"
          aria-label={`Without ${text}`}
          onClick={() => choose({ ...less, sel: undefined })}
        >
          {text}
          <Icon name="cross" size={10} />
        </Button>
      ))}
      <ClearAll />
    </div>
  );
}

export function ClearAll() {
  const none = Object.fromEntries(
    ['level', 'platform', 'mode', 'rule', 'seen', 'q', 'from', 'to', 'sel'].map((name) => [name, '']),
  );
  return (
    <Button class="ghost" onClick={() => choose(none)}>
      Clear all
    </Button>
  );
}
