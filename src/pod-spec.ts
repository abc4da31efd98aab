/** The pod spec that a request makes or changes, wherever its bodies hold it. */
import { CUT, isMap, type JsonMap } from './json/map.ts';
import { projectPatch } from './json/patch.ts';
import type { AuditEvent } from './record.ts';
import type { Found } from './sigma/field.ts';
import { walk } from './sigma/walk.ts';

export interface PodSpec {
  /** `request`, `response` or `patch`: the body that it is read from. */
  source: Found;
  /** The values under a path in the spec, or the spec itself. */
  read(path?: string): Found;
  /** A boolean: true where the request or the response has it, absent where neither does. */
  flag(name: string): Found;
}

/** Where each resource keeps its pod spec. */
const SPEC_PATHS: ReadonlyMap<string, string> = new Map([
  ['pods', 'spec'],
  ['podtemplates', 'template.spec'],
  ['cronjobs', 'spec.jobTemplate.spec.template.spec'],
  ...[
    'deployments',
    'daemonsets',
    'statefulsets',
    'replicasets',
    'jobs',
    'replicationcontrollers',
    'deploymentconfigs', // OpenShift
    'rollouts', // Argo
  ].map((resource) => [resource, 'spec.template.spec'] as const),
]);

/** The parts of a pod that are changed through a door of their own, with a pod as body. */
const SUBRESOURCES = ['', 'ephemeralcontainers', 'resize'];

const ABSENT: Found = { values: [] };

/** The pod spec of an event; absent where it does not write pods or their templates. Deletions have bodies too, but they
 * say what was, so only create, update and patch count. */
export function podSpecOf(event: AuditEvent): PodSpec {
  const place = placeOf(event);
  if (typeof place === 'object') return { source: place, read: () => place, flag: () => place };
  const isCreate = event.verb === 'create' || event.action === 'create';
  const bodies = isCreate ? bodiesOfCreate(event, place) : bodiesOfChange(event, place);
  const gap = event.gaps.requestObject ?? event.gaps.responseObject;
  const read = (path = '') => firstWhole(bodies, path === '' ? place : `${place}.${path}`, gap);

  return {
    source: bodies.length > 0 ? { values: [bodies[0].source] } : unknown(gap),
    read,
    flag(name) {
      const found = read(name);
      // A webhook may set it after the request, or take it away: either way someone tried. An update sends the whole
      // object too, so that what the response has besides was put in now, where after a patch it was there before.
      const isWhole = isCreate || event.verb === 'update';
      const all = isWhole ? bodies.flatMap(({ body }) => walk(body, `${place}.${name}`).values) : found.values;
      if (all.some(isTrue) || (found.gap !== undefined && isNamedByPodSecurity(event, name))) return { values: [true] };
      const values = found.values.some(isFalse) ? [false] : [];
      return found.gap === undefined ? { values } : { values, gap: found.gap };
    },
  };
}

/** Path of the spec in a body of the event, or what a look-up gives that has none. */
function placeOf({ verb, objectRef, gaps }: AuditEvent): string | Found {
  if (verb !== '' && verb !== 'create' && verb !== 'update' && verb !== 'patch') return ABSENT;
  if (objectRef === null) return unknown(gaps.objectRef);
  const path = SPEC_PATHS.get(objectRef.resource);
  if (objectRef.resource === '') return unknown((objectRef as JsonMap)[CUT]);
  if (path === undefined || !SUBRESOURCES.includes(objectRef.subresource)) return ABSENT;
  return verb === '' ? unknown(gaps.verb) : path;
}

interface Candidate {
  source: 'request' | 'response' | 'patch';
  body: unknown;
  /** Set where the body as a whole has an end that is not there. */
  gap?: string;
}

/** The response says what was stored, after admission; clients can ask for one without the object, and then, as where
 * it is not logged, the request says it. */
function bodiesOfCreate({ requestObject, responseObject }: AuditEvent, place: string): Candidate[] {
  const candidates: Candidate[] = [
    { source: 'response', body: responseObject },
    { source: 'request', body: requestObject },
  ];
  return candidates.filter(({ body }) => holdsSpec(body, place));
}

/** What was asked for decides: what else the object has was there before. */
function bodiesOfChange({ verb, requestObject, responseObject, gaps }: AuditEvent, place: string): Candidate[] {
  const response: Candidate[] = holdsSpec(responseObject, place) ? [{ source: 'response', body: responseObject }] : [];
  if (verb === 'update') {
    return holdsSpec(requestObject, place) ? [{ source: 'request', body: requestObject }, ...response] : response;
  }
  if (isMap(requestObject)) return [{ source: 'patch', body: requestObject }, ...response];
  if (requestObject === undefined) return response;
  const { document, moved } = projectPatch(requestObject);
  // What is moved or copied comes from the object as it was: only the response knows it.
  if (moved.some((pointer) => isOnWay(pointer, place))) {
    const gap = gaps.responseObject ?? 'not_logged';
    return response.length > 0 ? response : [{ source: 'patch', body: undefined, gap }];
  }
  return [{ source: 'patch', body: document, gap: gaps.requestObject }, ...response];
}

/** Tells whether a pointer leads to the place, to what it is in, or to what is in it. */
function isOnWay(pointer: readonly string[], place: string): boolean {
  return place.split('.').every((key, index) => index >= pointer.length || key === pointer[index]);
}

function holdsSpec(body: unknown, place: string): boolean {
  const { values, gap } = walk(body, place);
  return values.some(isMap) || gap !== undefined;
}

/** What the first body says that is wholly there at the path; else all that is there, with the gap. */
function firstWhole(bodies: readonly Candidate[], path: string, missing: string | undefined): Found {
  const found = bodies.map(({ body, gap }) => ({ gap, ...walk(body, path) }));
  const whole = found.find(({ gap }) => gap === undefined);
  if (whole !== undefined) return whole;
  return { ...unknown(found[0]?.gap ?? missing), values: found.flatMap(({ values }) => values) };
}

function unknown(gap: string | undefined): Found {
  return gap === undefined ? ABSENT : { values: [], gap };
}

/** kube-apiserver takes booleans alone, so that a text in a request that it took was made on the way of the log. */
function isTrue(value: unknown): boolean {
  return value === true || (typeof value === 'string' && value.toLowerCase() === 'true');
}

function isFalse(value: unknown): boolean {
  return value === false || (typeof value === 'string' && value.toLowerCase() === 'false');
}

/** PodSecurity names what it objects to, in its audit annotation or where it refuses: enough where bodies are missing. */
function isNamedByPodSecurity({ annotations, outcome, responseStatus }: AuditEvent, name: string): boolean {
  const refusal = outcome === 'admission_denied' ? (responseStatus?.message ?? '') : '';
  const text = `${annotations['pod-security.kubernetes.io/audit-violations'] ?? ''} ${refusal}`;
  return new RegExp(`\\b${name}=true\\b`).test(text);
}
