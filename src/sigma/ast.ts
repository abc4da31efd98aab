/** A Sigma rule as data: what `parse` makes of a file and `compile` and `explain` read. Nothing here has behaviour. */

/** A place in a file; both count from 1, columns in UTF-16 code units. */
export interface Position {
  line: number;
  column: number;
}

export const ruleLevels = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type RuleLevel = (typeof ruleLevels)[number];

export const ruleStatuses = ['stable', 'test', 'experimental', 'deprecated', 'unsupported'] as const;
export type RuleStatus = (typeof ruleStatuses)[number];

export interface Rule {
  /** The file, as its reader spelled it. */
  path: string;
  /** A UUID. */
  id?: string;
  /** The key `name`, or the file's name without its extension. Names the rule in findings. */
  name: string;
  title: string;
  description: string;
  /** `medium` where the rule does not say. */
  level: RuleLevel;
  status?: RuleStatus;
  /** As written, in order: `attack.privilege-escalation`, `attack.t1611`. */
  ruleTags: string[];
  logsource: Logsource;
  references: string[];
  falsepositives: string[];
  selections: ReadonlyMap<string, Selection>;
  condition: Condition;
  /** One sentence about what happened; the title where the rule has none. */
  summary: Template;
  /** Names of the fields to show with a finding. */
  context: string[];
}

/** What the rule is about; a key that is absent accepts everything. */
export interface Logsource {
  category?: string;
  product?: string;
  service?: string;
}

export interface Selection {
  name: string;
  position: Position;
  /** True if every item of any alternative is. A map in the file is one alternative, a list of maps is several. */
  alternatives: Item[][];
}

/** One key of a selection: a field, and what is expected of it. */
export interface Item {
  position: Position;
  field: string;
  /** Negates the whole item (`neq`, `exists: false`). */
  negated: boolean;
  /** Whether one test or every test has to hold; each may hold on a different value of the field. */
  quantifier: 'any' | 'all';
  tests: Test[];
}

/** What one value of a rule asks of a value of the event. */
export type Test =
  /** Missing or null. */
  | { kind: 'null' }
  /** Present, be it empty or null. */
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
  | { kind: 'compare'; operator: Comparison; value: number };

export type RegexFlag = 'i' | 'm' | 's';
export type Comparison = 'lt' | 'lte' | 'gt' | 'gte';

/** Text with wildcards: literal text stands between them, unescaped. Never two `*` in a row. */
export type Pattern = readonly (string | Wildcard)[];

/** `*` is any text, even none, across lines; `?` is exactly one character. */
export interface Wildcard {
  wildcard: '*' | '?';
}

/** Patterns such as `1 of selection_*` are spelled out: an `or` or `and` of the selections they name. */
export type Condition =
  | { kind: 'selection'; name: string }
  | { kind: 'not'; operand: Condition }
  | { kind: 'and' | 'or'; operands: Condition[] };

/** A sentence with fields in it. */
export type Template = readonly (string | { field: string })[];
