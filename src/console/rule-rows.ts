/** The rules, with counts of their kept findings and their costs. */
import { setImmediate } from 'node:timers/promises';
import { attackOf } from '../attack.ts';
import { isAnswered } from '../audit/request.ts';
import { decidabilityOn } from '../authoring/decidability.ts';
import { lookupOf, type Ruleset } from '../detect.ts';
import { type AuditEvent, Platform } from '../record.ts';
import type { LoadedRules } from '../rules/index.ts';
import { evaluate, type Rule, type RuleHead } from '../sigma/index.ts';
import type { RuleRow, Rules } from './api.ts';
import type { Book } from './book.ts';

/** The cost of each rule, by name, in microseconds per record. */
export interface Costs {
  records: number;
  at: Date;
  micros: ReadonlyMap<string, number>;
}

const platforms = (Platform as unknown as { enum: Platform[] }).enum;

export function rulesOf(loaded: LoadedRules, book: Pick<Book, 'rows' | 'pages'>, costs: Costs | undefined): Rules {
  const { ruleset, usable } = loaded;
  const hits = new Map<string, { count: number; last: number }>();
  for (const { row, at } of book.rows()) {
    const hit = hits.get(row.rule);
    if (hit === undefined) hits.set(row.rule, { count: 1, last: at });
    else {
      hit.count++;
      hit.last = Math.max(hit.last, at);
    }
  }
  const silenced = new Map<string, number>();
  const undecided = new Map<string, number>();
  const count = (counts: Map<string, number>, names: readonly string[]) => {
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  for (const page of book.pages()) {
    count(silenced, page.silenced);
    count(undecided, page.undecided);
  }
  const rowOf = (head: RuleHead, kind: RuleRow['kind'], rule: Rule | undefined): RuleRow => {
    const hit = hits.get(head.name);
    return {
      ...{ name: head.name, ...(head.id !== undefined && { id: head.id }), kind, title: head.title },
      ...{ description: head.description, level: head.level, mode: head.mode },
      hits: hit?.count ?? 0,
      silenced: silenced.get(head.name) ?? 0,
      undecided: undecided.get(head.name) ?? 0,
      lastHit: hit === undefined ? null : new Date(hit.last).toISOString(),
      costMicros: costs?.micros.get(head.name) ?? null,
      decidable: rule === undefined ? {} : decidableOn(rule),
      attack: attackOf(head.ruleTags),
      path: head.path,
    };
  };
  const off = usable.documents.filter(({ mode }) => mode === 'off');
  return {
    rules: [
      ...ruleset.rules.map(({ rule }) => rowOf(rule, 'rule', rule)),
      ...ruleset.correlations.map(({ correlation }) => rowOf(correlation, 'correlation', undefined)),
      ...off.map((head) => rowOf(head, 'condition' in head ? 'rule' : 'correlation', undefined)),
    ],
    cost: costs === undefined ? null : { records: costs.records, at: costs.at.toISOString() },
  };
}

/** Leaves out platforms that a rule is not about. */
function decidableOn(rule: Rule): RuleRow['decidable'] {
  const words = { yes: 'yes', partly: 'partly', blind: 'no' } as const;
  return Object.fromEntries(
    platforms.flatMap((platform) => {
      const { extent } = decidabilityOn(platform, rule);
      return extent === 'elsewhere' ? [] : [[platform, words[extent]]];
    }),
  );
}

/** Microseconds for which each rule is measured at least: one pass may be shorter than the clock resolves. */
const MEASURED_MICROS = 2_000;
/** For all rules together. */
const MOST_MILLISECONDS = 5000;

/** Measures each rule alone on events, including the reading of its fields; the pipeline reads and decides once what rules
 * have in common.
 * @param events of all the records */
export async function measureCosts(ruleset: Ruleset, events: readonly AuditEvent[], records: number): Promise<Costs> {
  const micros = new Map<string, number>();
  const answered = events.filter(({ stage }) => isAnswered(stage));
  const end = performance.now() + MOST_MILLISECONDS;
  for (const compiled of ruleset.rules) {
    let passes = 0;
    let took = 0;
    while (answered.length > 0 && took * 1000 < MEASURED_MICROS && performance.now() < end) {
      const lookups = answered.map((event) => lookupOf(event, ruleset));
      const from = performance.now();
      for (const lookup of lookups) evaluate(compiled, lookup);
      // The first pass compiles.
      if (passes > 0) took += performance.now() - from;
      passes++;
      if (passes % 8 === 0) await setImmediate();
    }
    if (passes > 1) micros.set(compiled.rule.name, (took * 1000) / (passes - 1) / Math.max(1, records));
    await setImmediate();
  }
  return { records, at: new Date(), micros };
}
