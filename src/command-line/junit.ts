/** What passed and what failed, as JUnit XML, which CI systems show beside a change.
 * @see https://github.com/testmoapp/junitxml */
import { printable } from '../sigma/rule-problem.ts';

export interface Suite {
  name: string;
  cases: readonly Case[];
}

/** Passed, if it has neither a failure nor an error. */
export interface Case {
  name: string;
  /** Where it is. */
  file?: string;
  line?: number;
  /** What was expected, and what was found instead; the first line is shown in lists. */
  failure?: string;
  /** Why it could not be run. */
  error?: string;
  /** Further remarks. */
  notes?: string;
}

/** The document. Texts may be anything: what XML 1.0 does not allow, and what would move a cursor, is replaced. */
export function junit(suites: readonly Suite[]): string {
  const all = countsOf(suites.flatMap(({ cases }) => cases));
  const parts = suites.map(({ name, cases }) => {
    const head = `  <testsuite${attributes({ name, ...countsOf(cases) })}>`;
    return [head, ...cases.map((one) => caseElement(name, one)), '  </testsuite>\n'].join('\n');
  });
  const root = `<testsuites${attributes({ name: 'tripline', ...all })}>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n${parts.join('')}</testsuites>\n`;
}

function countsOf(cases: readonly Case[]) {
  return {
    tests: cases.length,
    failures: cases.filter(({ failure }) => failure !== undefined).length,
    errors: cases.filter(({ failure, error }) => failure === undefined && error !== undefined).length,
  };
}

function caseElement(suite: string, { name, file, line, failure, error, notes }: Case): string {
  const head = `    <testcase${attributes({ classname: suite, name, file, line })}`;
  const within = [
    ...(failure === undefined ? [] : [outcome('failure', failure)]),
    ...(failure !== undefined || error === undefined ? [] : [outcome('error', error)]),
    ...(notes === undefined ? [] : [`      <system-out>${content(notes)}</system-out>\n`]),
  ];
  return within.length === 0 ? `${head}/>` : `${head}>\n${within.join('')}    </testcase>`;
}

function outcome(element: 'failure' | 'error', text: string): string {
  const [message = ''] = text.split('\n', 1);
  return `      <${element}${attributes({ message })}>${content(text)}</${element}>\n`;
}

function attributes(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return given.map(([name, value]) => ` ${name}="${xmlText(printable(String(value)))}"`).join('');
}

/** Keeps line breaks. */
function content(text: string): string {
  return xmlText(text.split('\n').map(printable).join('\n'));
}

/** Escapes `>` as well, so that there is no `]]>`. U+FFFE and U+FFFF are not control characters, but XML forbids them. */
function xmlText(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => names[character]!).replace(/[\uFFFE\uFFFF]/g, '\uFFFD');
}
