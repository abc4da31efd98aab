/** Merges the documents of a file that build on each other: Sigma's collections. */
import { isScalar, type YAMLMap } from 'yaml';
import { didYouMean, quote } from '../rule-problem.ts';
import { type Entry, entriesOf, mergeMaps, offsetOf, type RuleFile, startOf, withoutEntry } from './rule-file.ts';

const actions = ['global', 'reset', 'repeat'] as const;

/** The complete documents to read as rules. A document with `action: global` is merged into those after it, overriding what
 * they say themselves, until `action: reset`; one with `action: repeat` is merged into the one before it, which makes
 * another. Correlations and filters are left as they are.
 * @see Sigma specification 2.1.0, "Rule Collections" */
export function readCollection(file: RuleFile, documents: readonly YAMLMap[]): YAMLMap[] {
  const rules: YAMLMap[] = [];
  let template: YAMLMap | undefined;
  let last: YAMLMap | undefined;
  for (const document of documents) {
    const entries = entriesOf(document);
    const entry = entries.find(({ key }) => key === 'action');
    if (entry === undefined) {
      const isRule = !entries.some(({ key }) => key === 'correlation' || key === 'filter');
      const rule = isRule && template !== undefined ? mergeMaps(document, template) : document;
      rules.push(rule);
      if (isRule) last = rule;
      continue;
    }
    const rest = withoutEntry(document, entry);
    switch (readAction(file, entry)) {
      case 'global':
        last = template = rest;
        break;
      case 'reset':
        template = undefined;
        break;
      case 'repeat':
        if (last === undefined) file.report(startOf(entry), 'there is no rule to repeat', 'write a rule before it');
        else rules.push((last = mergeMaps(last, rest)));
        break;
      case undefined:
        file.isTemplateLost = true;
        break;
    }
  }
  if (documents.length > 0 && rules.length === 0 && file.count() === 0) {
    const [message, hint] =
      template === undefined
        ? ['the file does not hold a rule', 'add one after a line of ---']
        : [
            "no rule follows 'action: global', which merges its keys into the rules after it",
            'add one after a line of ---',
          ];
    file.report(offsetOf(documents[0]!), message, hint);
  }
  return rules;
}

function readAction(file: RuleFile, entry: Entry): (typeof actions)[number] | undefined {
  const text = isScalar(entry.value) ? String(entry.value.value) : '';
  const action = actions.find((candidate) => candidate === text);
  if (action === undefined) {
    const hint = didYouMean(text, actions, `write one of ${actions.join(', ')}, or leave it out`);
    file.report(startOf(entry), `${quote(text)} is not an action`, hint);
  }
  return action;
}
