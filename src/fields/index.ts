/** The field names that rules know, and how an event is read by them. */
import { LazyEvent, NotCommon, wholeOf } from '../audit/lazy-event.ts';
import { type Databases, noDatabases } from '../enrichment/databases.ts';
import { isMap, textAt } from '../json/map.ts';
import { AuditEvent } from '../record.ts';
import type { FieldLookup, Found, SharedAnswers } from '../sigma/field.ts';
import { walk, words } from '../sigma/match/walk.ts';
import { type BodyKeys, keysAtEnd } from './body-keys.ts';
import { BODIES_UNKNOWN, type Field, type Unknown, type Written } from './field.ts';
import { gapOf, missing } from './found.ts';
import { networkFields } from './network-fields.ts';
import { objectFields } from './object-fields.ts';
import { type PodSpec, podSpecOf } from './pod-spec.ts';
import { groups, requestFields } from './request-fields.ts';
import { type WrittenObject, writtenObjectOf } from './written-object.ts';

export { type BodyKeys, type Field, keysAtEnd, type Unknown };

/** Every unified field by its name. Other names are those of audit.k8s.io, read from the unified event. */
export const fields: ReadonlyMap<string, Field> = new Map<string, Field>([
  ...requestFields,
  ...networkFields,
  ...objectFields,
]);

/** How rules see an event: unified names, names below them, and the names of audit.k8s.io on every platform. Each name is
 * looked up once, because many rules ask for the same ones.
 * @param databases of addresses */
export function fieldsOf(event: AuditEvent, databases: Databases = noDatabases): FieldLookup {
  const shared = sharedAnswers(event, databases);
  let answers: Map<string, Found> | undefined;
  let written: WrittenBy | undefined;

  function find(name: string): Found {
    if (name === '') return wordsOf(wholeOf(event));
    const { field, head, path } = meaningOf(name);
    return field === undefined
      ? raw(event, name, head, lookup)
      : field.read(event, (written ??= new WrittenBy(event)), path, databases);
  }

  function lookup(name: string): Found {
    let found = shared?.found(name) ?? answers?.get(name);
    if (found === undefined) (answers ??= new Map()).set(name, (found = find(name)));
    return found;
  }
  // Not the event itself: whoever remembers it must not keep the event in memory.
  lookup.event = {};
  return lookup;
}

/** The answers from what an event has in common with others; undefined if it has nothing in common. */
export function sharedAnswers(event: AuditEvent, databases: Databases): SharedAnswers | undefined {
  const common = event instanceof LazyEvent ? event.common : undefined;
  if (common === undefined) return undefined;
  const { answers } = common;
  if (answers instanceof Answers && answers.databases === databases) return answers;
  return (common.answers = new Answers(common.event, databases));
}

/** The answers from what events have in common. */
class Answers implements SharedAnswers {
  readonly databases: Databases;
  notes: object | undefined = undefined;
  readonly #common: AuditEvent;
  readonly #known = new Map<string, Found | null>();

  constructor(common: AuditEvent, databases: Databases) {
    this.databases = databases;
    this.#common = common;
  }

  found(name: string): Found | undefined {
    let found = this.#known.get(name);
    if (found === undefined) this.#known.set(name, (found = this.#find(name)));
    return found ?? undefined;
  }

  #find(name: string): Found | null {
    try {
      // A separate look-up each time: one that failed may have kept partial results.
      return fieldsOf(this.#common, this.databases)(name);
    } catch (error) {
      if (error instanceof NotCommon) return null;
      throw error;
    }
  }
}

/** What a name stands for. */
interface Meaning {
  /** Undefined for a name of audit.k8s.io. */
  field: Field | undefined;
  /** The first part of the name. */
  head: string;
  /** What follows the name of the field. */
  path: string;
}

/** By name: names are those of rules, and the same for every event. */
const meanings = new Map<string, Meaning>();

function meaningOf(name: string): Meaning {
  let meaning = meanings.get(name);
  if (meaning === undefined) {
    const dot = name.indexOf('.');
    const head = dot === -1 ? name : name.slice(0, dot);
    const field = fields.get(name) ?? (fields.get(head)?.nested ? fields.get(head) : undefined);
    meaning = { field, head, path: fields.has(name) ? '' : name.slice(dot + 1) };
    meanings.set(name, meaning);
  }
  return meaning;
}

/** Where in bodies a name is read; undefined for one that also depends on what is not in them, or may have values from
 * elsewhere. */
export function bodyKeysOf(name: string): BodyKeys | undefined {
  const { field, head, path } = meaningOf(name);
  if (field !== undefined) return field.bodyKeys?.(path);
  return (head === 'requestObject' || head === 'responseObject') && head !== name ? keysAtEnd(name) : undefined;
}

/** Read when the first field needs it: most events write nothing that a rule looks at. */
class WrittenBy implements Written {
  readonly #event: AuditEvent;
  #object: WrittenObject | undefined;
  #pod: PodSpec | undefined;

  constructor(event: AuditEvent) {
    this.#event = event;
  }

  get object(): WrittenObject {
    return (this.#object ??= writtenObjectOf(this.#event));
  }

  get pod(): PodSpec {
    return (this.#pod ??= podSpecOf(this.#event, this.object));
  }
}

/** The words of the event as logged, without what was derived from it. */
function wordsOf({
  platform,
  cluster,
  action,
  outcome,
  dryRun,
  evidence,
  clientIPs,
  gaps,
  ...logged
}: AuditEvent): Found {
  const found = words(logged);
  const gap = found.gap ?? Object.values(gaps)[0];
  return gap === found.gap ? found : { values: found.values, text: found.text, ...gapOf(gap) };
}

/** The names of audit.k8s.io that have a unified one. */
const UNIFIED: ReadonlyMap<string, string> = new Map([
  ...['resource', 'subresource', 'namespace', 'name', 'apiGroup', 'apiVersion'].map(
    (member) => [`objectRef.${member}`, member] as const,
  ),
  ['user.username', 'username'],
  ['user.uid', 'uid'],
  ['user.groups', 'groups'],
  ['impersonatedUser.username', 'impersonatedUser'],
]);

/** Reads a name of audit.k8s.io. What kube-apiserver omits if it is empty is absent, as in its own log. */
function raw(event: AuditEvent, name: string, head: string, lookup: FieldLookup): Found {
  const unified = UNIFIED.get(name);
  if (unified !== undefined) {
    const found = lookup(unified);
    return { ...found, values: found.values.filter((value) => value !== '') };
  }
  if (name === 'impersonatedUser.groups' && event.impersonatedUser !== null)
    return groups(event.impersonatedUser, undefined);
  if (isUnloggedByGoogle(event, name, head)) return missing('not_logged');
  const value = memberOf(event, head);
  const found = walk(value === undefined ? {} : { [head]: value }, name);
  const gap = found.gap ?? textAt(event.gaps, head);
  // For a map that is present, its own mark says what is missing from it.
  const isWhole = isMap(value);
  return isWhole && found.gap === undefined ? found : { ...found, ...gapOf(gap) };
}

/** A member of an event by a name from a rule; undefined for a name that no event has. */
function memberOf(event: AuditEvent, name: string): unknown {
  return Object.hasOwn(AuditEvent.properties, name) ? event[name as keyof AuditEvent] : undefined;
}

/** Members of audit.k8s.io that Cloud Audit Logs have no place for. */
function isUnloggedByGoogle(event: AuditEvent, name: string, head: string): boolean {
  if (head === 'authenticationMetadata') return event.platform === 'gke' && event.impersonatedUser !== null;
  return (name === 'objectRef.uid' || name === 'objectRef.resourceVersion') && event.platform === 'gke';
}

/** Where a field is not known, by any of its names. */
export function unknownOf(name: string): readonly Unknown[] {
  const head = name.split('.', 1)[0]!;
  if (name === '' || head === 'requestObject' || head === 'responseObject') return BODIES_UNKNOWN;
  const field = fields.get(UNIFIED.get(name) ?? name) ?? (fields.get(head)?.nested ? fields.get(head) : undefined);
  return field?.unknown ?? [];
}
