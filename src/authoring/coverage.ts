/** The MITRE ATT&CK techniques that rules watch, as a layer of the ATT&CK Navigator.
 * @see https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md */
import { attackOf, tactics } from '../attack.ts';
import type { RuleHead } from '../sigma/index.ts';

export interface TechniqueEntry {
  techniqueID: string;
  /** Left out if rules give the technique several tactics, or none: the entry then appears under each. */
  tactic?: string;
  /** How many rules watch it. */
  score: number;
  /** Their names. */
  comment: string;
}

/** The layer: one entry for each technique that a rule is tagged with.
 * @param heads of the rules; those in shadow mode are marked as such */
export function navigatorLayer(heads: readonly RuleHead[]) {
  const found = new Map<string, { rules: Set<string>; tactics: Set<string | undefined> }>();
  for (const { name, mode, ruleTags } of heads) {
    for (const { technique, tactic } of attackOf(ruleTags)) {
      const entry = found.get(technique) ?? { rules: new Set(), tactics: new Set() };
      found.set(technique, entry);
      entry.rules.add(mode === 'shadow' ? `${name} (shadow)` : name);
      entry.tactics.add(tactic);
    }
  }
  const techniques = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, entry]) => techniqueEntry(id, entry));
  return {
    name: 'Tripline',
    // The minimum that the format requires; no ATT&CK version is given, as rules are not tagged for a particular one.
    versions: { navigator: '5.1.0', layer: '4.5' },
    domain: 'enterprise-attack',
    description: `What ${heads.length} rules watch in Kubernetes audit logs. The score is the number of rules.`,
    sorting: 3,
    layout: { layout: 'side', showID: true, showName: true, expandedSubtechniques: 'annotated' },
    techniques,
    gradient: {
      colors: ['#d9ecff', '#0b5cad'],
      minValue: 0,
      maxValue: Math.max(1, ...techniques.map(({ score }) => score)),
    },
  };
}

/** If a tactic has two names, the older one: each version of ATT&CK up to 18 has it. */
const tacticNames: ReadonlyMap<string, string> = new Map(
  Object.entries(tactics)
    .reverse()
    .map(([name, id]) => [id, name]),
);

function techniqueEntry(
  techniqueID: string,
  { rules, tactics }: { rules: ReadonlySet<string>; tactics: ReadonlySet<string | undefined> },
): TechniqueEntry {
  const [tactic] = tactics;
  const name = tactics.size === 1 && tactic !== undefined ? tacticNames.get(tactic) : undefined;
  return {
    techniqueID,
    ...(name !== undefined && { tactic: name }),
    score: rules.size,
    comment: [...rules].join('\n'),
  };
}
