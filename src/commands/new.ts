/** `tripline new`: the initial files of a rule, a correlation or an exception. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { type Template, templates } from '../authoring/templates.ts';
import { UsageError } from '../command-line/declaration.ts';
import { didYouMean, quote } from '../sigma/rule-problem.ts';
import { defineCommand } from './command.ts';

export const newCommand = defineCommand({
  name: 'new',
  summary: 'writes a rule, a correlation or an exception to start from, with a file for its cases',
  operands: 'rule|correlation|exception NAME',
  count: { least: 2, most: 2 },
  about:
    'Writes NAME.yml, a document with an id of its own, and NAME.cases.json with example records. Both pass ' +
    'tripline lint and tripline test as they are, and continue to while you change them step by step. A ' +
    'correlation comes with the rule that it counts; an exception applies to a bundled rule until you name yours. ' +
    'NAME is lower-case words separated by dashes, and may begin with a folder. Nothing is overwritten.',
  options: {},
  exitCodes: { '0': 'written', '2': 'not written' },
  examples: [
    { purpose: 'a rule in a folder of your own', line: 'tripline new rule my-rules/pod-with-host-network' },
    { purpose: 'a correlation with its rule', line: 'tripline new correlation my-rules/pods-created-burst' },
    { purpose: 'an exception', line: 'tripline new exception exceptions/ingress-controller' },
  ],
  async run({ operands: [kind, path] }, { stdout, bundled }) {
    if (!isKind(kind)) {
      const kinds = Object.keys(templates);
      const hint = didYouMean(kind, kinds, `write one of ${kinds.join(', ')}`);
      throw new UsageError(`${quote(kind)} cannot be created`, hint);
    }
    const name = basename(path);
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || name.length > MAX_NAME) {
      throw new UsageError(`${quote(name)} is not a valid name`, 'write lower-case words separated by dashes');
    }
    const folder = dirname(path);
    const [documentPath, casesPath] = [join(folder, `${name}.yml`), join(folder, `${name}.cases.json`)];
    const there = [documentPath, join(folder, `${name}.yaml`), casesPath].find((file) => existsSync(file));
    if (there !== undefined) throw new UsageError(`${there} already exists`, 'choose another name, or remove it');
    await mkdir(folder, { recursive: true });
    const template = templates[kind];
    const schemaAt = (schema: string) => relative(resolve(folder), join(bundled.schemas, schema));
    const modeline = `# yaml-language-server: $schema=${schemaAt(template.schema)}\n`;
    const documents = template.documentsOf(name).map((text) => modeline + text);
    await writeFile(documentPath, documents.join('---\n'), { flag: 'wx' });
    await writeFile(casesPath, casesText(template, schemaAt('cases.schema.json')), { flag: 'wx' });
    await stdout.write(
      `wrote ${documentPath} and ${casesPath}\n${template.next}; then: tripline test ${documentPath}\n`,
    );
    return 0;
  },
});

/** Characters; the rule of a correlation has a few more. */
const MAX_NAME = 90;

function isKind(kind: string): kind is keyof typeof templates {
  return Object.hasOwn(templates, kind);
}

/** A record is one line, as in a log. */
function casesText({ cases }: Template, schema: string): string {
  const lists = Object.entries(cases).map(([answer, list]) => {
    return `  "${answer}": [\n${list.map((one) => `    ${caseText(one)}`).join(',\n')}\n  ]`;
  });
  return `{\n  "$schema": ${JSON.stringify(schema)},\n${lists.join(',\n')}\n}\n`;
}

function caseText({ name, record, records }: { name?: string; record?: object; records?: readonly object[] }): string {
  if (records === undefined) return JSON.stringify({ name, record });
  const lines = records.map((one) => `      ${JSON.stringify(one)}`).join(',\n');
  return `{ "name": ${JSON.stringify(name)}, "records": [\n${lines}\n    ] }`;
}
