/**
 * The shape of a tag, the member that Tripline adds to a record, and of a single record with all that is known about it.
 * tagger.ts makes the first, avro/ the second.
 */
import Type, { type Static } from 'typebox';
import {
  AuditEvent,
  Evidence,
  Finding,
  Level,
  nullable,
  Outcome,
  Platform,
  Report,
  Silenced,
  statusMembers,
  Undecided,
} from './record.ts';

export const Verdict = Type.Enum(['match', 'clear', 'indeterminate', 'not_audit', 'error'], { title: 'Verdict' });
export type Verdict = Static<typeof Verdict>;
export const verdicts: readonly Verdict[] = ['match', 'indeterminate', 'error', 'clear', 'not_audit'];

/** What a tag shows of the response's status: the rest repeats the object. */
export const StatusSummary = Type.Object(statusMembers, { title: 'StatusSummary' });
export type StatusSummary = Static<typeof StatusSummary>;

/** The parts of an event that a tag carries: enough to act on without the record. */
export const EventSummary = Type.Partial(
  Type.Object({
    auditID: Type.String(),
    time: Type.String({ description: 'RFC 3339, as logged; absent if unknown.' }),
    stage: Type.String(),
    outcome: Outcome,
    verb: Type.String(),
    resource: Type.String(),
    subresource: Type.String(),
    namespace: Type.String(),
    name: Type.String(),
    username: Type.String(),
    impersonatedUser: nullable(Type.String()),
    sourceIPs: Type.Array(Type.String()),
    userAgent: Type.String(),
    requestURI: Type.String(),
    responseStatus: nullable(StatusSummary),
  }),
  { title: 'EventSummary' },
);
export type EventSummary = Static<typeof EventSummary>;

export const RecordProblem = Type.Object(
  { code: Type.String(), message: Type.String() },
  { title: 'RecordProblem', description: 'What is wrong with the record.' },
);

/** The member that Tripline adds to a record, version 2. Flat members come first, so that a label index can use them. */
export const Tag = Type.Object(
  {
    v: Type.Literal(2, { description: 'Version of the tag.' }),
    verdict: Verdict,
    level: Type.Optional(Level),
    rules: Type.Optional(Type.Array(Type.String(), { description: 'Names of the rules that matched.' })),
    attack: Type.Optional(Type.Array(Type.String(), { description: 'Ids of the ATT&CK techniques.' })),
    routeLevel: Type.Optional(
      Type.Enum(Level.enum, {
        description:
          'The highest level among findings and reports, for routing alone: it says nothing of whom they are about.',
      }),
    ),
    platform: Type.Optional(Platform),
    cluster: Type.Optional(Type.String({ description: 'Name of the cluster.' })),
    evidence: Type.Optional(Evidence),
    event: Type.Optional(EventSummary),
    findings: Type.Optional(Type.Array(Finding, { description: 'What was found in the events of the record.' })),
    reports: Type.Optional(
      Type.Array(Report, { description: 'What was found in events of other records: nothing above is about them.' }),
    ),
    undecided: Type.Optional(Type.Array(Undecided, { description: 'The rules that could not be decided.' })),
    shadow: Type.Optional(
      Type.Array(Finding, { description: 'Findings of rules in shadow mode: they count for nothing above.' }),
    ),
    shadowReports: Type.Optional(Type.Array(Report, { description: 'Reports of correlations in shadow mode.' })),
    silenced: Type.Optional(Type.Array(Silenced, { description: 'Matches for which an exception left no finding.' })),
    omitted: Type.Optional(
      Type.Integer({
        description:
          'How many members of these lists are left out: each ends after 1,000, and all of a batch after some 50,000 findings.',
      }),
    ),
    redacted: Type.Optional(
      Type.Array(Type.String(), {
        description:
          'Where the record was masked for the sink that it went to: paths of members, 50 at most; an empty one is the whole record.',
      }),
    ),
    state: Type.Optional(
      Type.Enum(['local'], {
        description:
          'The server of the state could not be used: correlations knew no more than what this Tripline has seen.',
      }),
    ),
    problem: Type.Optional(RecordProblem),
    ruleset: Type.Optional(Type.String({ description: 'Hash of the rules that were live.' })),
    trace: Type.Optional(
      Type.Object(
        { traceId: Type.String(), spanId: Type.String() },
        { description: 'Span of the first finding, else of the first report, while tracing is on.' },
      ),
    ),
  },
  { title: 'Tag' },
);
export type Tag = Static<typeof Tag>;

/** A single record: its bytes, and all that is known about it. A reply in Avro is a container file of these. */
export const TaggedRecord = Type.Object(
  {
    record: Type.String({
      contentEncoding: 'base64',
      description: 'The record as it came, byte for byte, untagged; masked where `redacted` says so.',
    }),
    mediaType: Type.String({ description: 'Layout of those bytes: application/json, application/msgpack …' }),
    fluentTag: nullable(Type.String({ description: 'Fluent tag of the batch.' })),
    receivedUnixNano: Type.Integer({ format: 'int64', description: 'When the batch came, in Unix nanoseconds.' }),
    verdict: Verdict,
    ruleset: Type.String({ description: 'Hash of the rules that were live.' }),
    problem: nullable(RecordProblem),
    events: Type.Array(AuditEvent, { description: 'The audit events in the record.' }),
    findings: Type.Array(Finding),
    undecided: Type.Array(Undecided),
    shadow: Type.Optional(Type.Array(Finding, { description: 'Findings of rules in shadow mode.' })),
    silenced: Type.Optional(Type.Array(Silenced)),
    reports: Type.Optional(Type.Array(Report, { description: 'What was found in events of other records.' })),
    shadowReports: Type.Optional(Type.Array(Report, { description: 'Reports of correlations in shadow mode.' })),
    omitted: Tag.properties.omitted,
    redacted: Tag.properties.redacted,
    state: Tag.properties.state,
  },
  { title: 'TaggedRecord' },
);
export type TaggedRecord = Static<typeof TaggedRecord>;
