/** Coverage of ATT&CK by the rules: a column for each tactic, a cell for each technique. */
import type { RuleRow } from '../api.ts';
import { printAddress } from './address.ts';
import { brief, count, plural } from './numbers.ts';
import { Link } from './parts.tsx';
import { tactics, techniqueName } from './techniques.ts';

interface Cell {
  technique: string;
  rules: number;
  /** How many of them are live. */
  live: number;
  hits: number;
}

export function Matrix({ rules, chosen }: { rules: readonly RuleRow[]; chosen: string | undefined }) {
  const columns = columnsOf(rules);
  const most = Math.max(1, ...columns.flatMap(({ cells }) => cells.map(({ hits }) => hits)));
  return (
    <>
      <div class="legend">
        <span>
          <i class="cell-key h0" aria-hidden="true" /> watched, no hits
        </span>
        <span>
          <i class="cell-key h1" aria-hidden="true" /> some
        </span>
        <span>
          <i class="cell-key h2" aria-hidden="true" /> more
        </span>
        <span>
          <i class="cell-key h3" aria-hidden="true" /> most hits in the ring
        </span>
        <span>
          <i class="cell-key off" aria-hidden="true" /> rules are off or in shadow
        </span>
        <span>3× is hits, 5 r is rules</span>
      </div>
      <section class="panel matrix" aria-label="ATT&CK matrix" tabIndex={0}>
        {columns.map(({ id, name, cells }) => (
          <div key={id}>
            <h2>
              {name}
              <small>
                {id} · {count(cells.length)}
              </small>
            </h2>
            <ul>
              {cells.map((cell) => (
                <li key={cell.technique}>
                  <Technique cell={cell} most={most} isChosen={cell.technique === chosen} />
                </li>
              ))}
            </ul>
          </div>
        ))}
      </section>
    </>
  );
}

function Technique({
  cell: { technique, rules, live, hits },
  most,
  isChosen,
}: {
  cell: Cell;
  most: number;
  isChosen: boolean;
}) {
  const heat = hits === 0 ? 0 : Math.min(3, 1 + Math.floor((hits / most) * 2.99));
  return (
    <Link
      class={`cell ${live === 0 ? 'off' : `h${heat}`}`}
      aria-current={isChosen ? 'true' : undefined}
      to={printAddress({ page: 'rules', query: { technique } })}
    >
      {techniqueName(technique)}
      <span class="id">
        {technique}{' '}
        <span>
          {hits > 0 ? (
            <>
              <strong aria-hidden="true">{brief(hits)}×</strong> <span class="sr">{plural(hits, 'hit')}, </span>
            </>
          ) : null}
          <span aria-hidden="true">{rules} r</span>
          <span class="sr">{plural(rules, 'rule')}</span>
        </span>
      </span>
    </Link>
  );
}

/** Techniques that a rule gives without a tactic come last. */
function columnsOf(rules: readonly RuleRow[]): { id: string; name: string; cells: Cell[] }[] {
  const byTactic = new Map<string, Map<string, Cell>>();
  for (const rule of rules) {
    for (const { tactic = '', technique } of rule.attack) {
      const cells = byTactic.get(tactic) ?? new Map<string, Cell>();
      byTactic.set(tactic, cells);
      const cell = cells.get(technique) ?? { technique, rules: 0, live: 0, hits: 0 };
      cells.set(technique, cell);
      cell.rules++;
      if (rule.mode === 'live') cell.live++;
      cell.hits += rule.hits;
    }
  }
  const known = [...tactics, ['', 'Under no tactic'] as const];
  const others = [...byTactic.keys()].filter((id) => known.every(([of]) => of !== id)).map((id) => [id, id] as const);
  return [...known, ...others]
    .filter(([id]) => byTactic.has(id))
    .map(([id, name]) => ({
      id,
      name,
      cells: [...byTactic.get(id)!.values()].toSorted((a, b) => b.hits - a.hits || b.rules - a.rules),
    }));
}
