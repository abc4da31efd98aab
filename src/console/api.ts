/** What the console's API answers, `GET /console/v1/…`: shared by the server, the page, and the commands `tail` and `top`.
 * Times are RFC 3339 in UTC. */
import type { Novelty, Owner } from '../findings/context.ts';
import type { AuditEvent, Evidence, Finding, Level, Platform, Report } from '../record.ts';
import type { Explanation } from '../sigma/index.ts';
import type { EventSummary, Verdict } from '../tag.ts';

/** `session`: who asks, and what the sidecar is. */
export interface Session {
  version: string;
  /** When the process began. */
  started: string;
  ruleset: string;
  /** The name of the credential; null where none is asked for. */
  credential: string | null;
  mayWrite: boolean;
  /** Why nothing can be written, for a person; null where it can. */
  writeDenied: string | null;
  /** What is kept. `records` is null where only those with a finding are. */
  ring: { findings: Reach; records: Reach | null };
}

/** How far back a ring goes. */
export interface Reach {
  held: number;
  bytes: number;
  maxBytes: number;
  /** When the oldest came in; null where it is empty. */
  oldest: string | null;
  /** Since when all that came in is held: what is older is there in part, as a rule that finds much pushes out its own. Null
   * where nothing has been pushed out. */
  completeSince: string | null;
}

/** `now` */
export interface Now {
  at: string;
  ruleset: string;
  rules: number;
  correlations: number;
  /** When the rules were last read, and the set was another. */
  rulesSince: string;
  /** Absent while the files of the rules can be loaded. */
  refused?: { since: string; files: string[] };
  /** One for each that was counted since the process began. */
  records: RecordRate[];
  /** Of what is in the ring, by minute. */
  findings: FindingBin[];
  silenced: { from: string; count: number }[];
  /** Seconds from the event to its receipt, of the last minutes; null where nothing came. */
  lag: { p50: number | null; p99: number | null };
  sinks: SinkNow[];
  problems: ProblemNow[];
}

export interface RecordRate {
  platform: Platform | null;
  verdict: Verdict;
  /** Records in each of the last seconds, oldest first; of all clusters. */
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
  /** Null where the sink has no spool. */
  spool: { entries: number; bytes: number; oldestSeconds: number } | null;
  isDown: boolean;
}

/** What is wrong, gravest first. */
export interface ProblemNow {
  /** `rules.refused`, `spool.full`, `sink.down`, `state.unwritten` … */
  code: string;
  message: string;
  remedy: string;
  since: string;
}

/** Query of `findings` and of `stream`; lists are joined by commas. */
export interface FindingsQuery {
  level?: string;
  platform?: string;
  mode?: string;
  rule?: string;
  /** `new`: never before. */
  seen?: string;
  /** Words: `who: ns: ip: rule: obj: agent: workload: id:`, `-` is not, `*` is anything, quotes hold blanks. */
  q?: string;
  from?: string;
  to?: string;
  /** `time` (newest first, the default), `-time`, `level`, `novelty`. */
  sort?: string;
  /** Cursor of the answer before. */
  before?: string;
  /** 1 to 1,000; 200 by default. */
  limit?: string;
}

/** `findings` */
export interface Findings {
  findings: FindingRow[];
  /** Cursor of what follows; null at the end. */
  next: string | null;
  /** How many fit the query, exactly. */
  total: number;
  /** How many of those that fit everything but this facet have each value. */
  facets: Record<'level' | 'platform' | 'mode' | 'rule' | 'seen', Record<string, number>>;
  /** Counts over the time that the ring reaches, oldest first: one list of as many bins for each level that occurs. */
  bins: { from: string; to: string; counts: Partial<Record<Level, number[]>> };
}

/** A part of a summary: text of the rule, or what came from the record, which is never to be read as anything but text. */
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
  /** Of the event; of a report the end of its window. */
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

/** `findings/ID`. Of an {@link Explanation}, operands beyond some thousands are left out, and the branch has their number as
 * `omitted`; long values end with `…`. */
export interface FindingPage extends FindingRow {
  finding: Finding | Report;
  about: RuleText | null;
  /** Base64: the record with its tag, byte for byte as it was returned; null where it is too large to be kept. */
  record: string | null;
  mediaType: string;
  /** Offsets of what was put in, in those bytes: the member of the tag, with its comma; null with the record. */
  tag: { start: number; end: number } | null;
  /** The event as rules read it; null for a report. */
  normalized: AuditEvent | null;
  /** Null where the rule is not live any more, and for a report. */
  explanation: Explanation | null;
  fluentTag: string | null;
  /** Of the same identity or address in the cluster, oldest first; this one among them. */
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
  /** Why the record cannot be read; absent where it can. */
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
  /** The records that costs were measured on; null where none were: `POST rules/cost` measures. */
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
  /** In the ring. */
  hits: number;
  silenced: number;
  undecided: number;
  lastHit: string | null;
  /** Microseconds for a record, as a mean of those in the ring; null where it was not measured. */
  costMicros: number | null;
  decidable: Partial<Record<Platform, 'yes' | 'partly' | 'no'>>;
  attack: { tactic?: string; technique: string }[];
  path: string;
}

/** `POST tune` of {@link TuneRequest}. */
export interface TuneRequest {
  finding: string;
  /** Fields that the exception asks for. */
  by?: string[];
}

export interface Tune {
  yaml: string;
  /** File name that is proposed. */
  name: string;
  rule: string;
  /** What the exception can ask for, with the finding's values; `weak` says why an attacker chooses it. */
  fields: { field: string; values: string[]; isChosen: boolean; weak: string | null }[];
  silences: {
    /** Findings of the rule in the ring. */
    of: number;
    ids: string[];
    /** Of those silenced, how many are of another identity. */
    otherIdentities: number;
    /** Ids of findings that become undecided: the log does not tell whether the exception applies to them. */
    undecided: string[];
  };
  /** `before`: the answer without the exception; a case that failed before does not fail by it. */
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

/** What `GET stream` sends, server-sent events, one a second at most: `findings` with the id of the last as its event id, and
 * `now`. */
export interface StreamFindings {
  findings: FindingRow[];
  /** How many more fit the query: one event has 500 at most, the newest. */
  omitted: number;
  /** How many came that do not fit the query. */
  others: number;
  /** Whether some that came since `Last-Event-ID` are not in the ring any more. */
  isGap: boolean;
}
