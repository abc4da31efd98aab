/** MITRE ATT&CK in the tags of a Sigma rule: which technique serves which tactic. */
import type { Attack } from './record.ts';

/** The ids of the tactics by their names in tags.
 * @see https://attack.mitre.org/tactics/enterprise/ */
export const tactics: Readonly<Record<string, string>> = {
  reconnaissance: 'TA0043',
  'resource-development': 'TA0042',
  'initial-access': 'TA0001',
  execution: 'TA0002',
  persistence: 'TA0003',
  'privilege-escalation': 'TA0004',
  'defense-evasion': 'TA0005',
  // Version 19 of ATT&CK split defense evasion into these.
  stealth: 'TA0005',
  'defense-impairment': 'TA0112',
  'credential-access': 'TA0006',
  discovery: 'TA0007',
  'lateral-movement': 'TA0008',
  collection: 'TA0009',
  exfiltration: 'TA0010',
  'command-and-control': 'TA0011',
  impact: 'TA0040',
};

/** The techniques of a rule in the order of its tags, each under the tactic that precedes it: Sigma's flat list
 * `attack.privilege-escalation, attack.t1611, attack.execution, attack.t1610` reads as two pairs. After several tactics
 * in a row, nobody knows which of them a technique serves, and it has none. */
export function attackOf(ruleTags: readonly string[]): Attack[] {
  const found: Attack[] = [];
  let tactic: string | undefined;
  let isBehindTactic = false;
  for (const tag of ruleTags) {
    const [namespace, ...rest] = tag.toLowerCase().split('.');
    const name = rest.join('.');
    // Groups, software and the like appear anywhere, and say nothing about a technique.
    if (namespace !== 'attack' || /^[a-su-z]+\d{4}$/.test(name)) continue;
    const isTechnique = /^t\d{4}(\.\d{3})?$/.test(name);
    if (isTechnique) {
      const technique = name.toUpperCase();
      found.push(tactic === undefined ? { technique } : { tactic, technique });
    } else {
      tactic = isBehindTactic ? undefined : tactics[name.replaceAll('_', '-')];
    }
    isBehindTactic = !isTechnique;
  }
  return found;
}
