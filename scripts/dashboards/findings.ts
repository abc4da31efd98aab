/** What Tripline found: the same panels for each store of tagged records, which defines how it is queried. */
import type { Dashboard, Panel, Target } from './grafana.ts';

/** The members of a tag that are counted. */
export type Member = 'findings' | 'reports' | 'shadow' | 'undecided' | 'silenced';

export type Column =
  | 'time'
  | 'level'
  | 'rule'
  | 'summary'
  | 'identity'
  | 'namespace'
  | 'workload'
  | 'technique'
  | 'reason'
  | 'field'
  | 'exception';

/** A count of a member, by columns: findings, reports and shadow findings are counted once by their id, the others once for
 * each record that has them. */
export interface Question {
  of: Member;
  by: readonly Column[];
  /** `total`: one number; `over time`: a series for each value of the one column; `ranking`: rows with their number, highest
   * first; `newest`: rows without a number, latest first. */
  as: 'total' | 'over time' | 'ranking' | 'newest';
  /** Restricted to levels high and critical. */
  isGrave?: true;
}

/** Rows of a ranking or of a list of the newest. */
export const ROWS = 100;
/** Columns that are empty for some: cluster-scoped objects have no namespace, and a keyword search has no field. */
export const mayBeMissing: ReadonlySet<Column> = new Set(['identity', 'namespace', 'field']);

export interface Store {
  /** Used in the dashboard's address and file name. */
  name: string;
  /** Type of its data source, and its display name. */
  source: Dashboard['source'];
  variables: readonly object[];
  /** How counting differs from the other stores. */
  note: string;
  ask(question: Question): Answer;
}

export interface Answer {
  target: Target;
  /** The meaning of each column of the answer: a column of the question, `number`, or undefined for one to hide. */
  columns: Readonly<Record<string, Column | 'number' | undefined>>;
}

type FindingsPanel = Pick<Panel, 'title' | 'description' | 'type' | 'width' | 'height'> & { question: Question };

const total = (title: string, description: string, question: Omit<Question, 'by' | 'as'>): FindingsPanel => ({
  ...{ title, description, type: 'stat', width: 6, height: 4 },
  question: { ...question, by: [], as: 'total' },
});

const overTime = (title: string, description: string, by: Column): FindingsPanel => ({
  ...{ title, description, type: 'timeseries', width: 12, height: 9 },
  question: { of: 'findings', by: [by], as: 'over time' },
});

const table = (title: string, description: string, width: number, question: Question): FindingsPanel => ({
  ...{ title, description, type: 'table', width, height: 9, question },
});

export const findingsRows: readonly { title: string; panels: readonly FindingsPanel[] }[] = [
  {
    title: 'At a glance',
    panels: [
      total(
        'High and critical',
        'Findings that somebody should look at now: they are in “Newest findings”, where a click on “level” filters them.',
        { of: 'findings', isGrave: true },
      ),
      total('Findings', 'All that live rules found. The time is that of the event, not of its arrival.', {
        of: 'findings',
      }),
      total(
        'Reports',
        'What correlations found when a window had ended: they are not about the user of the record that carries them.',
        { of: 'reports' },
      ),
      total(
        'Undecided',
        'How often a rule could not decide on a record. Treat it as a possible match; “What could not be decided” says what the log lacks.',
        { of: 'undecided' },
      ),
    ],
  },
  {
    title: 'Over time',
    panels: [
      overTime(
        'Findings by level',
        'A rise of high or critical ones needs attention now. A rise of low ones is usually a new tool or a changed rule: see “Findings by rule”.',
        'level',
      ),
      overTime(
        'Findings by rule over time',
        'A rule that suddenly begins to find things was changed, or its cause is new in the cluster. A click on a name shows it alone.',
        'rule',
      ),
    ],
  },
  {
    title: 'Newest',
    panels: [
      table(
        'Newest findings',
        'Who did what to which object, newest first. The rule’s page in docs/reference/rules.md says what is usual and what to do.',
        24,
        { of: 'findings', by: ['time', 'level', 'rule', 'summary'], as: 'newest' },
      ),
      table(
        'Newest reports',
        'What somebody did not do, or did too seldom, newest first. The time is the end of the window.',
        24,
        { of: 'reports', by: ['time', 'level', 'rule', 'summary'], as: 'newest' },
      ),
    ],
  },
  {
    title: 'Who, what and where',
    panels: [
      table(
        'Findings by rule',
        'If a rule has many and all are usual, write an exception for what is usual: see docs/rules/tuning.md.',
        12,
        { of: 'findings', by: ['rule', 'level'], as: 'ranking' },
      ),
      table(
        'Findings by identity',
        'Who made the request. Begin with a person or a service account that has findings of several levels. An account of a controller with many of one level is a candidate for an exception.',
        12,
        { of: 'findings', by: ['identity', 'level'], as: 'ranking' },
      ),
      table(
        'Findings by namespace',
        'Where the object is; none if it is cluster-scoped. Send a namespace’s findings to those who own it.',
        12,
        { of: 'findings', by: ['namespace', 'level'], as: 'ranking' },
      ),
      table(
        'Findings by workload',
        'The workload together with its pods: namespace/Kind/name. Fix its manifest, and all of them end.',
        12,
        { of: 'findings', by: ['workload', 'level'], as: 'ranking' },
      ),
      {
        title: 'Findings by ATT&CK technique',
        description:
          'Ids of MITRE ATT&CK. Several that follow one another (T1078, T1098, T1611) within hours are typical of an attack; docs/reference/coverage.md has the rules of each.',
        ...{ type: 'barchart', width: 24, height: 9 },
        question: { of: 'findings', by: ['technique'], as: 'ranking' },
      },
    ],
  },
  {
    title: 'What is not shown above',
    panels: [
      table(
        'What could not be decided',
        'Rule, the field that it needs, and why the log lacks it. not_logged: raise the level of the audit policy; cut, truncated: raise a size limit. See docs/fidelity.md.',
        12,
        { of: 'undecided', by: ['rule', 'field', 'reason'], as: 'ranking' },
      ),
      table(
        'What exceptions silence',
        'Matches that left no finding. An exception with many more than it was written for is too wide, or is being abused.',
        12,
        { of: 'silenced', by: ['exception', 'rule'], as: 'ranking' },
      ),
      table(
        'What rules in shadow mode find',
        'What would be found if they were live. Once nothing usual is among them, make the rule live: see docs/rules/rolling-out.md.',
        24,
        { of: 'shadow', by: ['rule', 'level'], as: 'ranking' },
      ),
    ],
  },
];

export function findingsOn({ name, source, variables, note, ask }: Store): Dashboard {
  const panelOf = ({ question, ...panel }: FindingsPanel): Panel => {
    const { target, columns } = ask(question);
    const isRows = panel.type === 'table' || panel.type === 'barchart';
    return {
      ...panel,
      unit: 'short',
      targets: [target],
      ...(panel.type === 'timeseries' && { stacked: true, areLevels: question.by[0] === 'level' }),
      ...(isRows && { columns, sortBy: question.as === 'newest' ? 'time' : 'number' }),
    };
  };
  return {
    uid: `tripline-findings-${name}`,
    title: `Tripline: findings (${source.label})`,
    description: `What Tripline found in audit records, from ${source.label}. ${note}`,
    source,
    variables,
    interval: '1m',
    from: 'now-24h',
    rows: findingsRows.map(({ title, panels }) => ({ title, panels: panels.map(panelOf) })),
  };
}
