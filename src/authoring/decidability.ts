/** Whether a platform logs enough to decide a rule. */
import { type Unknown, unknownOf } from '../fields/index.ts';
import type { Platform } from '../record.ts';
import type { Condition, Detection, FieldItem, Item, Rule } from '../sigma/ast.ts';
import { literalOf } from '../sigma/match/pattern.ts';
import { referencesOf } from '../sigma/match/value-test.ts';

/** `partly` if some events cannot be decided, `blind` if the rule can never be found true, `elsewhere` if it is about other
 * platforms. */
export type Extent = 'yes' | 'partly' | 'blind' | 'elsewhere';

export interface Decidability {
  extent: Extent;
  /** Where events of the platform lack what the rule tests; empty for `yes` and `elsewhere`. */
  why: readonly Unknown[];
}

/** Read-only requests are logged separately, or not at all. */
const readsUnknown: readonly Unknown[] = [
  {
    platforms: ['gke'],
    extent: 'sometimes',
    where: 'GKE: reads, where Data Access logs are off, as they are by default',
  },
  { platforms: ['aks'], extent: 'sometimes', where: 'AKS: reads, where kube-audit-admin is logged alone' },
];

/** How far a rule can be decided from what a platform logs.
 * @see docs/fidelity.md */
export function decidabilityOn(platform: Platform, { selections, condition }: Rule): Decidability {
  const detection = { selections, condition };
  if (neededIn(detection, ['platform'])?.includes(platform) === false) return { extent: 'elsewhere', why: [] };
  const verbs = neededIn(detection, ['verb', 'action'])?.flatMap(requestsOf);
  const why = new Set<Unknown>();
  const extentOfItem = (item: Item): Extent => {
    const unknown = unknownIn(item).filter((each) => {
      const concerns = !each.verbs || !verbs || verbs.some((verb) => each.verbs!.includes(verb));
      return concerns && each.platforms.includes(platform);
    });
    for (const each of unknown) why.add(each);
    if (unknown.length === 0) return 'yes';
    return unknown.some(({ extent }) => extent === 'always') ? 'blind' : 'partly';
  };
  const extentOf = (node: Condition, isAsked: boolean): Extent => {
    switch (node.kind) {
      case 'selection': {
        const alternatives = selections.get(node.name)!.alternatives.map((items) => {
          const extents = items.map(extentOfItem);
          return isAsked ? worst(extents) : mixed(extents);
        });
        return isAsked ? mixed(alternatives) : worst(alternatives);
      }
      case 'not':
        return extentOf(node.operand, !isAsked);
      case 'and':
      case 'or':
      case 'atLeast': {
        const extents = node.operands.map((operand) => extentOf(operand, isAsked));
        return (node.kind === 'and') === isAsked ? worst(extents) : mixed(extents);
      }
    }
  };
  const extent = extentOf(condition, true);
  return { extent, why: [...why] };
}

/** All must be known. */
function worst(extents: readonly Extent[]): Extent {
  return extents.includes('blind') ? 'blind' : extents.includes('partly') ? 'partly' : 'yes';
}

/** A single known one can decide. */
function mixed(extents: readonly Extent[]): Extent {
  return extents.every((extent) => extent === extents[0]) ? (extents[0] ?? 'yes') : 'partly';
}

function unknownIn(item: Item): readonly Unknown[] {
  if (item.kind === 'block') {
    const { body } = item;
    const items =
      body.kind === 'items'
        ? body.items
        : [...body.selections.values()].flatMap(({ alternatives }) => alternatives.flat());
    const outer = items.flatMap((inner) =>
      inner.field.startsWith('^.') ? unknownIn({ ...inner, field: inner.field.slice(2) }) : [],
    );
    return [...unknownOf(item.field), ...outer];
  }
  const referenced = item.tests.flatMap(referencesOf).flatMap(({ field }) => unknownOf(field));
  return [...unknownOf(item.field), ...referenced, ...(asksForReads(item) ? readsUnknown : [])];
}

function asksForReads(item: FieldItem): boolean {
  if (item.field !== 'verb' && item.field !== 'action') return false;
  return literalsOf(item).some((verb) => verb === 'get' || verb === 'list' || verb === 'watch');
}

/** The verbs with which an action can be requested: an update or a patch can also create an object. */
function requestsOf(verb: string): string[] {
  return verb === 'create' ? ['create', 'update', 'patch'] : [verb];
}

/** The values of a field, one of which the condition requires; undefined if it does not require any. */
function neededIn({ selections, condition }: Detection, names: readonly string[]): string[] | undefined {
  const needed = condition.kind === 'and' ? condition.operands : [condition];
  const items = needed.flatMap((node) => {
    const alternatives = node.kind === 'selection' ? selections.get(node.name)!.alternatives : [];
    return alternatives.length === 1 ? alternatives[0]! : [];
  });
  const item = items.find((each) => each.kind === 'field' && names.includes(each.field) && !each.negated);
  if (item?.kind !== 'field') return undefined;
  const literals = literalsOf(item);
  return literals.length === item.tests.length ? literals : undefined;
}

function literalsOf({ tests }: FieldItem): string[] {
  return tests.flatMap((test) => (test.kind === 'text' ? (literalOf(test.pattern)?.toLowerCase() ?? []) : []));
}
