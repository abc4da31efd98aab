/** Tripline's own form: schemas/finding.schema.json. */
import Type, { type Static } from 'typebox';
import { Evidence, Finding, nullable, Platform, Report } from '../../record.ts';
import { EventSummary, Tag } from '../../tag.ts';
import type { FindingContext } from '../context.ts';
import type { Emitted } from '../emitted.ts';
import type { Form } from './form.ts';
import { receivedOf } from './row.ts';

const { event: _, ...ofFinding } = Finding.properties;

export const FindingRow = Type.Object(
  {
    v: Type.Literal(1, { description: 'Version of the row.' }),
    kind: Type.Enum(['finding', 'report'], {
      description: '`finding`: about the event; `report`: about events of other records, those of `correlation`.',
    }),
    ...ofFinding,
    matched: Type.Optional(ofFinding.matched),
    correlation: Type.Optional(Report.properties.correlation),
    received: Type.String({ description: 'When the record came, RFC 3339.' }),
    platform: Type.Optional(Platform),
    cluster: Type.Optional(Type.String({ description: 'Name of the cluster.' })),
    event: Type.Optional(EventSummary),
    evidence: Type.Optional(Evidence),
    novelty: Type.Optional(
      Type.Object(
        {
          times: Type.Integer({
            description: 'How often the rule matched the same identity on the same kind of object before.',
          }),
          since: nullable(Type.String({ description: 'Since when that is known, RFC 3339.' })),
        },
        { title: 'Novelty', description: 'Absent where it is not known.' },
      ),
    ),
    owner: Type.Optional(
      Type.Object(
        {
          name: Type.String({ description: 'A team or a person.' }),
          contact: Type.Optional(Type.String()),
          runbook: Type.Optional(Type.String({ description: 'URL of what to do.' })),
        },
        { title: 'Owner', description: 'Who answers for what the finding is about.' },
      ),
    ),
    fluentTag: Type.Optional(Type.String({ description: 'Fluent tag of the batch.' })),
    ruleset: Type.Optional(Type.String({ description: 'Hash of the rules that were live.' })),
    trace: Tag.properties.trace,
  },
  { additionalProperties: false, title: 'FindingRow', description: 'A finding or report away from its record.' },
);
export type FindingRow = Static<typeof FindingRow>;

export const finding: Form = {
  of(emitted: Emitted, { novelty, owner }: FindingContext): FindingRow {
    const { kind, platform, cluster, fluentTag, ruleset, trace } = emitted;
    const { event: _, ...found } = { event: 0, ...emitted.finding };
    return {
      v: 1,
      kind,
      ...found,
      received: receivedOf(emitted),
      platform,
      cluster,
      ...(emitted.kind === 'finding' && { event: emitted.event, evidence: emitted.evidence }),
      novelty,
      owner,
      fluentTag,
      ruleset,
      trace,
    };
  },
};
