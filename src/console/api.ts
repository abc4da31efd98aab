/** Responses of the console's API, `GET /console/v1/…`: shared by the server, the page, and the commands `tail` and `top`.
 * Times are RFC 3339 in UTC. */
import type { Novelty, Owner } from '../findings/context.ts';
import type { AuditEvent, Evidence, Finding, Level, Platform, Report } from '../record.ts';
import type { Explanation } from '../sigma/index.ts';
import type { EventSummary, Verdict } from '../tag.ts';

/** `session`: who is asking, and which sidecar answers. */
export interface Session {
  version: string;
  /** When the process began. */
  started: string;
  ruleset: string;
  /** The name of the credential; null if none is required. */
  credential: string | null;
  mayWrite: boolean;
  /** Why nothing can be written, for a person; null if writing is possible. */
  writeDenied: string | null;
  /** What is kept. `records` is null if only records with a finding are kept. */
  ring: { findings: Reach; records: Reach | null };
}

/** How far back a ring goes. */
export interface Reach {
  held: number;
  bytes: number;
  maxBytes: number;
  /** When the oldest entry arrived; null if the ring is empty. */
  oldest: string | null;
  /** The time since which every entry is held. Older entries are held only in part, since a rule with many findings evicts
   * its own. Null if nothing has been evicted. */
  completeSince: string | null;
}

/** `now` */
export interface Now {
  at: string;
  ruleset: string;
  rules: number;
  correlations: number;
  /** When the rules were last reloaded with a different rule set. */
  rulesSince: string;
  /** Absent while the rule files can be loaded. */
  refused?: { since: string; files: string[] };
  /** One for each platform and verdict counted since the process began. */
  records: RecordRate[];
  /** Findings in the ring, by minute. */
  findings: FindingBin[];
  silenced: { from: string; count: number }[];
  /** Seconds from the event to its receipt, over the last minutes; null if nothing arrived. */
  lag: { p50: number | null; p99: number | null };
  sinks: SinkNow[];
  problems: ProblemNow[];
}

export interface RecordRate {
  platform: Platform | null;
  verdict: Verdict;
  /** Records in each of the last seconds, oldest first, across all clusters. */
  perSecond: number[];
  total: number;
}

export interface FindingBin {
  /** Start of the minute. */
  from: string;
  level: Level;
  mode: 'live' | 'shadow';
  count: number;
}

export interface SinkNow {
  name: string;
  type: string;
  /** Records since the process began. */
  sent: number;
  failed: number;
  setAside: number;
  /** Null if the sink has no spool. */
  spool: { entries: number; bytes: number; oldestSeconds: number } | null;
  isDown: boolean;
}

/** A current problem; the gravest is listed first. */
export interface ProblemNow {
  /** `rules.refused`, `spool.full`, `sink.down`, `state.unwritten` … */
  code: string;
  message: string;
  remedy: string;
  since: string;
}

/** Query of `findings` and `stream`; lists are joined by commas. */
export interface FindingsQuery {
  level?: string;
  platform?: string;
  mode?: string;
  rule?: string;
  /** `new`: never seen before. */
  seen?: string;
  /** Words: `who: ns: ip: rule: obj: agent: workload: id:`. `-` negates, `*` matches anything, quotes enclose blanks. */
  q?: string;
  from?: string;
  to?: string;
  /** `time` (newest first, the default), `-time`, `level`, `novelty`. */
  sort?: string;
  /** Cursor from the previous response. */
  before?: string;
  /** 1 to 1,000; 200 by default. */
  limit?: string;
}

/** `findings` */
export interface Findings {
  findings: FindingRow[];
  /** Cursor of the next page; null at the end. */
  next: string | null;
  /** The exact number of findings that match the query. */
  total: number;
  /** For each value of a facet, the number of findings that match the query apart from that facet. */
  facets: Record<'level' | 'platform' | 'mode' | 'rule' | 'seen', Record<string, number>>;
  /** Counts over the time that the ring covers, oldest first: one list of bins, all of the same length, for each level that
   * occurs. */
  bins: { from: string; to: string; counts: Partial<Record<Level, number[]>> };
}

/** A part of a summary: text of the rule, or a value from the record, which must never be interpreted as anything but text. */
export type SummaryPart = string | { field: string; value: string };

export interface FindingRow {
  id: string;
  kind: 'finding' | 'report';
  rule: string;
  ruleId?: string;
  title: string;
  level: Level;
  mode: 'live' | 'shadow';
  summary: string;
  parts: SummaryPart[];
  /** Time of the event; for a report, the end of its window. */
  time: string | null;
  received: string;
  /** Null for a report. */
  event: EventSummary | null;
  platform: Platform | null;
  cluster: string | null;
  workload: string | null;
  attack: { tactic?: string; technique: string }[];
  evidence: Evidence | null;
  novelty: Novelty | null;
  owner: Owner | null;
}

/** `findings/ID`. An {@link Explanation} leaves out operands beyond some thousands, and the branch gives their number as
 * `omitted`; long values end with `…`. */
export interface FindingPage extends FindingRow {
  finding: Finding | Report;
  about: RuleText | null;
  /** Base64: the record with its tag, byte for byte as it was returned; null if it is too large to be kept. */
  record: string | null;
  mediaType: string;
  /** Offsets in those bytes of what was inserted: the tag's member, with its comma; null if the record is. */
  tag: { start: number; end: number } | null;
  /** The event as rules see it; null for a report. */
  normalized: AuditEvent | null;
  /** Null if the rule is no longer live, and for a report. */
  explanation: Explanation | null;
  fluentTag: string | null;
  /** Findings of the same identity or address in the cluster, oldest first, including this one. */
  line: FindingRow[];
}

export interface RuleText {
  description: string;
  falsepositives: string[];
  references: string[];
  path: string;
}

/** `why-not`: POST of `{"record": "text of a record"}`, or GET with `?auditID=`. */
export interface WhyNot {
  verdict: Verdict;
  /** Why the record cannot be read; absent if it can. */
  problem?: string;
  /** One for each audit event in the record. */
  events: { about: string; event: EventSummary; isAnswered: boolean }[];
  rules: WhyNotRule[];
}

export interface WhyNotRule {
  /** Which event, from 0. */
  event: number;
  rule: string;
  title: string;
  level: Level;
  mode: 'live' | 'shadow';
  answer: 'matches' | 'ignores' | 'undecided' | 'silenced';
  explanation: Explanation;
  /** Name of the exception. */
  silencedBy?: string;
}

/** `rules` */
export interface Rules {
  rules: RuleRow[];
  /** The records that costs were measured on; null if they have not been measured: `POST rules/cost` does it. */
  cost: { records: number; at: string } | null;
}

export interface RuleRow {
  name: string;
  id?: string;
  kind: 'rule' | 'correlation';
  title: string;
  description: string;
  level: Level;
  mode: 'live' | 'shadow' | 'off';
  /** Findings in the ring. */
  hits: number;
  silenced: number;
  undecided: number;
  lastHit: string | null;
  /** Mean microseconds per record, over those in the ring; null if it was not measured. */
  costMicros: number | null;
  decidable: Partial<Record<Platform, 'yes' | 'partly' | 'no'>>;
  attack: { tactic?: string; technique: string }[];
  path: string;
}

/** Body of `POST tune`. */
export interface TuneRequest {
  finding: string;
  /** Fields that the exception tests. */
  by?: string[];
}

export interface Tune {
  yaml: string;
  /** The proposed file name. */
  name: string;
  rule: string;
  /** What the exception can test, with the finding's values; `weak` says why an attacker can choose the value. */
  fields: { field: string; values: string[]; isChosen: boolean; weak: string | null }[];
  silences: {
    /** Findings of the rule in the ring. */
    of: number;
    ids: string[];
    /** How many of the silenced findings are of another identity. */
    otherIdentities: number;
    /** Ids of findings that become undecided: the log does not show whether the exception applies to them. */
    undecided: string[];
  };
  /** `before`: the answer without the exception; a case that failed before does not fail because of it. */
  cases: { name: string; want: string; answer: string; before: string }[];
  /** What to know before it is committed, for a person. */
  warnings: { code: string; message: string }[];
  mayWrite: boolean;
  writeDenied: string | null;
}

/** `POST tune/write`: the same request. */
export interface Written {
  path: string;
}

/** What `GET stream` sends, as server-sent events, at most one a second: `findings` with the id of the last as its event id,
 * and `now`. */
export interface StreamFindings {
  findings: FindingRow[];
  /** How many more match the query: one event has at most 500 findings, the newest. */
  omitted: number;
  /** How many arrived that do not match the query. */
  others: number;
  /** Whether some that arrived since `Last-Event-ID` are no longer in the ring. */
  isGap: boolean;
}
