/** Sigma's documents as data: what `parse` makes of a file, and what `compile` and `explain` read. */

/** A place in a file; both count from 1, columns in UTF-16 code units. */
export interface Position {
  line: number;
  column: number;
}

export const ruleLevels = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type RuleLevel = (typeof ruleLevels)[number];

export const ruleStatuses = ['stable', 'test', 'experimental', 'deprecated', 'unsupported'] as const;
export type RuleStatus = (typeof ruleStatuses)[number];

/** `shadow` is evaluated, counted and reported, and never raises a verdict; `off` is not evaluated. */
export const ruleModes = ['live', 'shadow', 'off'] as const;
export type RuleMode = (typeof ruleModes)[number];

/** Packs whose detections a rule can say that it covers. */
export const coveredPacks = [
  'panther',
  'falco',
  'sigmahq',
  'elastic',
  'guardduty',
  'datadog',
  'defender',
  'scc',
  'stratus',
] as const;
export type CoveredPack = (typeof coveredPacks)[number];

/** What a document that findings come from says about itself. */
export interface RuleHead {
  /** The file, as its reader spelled it. */
  path: string;
  /** A UUID. */
  id?: string;
  /** The key `name`, or the file's name without its extension. Names the rule in findings. */
  name: string;
  title: string;
  description: string;
  /** `medium` if the rule does not say. */
  level: RuleLevel;
  status?: RuleStatus;
  /** As written, in order: `attack.privilege-escalation`, `attack.t1611`. */
  ruleTags: string[];
  references: string[];
  falsepositives: string[];
  /** One sentence about what happened; the title if the rule has none. */
  summary: Template;
  /** Names of the fields to show with a finding. */
  context: string[];
  /** `live` if the rule does not say. */
  mode: RuleMode;
  /** Detections of other packs, by pack, that this one sees too. */
  covers: Readonly<Partial<Record<CoveredPack, readonly string[]>>>;
  /** The author's own keys, as data. */
  custom: Readonly<Record<string, unknown>>;
}

export interface Rule extends RuleHead, Detection {
  logsource: Logsource;
  /** Whose names the fields are: `sigma` if the rule does not say. */
  taxonomy: string;
  /** The first whose condition holds sets the level of a finding; if none does, it is the rule's own. */
  levels: LevelCase[];
}

/** A level, and the condition over the rule's selections under which a finding has it; an unknown one does not hold. */
export interface LevelCase {
  position: Position;
  condition: Condition;
  level: RuleLevel;
}

/** A rule about how other rules match: how often, together, in order, for the first time. */
export interface Correlation extends RuleHead {
  position: Position;
  /** Where the names of the rules and fields that it uses are. */
  positions: ReadonlyMap<string, Position>;
  /** Names or ids, of rules or of other correlations. */
  rules: string[];
  /** Fields that the events share; of a field with several values, the first. They always share their cluster. */
  groupBy: string[];
  /** Seconds. */
  timespan: number;
  /** From alias to rule to field. */
  aliases: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Whether the rules that it refers to raise findings of their own; false if it does not say. */
  generate: boolean;
  test: CorrelationTest;
}

export type CorrelationTest =
  | { type: 'event_count'; bounds: Bound[] }
  /** Distinct tuples of the fields. If an event has several values in a field, each counts, in every combination with those
   * of the others, up to 100 of them. */
  | { type: 'value_count'; fields: string[]; bounds: Bound[] }
  /** Of a field with several values, the first. */
  | { type: 'value_sum' | 'value_avg' | 'value_median'; field: string; bounds: Bound[] }
  | { type: 'value_percentile'; field: string; percentile: number; bounds: Bound[] }
  /** The selections of the condition are the names of rules. */
  | { type: 'temporal' | 'temporal_ordered'; condition: Condition }
  /** Tripline's own: the tuple of group and fields was not seen within the timespan. An event with several values in a field
   * has several tuples, as with value_count; a finding contains those that are new. `learning` is in seconds. */
  | { type: 'new_terms'; fields: string[]; learning: number };

/** All bounds of a test have to hold. */
export interface Bound {
  operator: 'gt' | 'gte' | 'lt' | 'lte' | 'eq' | 'neq';
  value: number;
}

/** An exception: a detection that is applied to rules from outside. If it is false, a match of theirs is silenced. */
export interface Filter extends Detection {
  path: string;
  /** A UUID. */
  id?: string;
  /** Names the filter in tags. */
  name: string;
  title: string;
  description: string;
  /** The logsource of the rules has to be within it. */
  logsource: Logsource;
  /** Names or ids of rules, or every rule of the logsource. */
  rules: 'any' | string[];
  position: Position;
}

/** What the rule is about; a key that is absent accepts everything. */
export interface Logsource {
  category?: string;
  product?: string;
  service?: string;
  /** Keys other than these three, as data. */
  custom?: Readonly<Record<string, unknown>>;
}

export interface Detection {
  selections: ReadonlyMap<string, Selection>;
  condition: Condition;
}

export interface Selection {
  name: string;
  position: Position;
  /** True if every item of any alternative is. A map in the file is one alternative, a list of maps is several. */
  alternatives: Item[][];
}

/** One key of a selection. */
export type Item = FieldItem | BlockItem;

/** A field, and what is expected of it. The empty field is the whole event: any text, number or key in it. */
export interface FieldItem {
  kind: 'field';
  position: Position;
  field: string;
  /** Negates the whole item (`neq`, `exists: false`). */
  negated: boolean;
  /** Whether one test or every test has to hold; each may hold on a different value of the field. */
  quantifier: 'any' | 'all';
  tests: Test[];
}

/** A list, and what is expected of its members one by one: within the body, fields are those of a member, `.` is the
 * member itself, and `^.field` a field of what the list is in. */
export interface BlockItem {
  kind: 'block';
  position: Position;
  field: string;
  members: Members;
  body: BlockBody;
}

/** Which members of a list have to pass. `all` requires at least one; a list that is missing or null is empty, a scalar is a
 * list of one member. A position counts from 0, or from the end if it is negative, and applies only to a list. */
export type Members = { quantifier: 'any' | 'all' | 'all_or_empty' | 'none' } | { index: number };

export type BlockBody = { kind: 'items'; items: Item[] } | ({ kind: 'detection' } & Detection);

/** What one value of a rule asks of a value of the event. */
export type Test =
  /** Missing or null. */
  | { kind: 'null' }
  /** Present, even if it is empty or null. */
  | { kind: 'exists' }
  /** Present and not null: a lone `*`. */
  | { kind: 'present' }
  | { kind: 'number'; value: number }
  | { kind: 'boolean'; value: boolean }
  /** The whole text, wildcards apart. */
  | { kind: 'text'; pattern: Pattern; cased: boolean }
  /** Found anywhere in the text. */
  | { kind: 'regex'; source: string; flags: readonly RegexFlag[] }
  | { kind: 'cidr'; network: string }
  | { kind: 'compare'; operator: Comparison; value: number }
  /** The text of another field of the event, as a whole or as a part of this one. */
  | { kind: 'fieldref'; field: string; anchor: Anchor }
  /** A part of the point in time that the text spells, in UTC. */
  | { kind: 'date'; part: DatePart; value: number }
  /** One value of the rule that stands for several: offsets of base64, values of a placeholder. */
  | { kind: 'either'; tests: Test[] };

export type RegexFlag = 'i' | 'm' | 's';
export type Comparison = 'lt' | 'lte' | 'gt' | 'gte';
/** Which part of the one text the other is. */
export type Anchor = 'whole' | 'contains' | 'startswith' | 'endswith';

export const dateParts = ['minute', 'hour', 'day', 'week', 'month', 'year'] as const;
export type DatePart = (typeof dateParts)[number];

/** Text with wildcards: literal text stands between them, unescaped. Never two `*` in a row. */
export type Pattern = readonly (string | Wildcard)[];

/** `*` is any text, even none, across lines; `?` is exactly one character; `-` is what begins an option on Windows. */
export interface Wildcard {
  wildcard: '*' | '?' | '-';
}

/** Patterns such as `1 of selection_*` are spelled out: an `or` or `and` of the selections they name. */
export type Condition =
  | { kind: 'selection'; name: string }
  | { kind: 'not'; operand: Condition }
  | { kind: 'and' | 'or'; operands: Condition[] }
  | { kind: 'atLeast'; count: number; operands: Condition[] };

/** A sentence with fields in it. */
export type Template = readonly (string | { field: string })[];
