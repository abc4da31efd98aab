/**
 * The nouns: what goes in (LogRecord), and what is found in it (AuditEvent, Finding); the result, the tag, is in tag.ts.
 * The declarations make the types, the JSON Schemas and the Avro schemas in `schemas/`.
 */

import Type, { type Static, type TSchema } from 'typebox';
import type { CutReason, JsonMap } from './json/map.ts';
import type { Problem } from './problem.ts';

/** Half-open range of byte offsets into a batch. */
export interface Span {
  start: number;
  end: number;
}

/** One record of a batch, as offsets into the batch's bytes: nothing is copied or re-encoded. */
export type LogRecord =
  /** A record with a map: the place where a tag goes. `map` spans only the map, the record's own span all of its framing
   * unit (a MessagePack event, a JSON value, an NDJSON line without its line end). `outline` is the number of the map's
   * outline among those of the batch: a map that has one is well-formed, not empty, and has no tag. */
  | (Span & { kind: 'map'; map: Span; outline?: number })
  /** A marker that opens or closes an OpenTelemetry group in Fluent Bit's MessagePack: echoed in place, not a record. */
  | (Span & { kind: 'group' })
  /** Anything but a map: a text line, a number, a truncated rest. Passed through as it came. */
  | (Span & { kind: 'other'; problem: Problem });

export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const Platform = Type.Enum(['kubernetes', 'eks', 'aks', 'gke', 'openshift'], {
  title: 'Platform',
  description: 'Who runs the API server that logged the event.',
});
export type Platform = Static<typeof Platform>;

export const Cluster = Type.Object(
  {
    name: Type.String({ description: 'Name of the cluster, as its platform spells it.' }),
    id: Type.Optional(Type.String({ description: 'Full resource id, where the platform gives one.' })),
    account: Type.Optional(Type.String({ description: 'AWS account, Azure subscription or Google project.' })),
    region: Type.Optional(Type.String({ description: 'Region, zone or resource group.' })),
  },
  { title: 'Cluster' },
);
export type Cluster = Static<typeof Cluster>;

export const User = Type.Object(
  {
    username: Type.String({ description: 'Empty where authentication failed, or where it is not known.' }),
    uid: Type.Optional(Type.String()),
    groups: nullable(Type.Array(Type.String(), { description: 'Null where they are not known, as on GKE.' })),
    extra: Type.Optional(Type.Record(Type.String(), Type.Array(Type.String()))),
  },
  { title: 'User' },
);
export type User = Static<typeof User>;

export const ObjectRef = Type.Object(
  {
    resource: Type.String(),
    subresource: Type.String({ description: 'Empty for the object itself.' }),
    namespace: Type.String({ description: 'Empty for a cluster-scoped object.' }),
    name: Type.String({ description: 'Empty where it is not known, as for a list.' }),
    apiGroup: Type.String({ description: 'Empty for the core group.' }),
    apiVersion: Type.String(),
    subPath: Type.Optional(Type.String({ description: 'Path behind a proxy subresource.' })),
    uid: Type.Optional(Type.String({ description: 'Where the client named the object by it as well.' })),
    resourceVersion: Type.Optional(Type.String({ description: 'Version that an update was made from.' })),
  },
  { title: 'ObjectRef' },
);
export type ObjectRef = Static<typeof ObjectRef>;

/** Also shown in a tag. */
export const statusMembers = {
  code: Type.Optional(Type.Integer({ description: 'HTTP status; gRPC codes are translated.' })),
  status: Type.Optional(Type.String({ description: 'Success or Failure, where the event has it.' })),
  reason: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
};

export const ResponseStatus = Type.Object(
  {
    ...statusMembers,
    details: Type.Optional(Type.Unknown({ description: 'Kind, name and causes of what failed or was deleted.' })),
    metadata: Type.Optional(Type.Unknown({ description: 'Of a list that was answered.' })),
  },
  { title: 'ResponseStatus' },
);
export type ResponseStatus = Static<typeof ResponseStatus>;

export const AuthenticationMetadata = Type.Object(
  {
    impersonationConstraint: Type.Optional(
      Type.String({ description: 'Verb that allowed a constrained impersonation: `impersonate:user-info`.' }),
    ),
  },
  { title: 'AuthenticationMetadata' },
);
export type AuthenticationMetadata = Static<typeof AuthenticationMetadata>;

export const Outcome = Type.Enum(
  ['none', 'success', 'unauthenticated', 'forbidden', 'admission_denied', 'conflict', 'error'],
  {
    title: 'Outcome',
    description:
      'What became of the request. `none`: not answered yet; `forbidden`: refused by authorization; ' +
      '`admission_denied`: authorized, then refused by admission (or by validation).',
  },
);
export type Outcome = Static<typeof Outcome>;

export const Evidence = Type.Enum(['full', 'partial', 'metadata'], {
  title: 'Evidence',
  description: '`partial`: a body or the event was cut, truncated or skipped; `metadata`: bodies were not logged.',
});
export type Evidence = Static<typeof Evidence>;

/** A Kubernetes audit event, the same whichever platform logged it: audit.k8s.io/v1 under its own names, plus what only
 * knowledge of the platforms can establish. */
export const AuditEvent = Type.Object(
  {
    platform: Platform,
    cluster: Type.Optional(Cluster),
    auditID: Type.String({ description: 'Empty where the platform gives none. GKE: operation.id or insertId.' }),
    level: Type.String({ description: 'Metadata, Request or RequestResponse; empty where it is not logged.' }),
    stage: Type.String({ description: 'RequestReceived, ResponseStarted, ResponseComplete or Panic.' }),
    verb: Type.String(),
    action: Type.Optional(
      Type.String({
        description:
          'What was done: the verb, except that a patch or update which made the object is `create`. ' +
          'Absent where the log does not show whether it did.',
      }),
    ),
    user: User,
    impersonatedUser: nullable(User),
    authenticationMetadata: Type.Optional(AuthenticationMetadata),
    sourceIPs: Type.Array(Type.String(), { description: 'As logged: all but the last hop can be forged.' }),
    userAgent: Type.String(),
    objectRef: nullable(ObjectRef),
    requestURI: Type.String({ description: 'Rebuilt from the object on platforms which do not log it (GKE).' }),
    responseStatus: nullable(ResponseStatus),
    outcome: Outcome,
    dryRun: Type.Boolean({ description: 'Nothing was persisted.' }),
    evidence: Evidence,
    requestReceivedTimestamp: Type.String({ description: 'RFC 3339, as logged; empty where unknown.' }),
    stageTimestamp: Type.String({ description: 'RFC 3339, as logged; empty where unknown.' }),
    annotations: Type.Record(Type.String(), Type.String()),
    requestObject: Type.Optional(Type.Unknown({ description: 'Body of the request: an object, or a JSON Patch.' })),
    responseObject: Type.Optional(Type.Unknown({ description: 'Body of the response.' })),
  },
  { title: 'AuditEvent' },
);

/** See the declaration of the same name. `gaps` says which parts are unknown rather than absent, and why: its keys are
 * names of members of AuditEvent, and `objectRef.apiGroup`. A part that could only be read partly carries the CUT mark
 * inside instead. */
export type AuditEvent = Static<typeof AuditEvent> & {
  requestObject?: JsonMap | unknown[];
  responseObject?: JsonMap | unknown[];
  gaps: Readonly<Record<string, CutReason>>;
  /** The addresses among sourceIPs that may be the client's: not those of a named proxy. */
  clientIPs: readonly string[];
};

export const Level = Type.Enum(['informational', 'low', 'medium', 'high', 'critical'], {
  title: 'Level',
  description: 'Severity, in the words of Sigma; from low to high.',
});
export type Level = Static<typeof Level>;
export const levels: readonly Level[] = ['informational', 'low', 'medium', 'high', 'critical'];

/** Sorted by level, highest first; otherwise in the given order. */
export function gravestFirst<T extends { level: Level }>(found: readonly T[]): readonly T[] {
  if (found.every(({ level }) => level === found[0]!.level)) return found;
  return found.toSorted((a, b) => levels.indexOf(b.level) - levels.indexOf(a.level));
}

export const Attack = Type.Object(
  {
    tactic: Type.Optional(Type.String({ description: 'Id of the MITRE ATT&CK tactic: TA0004.' })),
    technique: Type.String({ description: 'Id of the MITRE ATT&CK technique: T1611.' }),
  },
  { title: 'Attack' },
);
export type Attack = Static<typeof Attack>;

/** A list of these has the same type whatever the fields and values: no column and no index has to know the fields of
 * every rule. */
export const FieldValues = Type.Object(
  {
    field: Type.String({ description: 'Name of the field.' }),
    values: Type.Array(Type.String(), {
      description:
        'What the event has there: texts, numbers and booleans as text, a map or list as JSON. Empty where it has nothing, ' +
        'or null.',
    }),
  },
  { title: 'FieldValues' },
);
export type FieldValues = Static<typeof FieldValues>;

export const FindingCorrelation = Type.Object(
  {
    type: Type.String({ description: 'Type of the correlation: event_count, temporal, new_terms …' }),
    group: Type.Array(FieldValues, { description: 'The fields that the events share.' }),
    from: Type.String({ description: 'Time of the first event, RFC 3339.' }),
    to: Type.String({ description: 'Time of the last event, RFC 3339; of a report, the end of the window.' }),
    value: Type.Optional(Type.Number({ description: 'What was counted or computed, where there is such a thing.' })),
    events: Type.Array(Type.String(), { description: 'The auditIDs of the events.' }),
  },
  { title: 'FindingCorrelation', description: 'The events that together made the finding.' },
);
export type FindingCorrelation = Static<typeof FindingCorrelation>;

const found = {
  id: Type.String({
    description:
      'Hash of rule, cluster, auditID, time, user, verb and object, or of rule, cluster, group and first event: the same on a ' +
      'retry, a replica, a replay.',
  }),
  rule: Type.String({ description: 'Name of the rule.' }),
  ruleId: Type.Optional(Type.String({ description: "The rule's Sigma id, a UUID, where it has one." })),
  title: Type.String({ description: 'Title of the rule.' }),
  level: Level,
  summary: Type.String({ description: 'One sentence for a person: who did what to which object.' }),
  attack: Type.Array(Attack),
};
const context = Type.Array(FieldValues, { description: 'The fields that the rule asks to show.' });
const workload = Type.Optional(
  Type.String({
    description:
      'namespace/Kind/name of the workload that the object belongs to, itself or by its topmost controller: the same ' +
      'for a Deployment and for the pods that come of it.',
  }),
);

export const Finding = Type.Object(
  {
    ...found,
    matched: Type.Array(FieldValues, { description: 'The fields that decided, with their values.' }),
    context,
    event: Type.Integer({ description: 'Which event of the record, from 0.' }),
    time: Type.Optional(Type.String({ description: "The event's time, RFC 3339, as logged; absent if unknown." })),
    workload,
    correlation: Type.Optional(FindingCorrelation),
  },
  { title: 'Finding' },
);
export type Finding = Static<typeof Finding>;

export const Report = Type.Object(
  {
    ...found,
    context,
    time: Type.String({ description: 'The end of the window, RFC 3339.' }),
    workload,
    correlation: FindingCorrelation,
  },
  {
    title: 'Report',
    description: 'What a correlation found in events of other records, when an event of this one passed its window.',
  },
);
export type Report = Static<typeof Report>;

export const Undecided = Type.Object(
  {
    rule: Type.String({ description: 'Name of the rule that could not be decided.' }),
    reason: Type.String({
      description: 'Why: cut, truncated, skipped, not_logged, split, missing, too_deep, timed_out or not_located.',
    }),
    field: Type.String({ description: 'The first field that was missing.' }),
    event: Type.Integer({ description: 'Which event of the record, from 0.' }),
  },
  { title: 'Undecided' },
);
export type Undecided = Static<typeof Undecided>;

export const Silenced = Type.Object(
  {
    rule: Type.String({ description: 'Name of the rule that matched.' }),
    exception: Type.String({ description: 'Name of the filter for which there is no finding.' }),
    event: Type.Integer({ description: 'Which event of the record, from 0.' }),
  },
  { title: 'Silenced' },
);
export type Silenced = Static<typeof Silenced>;
