/** Decodes a kept record into the rows of its findings and reports. */
import type { TaggedBatch } from '../batch/tagged-batch.ts';
import { codecNamed } from '../codecs/index.ts';
import type { Config } from '../config/index.ts';
import { fieldsOf } from '../fields/index.ts';
import type { ContextOf } from '../findings/context.ts';
import { type Emitted, emittedOf } from '../findings/emitted.ts';
import { eventReader } from '../pipeline-dependencies.ts';
import type { AuditEvent } from '../record.ts';
import { type FieldLookup, summaryParts } from '../sigma/index.ts';
import type { Tag } from '../tag.ts';
import type { FindingRow, SummaryPart } from './api.ts';
import type { Kept } from './kept.ts';
import type { Placed } from './query.ts';

/** A kept record, decoded. */
export interface Opened {
  batch: TaggedBatch;
  tag: Tag;
  /** Empty if the record is too large to be kept. */
  events: readonly AuditEvent[];
  emitted: readonly Emitted[];
}

export type Open = (kept: Kept) => Opened;

/** Decodes a kept record in the same way as for the rules. */
export function opener(config: Config): Open {
  const eventsOf = eventReader(config);
  const { memberName, dateKey } = config;
  return ({ codec, fluentTag, receivedUnixNano, bytes, record, tag: text }) => {
    const tag = JSON.parse(text) as Tag;
    const batch: TaggedBatch = {
      ...{ fluentTag, codec: codecNamed(codec)!, memberName, dateKey, receivedUnixNano },
      // Not every decoder can read memory shared between threads.
      bytes: bytes === undefined ? new Uint8Array() : bytes.slice(),
      records: [record],
      tags: [tag],
    };
    const events = bytes === undefined ? [] : eventsOf(batch, 0);
    return { batch, tag, events, emitted: emittedOf(batch, 0, () => events) };
  };
}

/** The rows of a record, with their positions in time. */
export function rowsOf({ seq, at, novelty }: Kept, { events, emitted }: Opened, contextOf: ContextOf): Placed[] {
  return emitted.map((one, index) => {
    const row = {
      ...rowOf(one, events, contextOf, new Date(at).toISOString()),
      novelty: novelty[one.finding.id] ?? null,
    };
    const time = row.time === null ? Number.NaN : Date.parse(row.time);
    return { row, at: Number.isNaN(time) ? at : time, seq, index };
  });
}

function rowOf(
  emitted: Emitted,
  events: readonly AuditEvent[],
  contextOf: ContextOf,
  received: string,
): Omit<FindingRow, 'novelty'> {
  const { kind, mode, finding, platform, cluster } = emitted;
  const { id, rule, ruleId, title, level, summary, attack, time, workload } = finding;
  const { rule: head, owner } = contextOf(emitted);
  const event = kind === 'finding' ? events[emitted.finding.event] : undefined;
  return {
    ...{ id, kind, rule, ...(ruleId !== undefined && { ruleId }), title, level, mode, summary },
    parts: (head && summaryParts(head.summary, lookupOf(emitted, event), summary)) ?? unknownParts(summary),
    time: time ?? null,
    received,
    event: kind === 'finding' ? (emitted.event ?? null) : null,
    platform: platform ?? null,
    cluster: cluster ?? null,
    workload: workload ?? null,
    attack,
    evidence: kind === 'finding' ? (emitted.evidence ?? null) : null,
    owner: owner ?? null,
  };
}

/** If the summary does not come from the rule as it is now, any part of it may be from the record. */
function unknownParts(summary: string): SummaryPart[] {
  return [{ field: 'summary', value: summary }];
}

/** The values that the summary was made from: for a correlation the values that its events share, else those of the event. */
function lookupOf({ finding }: Emitted, event: AuditEvent | undefined): FieldLookup {
  const ofEvent = event && fieldsOf(event);
  const { correlation } = finding;
  if (correlation === undefined) return ofEvent ?? nothing;
  const shared = new Map([...finding.context, ...correlation.group].map(({ field, values }) => [field, { values }]));
  return (field) => shared.get(field) ?? ofEvent?.(field) ?? { values: [] };
}

const nothing: FieldLookup = () => ({ values: [] });
