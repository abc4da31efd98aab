/** What Tripline found: the same panels for each store of tagged records, which says how it is asked. */
import type { Dashboard, Panel, Target } from './grafana.ts';

/** What of a tag is counted. */
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

/** How many there are of a member, by columns: each finding, report and shadow finding once by its id, of the others one for
 * each record that has it. */
export interface Question {
  of: Member;
  by: readonly Column[];
  /** `total`: one number; `over time`: a series for each value of the one column; `ranking`: rows with their number, most
   * first; `newest`: rows without a number, the last by time first. */
  as: 'total' | 'over time' | 'ranking' | 'newest';
  /** Of level high and critical alone. */
  isGrave?: true;
}

/** Rows of a ranking and of what is newest. */
export const ROWS = 100;
/** Columns that are empty for some: what is of the whole cluster has no namespace, and a search for words no field. */
export const mayBeMissing: ReadonlySet<Column> = new Set(['identity', 'namespace', 'field']);

export interface Store {
  /** Of the dashboard's address and file. */
  name: string;
  /** Type of its data source, and its name for people. */
  source: Dashboard['source'];
  variables: readonly object[];
  /** What differs from the other stores in what is counted. */
  note: string;
  ask(question: Question): Answer;
}

export interface Answer {
  target: Target;
  /** The name that each column of the answer has: a column of the question, `number`, or none for one to hide. */
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
        'Findings that somebody should look at now: they are in “Newest findings”, where a click on “level” filters.',
        { of: 'findings', isGrave: true },
      ),
      total('Findings', 'All that live rules found. The time is that of the event, not of its arrival.', {
        of: 'findings',
      }),
      total(
        'Reports',
        'What correlations found when a window had ended: about others than the user of the record that they came with.',
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
        'A step up of high or critical is for now. A step up of low ones is most often a new tool or a changed rule: see which under “Findings by rule”.',
        'level',
      ),
      overTime(
        'Findings by rule over time',
        'A rule that begins to find things on one day was changed, or its cause is new in the cluster. A click on a name shows it alone.',
        'rule',
      ),
    ],
  },
  {
    title: 'Newest',
    panels: [
      table(
        'Newest findings',
        'Who did what to which object, the last first. The rule’s page in docs/reference/rules.md says what is usual and what to do.',
        24,
        { of: 'findings', by: ['time', 'level', 'rule', 'summary'], as: 'newest' },
      ),
      table(
        'Newest reports',
        'What somebody did not do, or did too seldom, the last first. The time is the end of the window.',
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
        'Many of one rule, and all usual: write an exception for what is usual, see docs/rules/tuning.md.',
        12,
        { of: 'findings', by: ['rule', 'level'], as: 'ranking' },
      ),
      table(
        'Findings by identity',
        'Who asked. A person or a service account with findings of several levels is where to begin. An account of a controller with many of one level is a candidate for an exception.',
        12,
        { of: 'findings', by: ['identity', 'level'], as: 'ranking' },
      ),
      table(
        'Findings by namespace',
        'Where the object is; none for what is of the whole cluster. Send a namespace’s findings to those who own it.',
        12,
        { of: 'findings', by: ['namespace', 'level'], as: 'ranking' },
      ),
      table(
        'Findings by workload',
        'The workload and the pods that came of it, together: namespace/Kind/name. Mend its manifest, and all of them end.',
        12,
        { of: 'findings', by: ['workload', 'level'], as: 'ranking' },
      ),
      {
        title: 'Findings by ATT&CK technique',
        description:
          'Ids of MITRE ATT&CK. Several that follow one another (T1078, T1098, T1611) within hours are how an attack looks; docs/reference/coverage.md has the rules of each.',
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
        'Rule, the field that it needs, and why the log has it not. not_logged: raise the level of the audit policy; cut, truncated: raise a size limit. See docs/fidelity.md.',
        12,
        { of: 'undecided', by: ['rule', 'field', 'reason'], as: 'ranking' },
      ),
      table(
        'What exceptions silence',
        'Matches that left no finding. An exception with much more than it was written for is too wide, or is made use of.',
        12,
        { of: 'silenced', by: ['exception', 'rule'], as: 'ranking' },
      ),
      table(
        'What rules in shadow mode find',
        'What would be told if they were live. Nothing usual among it any more: take the rule live, see docs/rules/rolling-out.md.',
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
