/** What a request to exec into, or attach to, a container asks for. */

import { CUT, type JsonMap, member, textAt } from '../json/map.ts';
import type { AuditEvent } from '../record.ts';
import type { Found } from '../sigma/field.ts';
import { listed, missing } from './found.ts';

/** The arguments of an exec, one by one. GKE joins them in a label, so an argument with blanks is split there. */
export function commandOf(event: AuditEvent): Found {
  const { values, gap } = optionOf(event, 'command', ['exec']);
  if (gap === undefined) return listed(values, gap);
  // Elsewhere an admission webhook may write such an annotation.
  const label = event.platform === 'gke' ? (textAt(event.annotations, 'command.gke.io/command') ?? '') : '';
  return label === '' ? missing(gap) : listed(label.split(' '), undefined);
}

/** The container that an exec or attach names; absent if it leaves the choice to the pod. */
export function containerOf(event: AuditEvent): Found {
  const { values, gap } = optionOf(event, 'container', ['exec', 'attach']);
  // kube-apiserver uses the first if there are several.
  return values[0] === '' || values.length === 0 ? missing(gap) : { values: [values[0]] };
}

/** An option of a connection to a pod: in the query of the URI, or in a body that a platform makes from it. */
function optionOf(event: AuditEvent, option: string, subresources: readonly string[]): Found {
  const { objectRef, gaps } = event;
  if (objectRef === null) return missing(gaps.objectRef);
  if (objectRef.resource !== 'pods' || !subresources.includes(objectRef.subresource)) {
    return missing(objectRef.subresource === '' ? (objectRef as JsonMap)[CUT] : undefined);
  }
  const { requestURI, requestObject } = event;
  const query = requestURI.indexOf('?');
  // Malformed escapes stay as they are, so that they cannot hide anything.
  if (query !== -1) return { values: new URLSearchParams(requestURI.slice(query)).getAll(option) };
  const inBody = [member(requestObject, option)].flat().filter((value) => typeof value === 'string');
  // Every exec has a query: if there is none, it was not logged.
  return inBody.length > 0 ? { values: inBody } : missing(gaps.requestURI ?? 'not_logged');
}
