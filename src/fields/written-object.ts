/** The object that a request writes, read from whichever of its bodies says it. */

import { isWrite, opensConnection } from '../audit/request.ts';
import { CUT, isMap, type JsonMap, member, textAt } from '../json/map.ts';
import { isIndex, type Projection, projectPatch } from '../json/patch.ts';
import type { AuditEvent } from '../record.ts';
import type { Found } from '../sigma/field.ts';
import { walk } from '../sigma/match/walk.ts';
import { missing } from './found.ts';

/** A body that says something of the object. */
export interface Body {
  source: 'request' | 'response' | 'patch';
  content: unknown;
  /** Set where the body as a whole has an end that is not there. */
  gap?: string;
}

export interface WrittenObject {
  /** The bodies that tell what is written at a place, those that decide first.
   * @param isThere tells a body that holds what is asked for */
  bodiesFor(place: string, isThere?: (body: JsonMap) => boolean): Bodies;
  /** What is written at a path, the whole object where it is empty: from the first body that is wholly there at it; else
   * all that is there, with the gap. */
  read(path: string, bodies?: Bodies): Found;
}

/** Bodies that are read when they are asked for: mostly the first says all. */
export class Bodies {
  readonly #sources: readonly (() => Body | undefined)[];
  readonly #read: Body[] = [];
  #next = 0;

  /** @param sources give a body, or undefined where there is none that says something */
  constructor(...sources: readonly (() => Body | undefined)[]) {
    this.#sources = sources;
  }

  at(index: number): Body | undefined {
    while (this.#read.length <= index && this.#next < this.#sources.length) {
      const body = this.#sources[this.#next++]!();
      if (body !== undefined) this.#read.push(body);
    }
    return this.#read[index];
  }
}

/** The object of an event. It is for the caller to know that the event writes one.
 * - Created: the response says what was stored, after admission. Clients can ask for one without the object, and then, as
 *   where it is not logged, the request says it.
 * - Changed: what was asked for decides, as what else the object has was there before. */
export function writtenObjectOf(event: AuditEvent): WrittenObject {
  const { verb, gaps } = event;
  const isCreate = verb === 'create' || event.action === 'create';
  let projection: Projection | undefined;

  function bodiesFor(place: string, isThere: (body: JsonMap) => boolean = () => true): Bodies {
    const stored = (): Body | undefined => {
      const response = storedObject(event);
      return response && isThere(response) ? { source: 'response', content: response } : undefined;
    };
    if (isCreate || verb === 'update') {
      const request = (): Body | undefined => {
        const { requestObject } = event;
        return isMap(requestObject) && isThere(requestObject)
          ? { source: 'request', content: requestObject }
          : undefined;
      };
      return isCreate ? new Bodies(stored, request) : new Bodies(request, stored);
    }
    const { requestObject } = event;
    if (isMap(requestObject)) return new Bodies(() => ({ source: 'patch', content: requestObject }), stored);
    if (requestObject === undefined) return new Bodies(stored);
    projection ??= projectionOf(requestObject);
    const { document, moved } = projection;
    // What is moved or copied comes from the object as it was: only the response knows it.
    if (isTouched(place, moved)) {
      const gap = gaps.responseObject ?? 'not_logged';
      return new Bodies(() => stored() ?? { source: 'patch', content: undefined, gap });
    }
    return new Bodies(() => ({ source: 'patch', content: document, gap: gaps.requestObject }), stored);
  }

  return {
    bodiesFor,
    read(path, bodies = bodiesFor(path)) {
      const found: Found[] = [];
      for (let index = 0, body = bodies.at(0); body !== undefined; body = bodies.at(++index)) {
        const here = contentAt(body.content, path);
        const open = here.gap ?? body.gap;
        if (open === undefined) return here;
        found.push(here.gap === undefined ? { ...here, gap: open } : here);
      }
      return {
        ...missing(found[0]?.gap ?? gaps.requestObject ?? gaps.responseObject),
        values: found.flatMap(({ values }) => values),
        places: found.flatMap(({ values, places }) => places ?? values),
      };
    },
  };
}

/** The object in the response. What answers a failure is none, however little of a Status is logged. */
function storedObject(event: AuditEvent): JsonMap | undefined {
  if ((event.responseStatus?.code ?? 0) >= 400) return undefined;
  const { responseObject } = event;
  return isObject(responseObject) ? responseObject : undefined;
}

/** The whole object or a path in it; absent where the event writes none. Deletions have bodies too, but they say what
 * was, and connections have none. */
export function readWritten({ verb, objectRef, gaps }: AuditEvent, object: WrittenObject, path: string): Found {
  if (!isWrite(verb)) return missing(verb === '' ? gaps.verb : undefined);
  if (opensConnection(objectRef?.subresource)) return missing(undefined);
  return object.read(path);
}

function contentAt(content: unknown, path: string): Found {
  if (path !== '') return walk(content, path);
  return { ...missing(isMap(content) ? content[CUT] : undefined), values: content === undefined ? [] : [content] };
}

/** A response can be a Status (of a failure, a binding, an eviction), or what the client asked for instead of the object
 * (`as=Table`, `as=PartialObjectMetadata`). */
function isObject(body: AuditEvent['responseObject']): body is JsonMap {
  if (!isMap(body)) return false;
  const status = member(body, 'status');
  const isStatus = status === 'Success' || status === 'Failure';
  return !isStatus && textAt(body, 'apiVersion')?.startsWith('meta.k8s.io/') !== true;
}

/** A patch with its pointers in the form of names, made once for all the names that rules ask for. */
function projectionOf(operations: readonly unknown[]): Projection {
  const { document, moved } = projectPatch(operations);
  return { document, moved: moved.map((pointer) => keysOf(pointer.join('.'))) };
}

/** Tells whether a pointer leads to the place, to what it is in, or to what is in it. */
function isTouched(place: string, pointers: readonly (readonly string[])[]): boolean {
  const way = keysOf(place);
  return pointers.some((keys) => way.every((key, index) => index >= keys.length || key === keys[index]));
}

/** A name crosses lists without an index, and may have dots in its keys. */
function keysOf(name: string): string[] {
  return name.split('.').filter((key) => key !== '' && !isIndex(key));
}
