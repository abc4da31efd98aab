/** What forms have in common. */
import { tactics } from '../../attack.ts';
import { isAddress } from '../../network.ts';
import { type Level, levels } from '../../record.ts';
import { unixNanoFromRfc3339 } from '../../time.ts';
import type { FindingContext } from '../context.ts';
import type { Emitted } from '../emitted.ts';

/** The time of the event, or the end of a report's window; if unknown, when the record was received. In Unix nanoseconds. */
export function unixNanoOf({ finding, receivedUnixNano }: Emitted): bigint {
  return (finding.time === undefined ? undefined : unixNanoFromRfc3339(finding.time)) ?? receivedUnixNano;
}

export function receivedOf({ receivedUnixNano }: Emitted): string {
  return rfc3339(receivedUnixNano);
}

/** RFC 3339 in UTC, to the millisecond. */
export function rfc3339(unixNano: bigint): string {
  return new Date(millisecondsOf(unixNano)).toISOString();
}

export function millisecondsOf(unixNano: bigint): number {
  return Number(unixNano / 1_000_000n);
}

/** From 1, informational, to 5, critical: as in OCSF. */
export function severityOf(level: Level): number {
  return levels.indexOf(level) + 1;
}

/** The addresses among those that were logged: a client can send any text as one. */
export function addressesIn(texts: readonly string[] = []): string[] {
  return texts.filter(isAddress);
}

const tacticNames = new Map(
  Object.entries(tactics)
    .map(
      ([name, id]) =>
        [id, name.replaceAll('-', ' ').replace(/\b(?!and\b)\w/g, (first) => first.toUpperCase())] as const,
    )
    .reverse(),
);

/** The name of a tactic by its id: TA0004 is Privilege Escalation. */
export function tacticName(id: string): string | undefined {
  return tacticNames.get(id);
}

/** What other schemas have no place for, by the names of our own form. */
export function restOf(emitted: Emitted, { novelty, owner }: FindingContext) {
  const { kind, finding, platform, cluster, fluentTag, ruleset } = emitted;
  const { rule, level, context, workload, correlation } = finding;
  return {
    ...{ kind, rule, level, platform, cluster, workload },
    outcome: emitted.kind === 'finding' ? emitted.event?.outcome : undefined,
    evidence: emitted.kind === 'finding' ? emitted.evidence : undefined,
    matched: emitted.kind === 'finding' ? emitted.finding.matched : undefined,
    ...{ context, correlation, novelty, owner, fluentTag, ruleset },
  };
}

/** A text that is not empty: an event summary has '' if the event has nothing. */
export function text(value: string | null | undefined): string | undefined {
  return value || undefined;
}

/** Whether none of the members is defined. */
export function isEmpty(map: object): boolean {
  return Object.values(map).every((value) => value === undefined);
}
