/** The pod spec that a request makes or changes, wherever its bodies hold it. */

import { mayName } from '../audit/lazy-event.ts';
import { isWrite } from '../audit/request.ts';
import { CUT, isMap, type JsonMap } from '../json/map.ts';
import { booleanOf } from '../json/typed.ts';
import type { AuditEvent } from '../record.ts';
import type { Found } from '../sigma/field.ts';
import { pathOf } from '../sigma/match/path.ts';
import { walk } from '../sigma/match/walk.ts';
import { joined, missing } from './found.ts';
import type { WrittenObject } from './written-object.ts';

export interface PodSpec {
  /** `request`, `response` or `patch`: the body that it is read from. */
  source: Found;
  /** The values under a path in the spec, or the spec itself. */
  read(path?: string): Found;
  /** The values under a path in each container, or the containers themselves. */
  readContainers(path?: string): Found;
  /** A boolean: true if the request or the response has it, absent if neither does. */
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

/** The lists of a spec whose items are containers. */
export const CONTAINERS = ['containers', 'initContainers', 'ephemeralContainers'];

/** The subresources through which a pod is changed with a pod as body. */
const SUBRESOURCES = ['', 'ephemeralcontainers', 'resize'];

/** The pod spec of an event; absent if it does not write pods or their templates. */
export function podSpecOf(event: AuditEvent, object: WrittenObject): PodSpec {
  const place = placeOf(event);
  if (typeof place === 'object') {
    const read = () => place;
    return { source: place, read, readContainers: inContainers(read), flag: read };
  }
  const bodies = object.bodiesFor(place, (body) => holdsSpec(body, place));
  const read = (path = '') => object.read(below(place, path), bodies);
  const { verb, action, gaps } = event;

  /** Whether it is true in any body: what was requested, or what was stored. */
  function isTrueInAny(path: string, name: string): boolean {
    const first = bodies.at(0);
    if (first === undefined) return false;
    if (isTrueIn(first.content, path)) return true;
    return (
      mayName(event, first.source === 'response' ? 'requestObject' : 'responseObject', name) &&
      isTrueIn(bodies.at(1)?.content, path)
    );
  }

  return {
    get source() {
      const first = bodies.at(0);
      return first ? { values: [first.source] } : missing(gaps.requestObject ?? gaps.responseObject);
    },
    read,
    readContainers: inContainers(read),
    flag(name) {
      const found = read(name);
      // A webhook may set it after the request, or remove it: either way someone tried. An update sends the whole object
      // too, so anything else in the response was added now, whereas after a patch it was there before.
      const isWhole = verb === 'create' || action === 'create' || verb === 'update';
      const isTrue = isWhole ? isTrueInAny(below(place, name), name) : found.values.some(isYes);
      if (isTrue || (found.gap !== undefined && isNamedByPodSecurity(event, name))) return { values: [true] };
      const values = found.values.some((value) => booleanOf(value) === false) ? [false] : [];
      return found.gap === undefined ? { values } : { values, gap: found.gap };
    },
  };
}

/** A path below another; the other alone if the path is empty. */
export function below(name: string, path: string): string {
  return path === '' ? name : pathOf(name).below(path).name;
}

function inContainers(read: PodSpec['read']): PodSpec['readContainers'] {
  return (path = '') => joined(CONTAINERS.map((list) => read(below(list, path))));
}

function isTrueIn(body: unknown, path: string): boolean {
  return walk(body, path).values.some(isYes);
}

function isYes(value: unknown): boolean {
  return booleanOf(value) === true;
}

/** Path of the spec in a body of the event, or the answer of a look-up if there is none. */
function placeOf({ verb, objectRef, gaps }: AuditEvent): string | Found {
  if (verb !== '' && !isWrite(verb)) return missing(undefined);
  if (objectRef === null) return missing(gaps.objectRef);
  const path = SPEC_PATHS.get(objectRef.resource);
  if (objectRef.resource === '') return missing((objectRef as JsonMap)[CUT]);
  if (path === undefined || !SUBRESOURCES.includes(objectRef.subresource)) return missing(undefined);
  return verb === '' ? missing(gaps.verb) : path;
}

function holdsSpec(body: unknown, place: string): boolean {
  const { values, gap } = walk(body, place);
  return values.some(isMap) || gap !== undefined;
}

/** PodSecurity names what it objects to, in its audit annotation or its refusal: enough if bodies are missing. */
function isNamedByPodSecurity(event: AuditEvent, name: string): boolean {
  const refusal = event.outcome === 'admission_denied' ? (event.responseStatus?.message ?? '') : '';
  const text = `${event.annotations['pod-security.kubernetes.io/audit-violations'] ?? ''} ${refusal}`;
  return new RegExp(`\\b${name}=true\\b`).test(text);
}
