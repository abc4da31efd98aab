/** The object that a request writes, read from whichever of its bodies contains it. */

import { isWrite, opensConnection } from '../audit/request.ts';
import { CUT, isMap, type JsonMap, member, textAt } from '../json/map.ts';
import { isIndex, type Projection, projectPatch } from '../json/patch.ts';
import type { AuditEvent } from '../record.ts';
import type { Found } from '../sigma/field.ts';
import { walk } from '../sigma/match/walk.ts';
import { missing } from './found.ts';

/** A body that says something about the object. */
export interface Body {
  source: 'request' | 'response' | 'patch';
  content: unknown;
  /** Set if the body as a whole is incomplete. */
  gap?: string;
}

export interface WrittenObject {
  /** The bodies that show what is written at a place, the deciding ones first.
   * @param isThere whether a body holds what is asked for */
  bodiesFor(place: string, isThere?: (body: JsonMap) => boolean): Bodies;
  /** What is written at a path, or the whole object if the path is empty: from the first body that is complete there;
   * otherwise everything that is found, with the gap. */
  read(path: string, bodies?: Bodies): Found;
}

/** Bodies that are read on demand: usually the first is enough. */
export class Bodies {
  readonly #sources: readonly (() => Body | undefined)[];
  readonly #read: Body[] = [];
  #next = 0;

  /** @param sources return a body, or undefined if it says nothing about the object */
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

/** The object of an event. The caller has to know that the event writes one.
 * - Created: the response shows what was stored, after admission. Clients can ask for a response without the object; then,
 *   as when the response is not logged, the request shows it.
 * - Changed: the request decides, as anything else in the object was there before. */
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
    // What is moved or copied comes from the object as it was: only the response contains it.
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

/** The object in the response. The answer to a failed request is not one, however little of the Status is logged. */
function storedObject(event: AuditEvent): JsonMap | undefined {
  if ((event.responseStatus?.code ?? 0) >= 400) return undefined;
  const { responseObject } = event;
  return isObject(responseObject) ? responseObject : undefined;
}

/** The whole object or a path in it; absent if the event writes none. Deletions have bodies too, but they show what was
 * there before, and connections have none. */
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

/** Whether a pointer leads to the place, to something that contains it, or to something in it. */
function isTouched(place: string, pointers: readonly (readonly string[])[]): boolean {
  const way = keysOf(place);
  return pointers.some((keys) => way.every((key, index) => index >= keys.length || key === keys[index]));
}

/** A name crosses lists without an index, and may have dots in its keys. */
function keysOf(name: string): string[] {
  return name.split('.').filter((key) => key !== '' && !isIndex(key));
}
