/** The workload that a pod or controller belongs to, derived the same way from both. */

import { CUT, isMap, type JsonMap, member, textAt } from '../json/map.ts';
import { booleanOf } from '../json/typed.ts';
import type { AuditEvent } from '../record.ts';
import type { Found } from '../sigma/field.ts';
import { gapOf, missing } from './found.ts';

/** Kinds of the resources that are workloads or parts of one. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ['pods', 'Pod'],
  ['podtemplates', 'PodTemplate'],
  ['deployments', 'Deployment'],
  ['daemonsets', 'DaemonSet'],
  ['statefulsets', 'StatefulSet'],
  ['replicasets', 'ReplicaSet'],
  ['replicationcontrollers', 'ReplicationController'],
  ['jobs', 'Job'],
  ['cronjobs', 'CronJob'],
  ['deploymentconfigs', 'DeploymentConfig'], // OpenShift
  ['rollouts', 'Rollout'], // Argo
]);

/** Labels that a controller puts on the ReplicaSets that it makes, and on their pods: the ReplicaSet's name is the name of
 * the controller followed by the value. */
const HASH_LABELS: readonly (readonly [label: string, kind: string])[] = [
  ['pod-template-hash', 'Deployment'],
  ['rollouts-pod-template-hash', 'Rollout'],
];

/** Such a value, recognized by its characters.
 * @see https://github.com/kubernetes/apimachinery/blob/v0.33.0/pkg/util/rand/rand.go SafeEncodeString */
const HASH_AT_END = /-[bcdfghjklmnpqrstvwxz2456789]{8,10}$/;

/** The name of a CronJob's Job ends in its time, in minutes or, before Kubernetes 1.21, seconds since 1970. */
const TIME_AT_END = /-\d{8,}$/;

/** The subresources whose bodies are the object itself. */
const WHOLE_OBJECT: ReadonlySet<string> = new Set(['', 'status', 'ephemeralcontainers', 'resize']);

interface Controller {
  kind: string;
  name: string;
}

/** `namespace/Kind/name` of the topmost controller that can be identified; a pod on its own is its own workload. Absent for
 * other resources and for lists. If the owner of a pod is not visible, the value is the pod itself, with a gap. */
export function workloadOf(event: AuditEvent): Found {
  const { objectRef, gaps } = event;
  if (objectRef === null) return missing(gaps.objectRef);
  const { resource, subresource, namespace } = objectRef;
  const kind = KINDS.get(resource);
  if (kind === undefined || namespace === '') return missing((objectRef as JsonMap)[CUT]);

  const { name } = objectRef;
  const bodies = WHOLE_OBJECT.has(subresource) ? [event.responseObject, event.requestObject] : [];
  const known = bodies.map((body) => member(body, 'metadata')).filter(namesObject);
  const metadata = known.find((each) => controllerIn(each) !== undefined) ?? known[0];
  const controller = metadata && controllerIn(metadata);
  const top = topmost({ kind, name }, controller, member(metadata, 'labels'));
  if (top === undefined) return missing((objectRef as JsonMap)[CUT] ?? gaps.responseObject);
  const isUnseen =
    kind === 'Pod' && controller === undefined && (metadata === undefined || metadata[CUT] !== undefined);
  const gap = metadata?.[CUT] ?? gaps.responseObject ?? gaps.requestObject ?? 'not_logged';
  return { values: [`${namespace}/${top.kind}/${top.name}`], ...gapOf(isUnseen ? gap : undefined) };
}

/** Undefined if the name is not known. */
function topmost(own: Controller, controller: Controller | undefined, labels: unknown): Controller | undefined {
  const { kind, name } = own;
  if (kind === 'Pod' && controller !== undefined) return topmost(controller, undefined, labels);
  if (kind === 'Job' && controller?.kind === 'CronJob') return controller;
  // A prefix of a name that is to be generated ends in a star.
  if (name === '' || name.endsWith('*')) return undefined;
  if (kind === 'ReplicaSet') return makerOf(name, labels) ?? own;
  if (kind === 'Job' && TIME_AT_END.test(name)) return { kind: 'CronJob', name: name.replace(TIME_AT_END, '') };
  return own;
}

/** The controller that made a ReplicaSet; undefined if it was made on its own. */
function makerOf(name: string, labels: unknown): Controller | undefined {
  for (const [label, kind] of HASH_LABELS) {
    const end = `-${textAt(labels, label) ?? ''}`;
    if (end !== '-' && name.endsWith(end) && name !== end) return { kind, name: name.slice(0, -end.length) };
  }
  // Every ReplicaSet has labels: if they are logged whole, one that is not among them is absent.
  const areLabelsWhole = isMap(labels) && labels[CUT] === undefined;
  return areLabelsWhole || !HASH_AT_END.test(name)
    ? undefined
    : { kind: 'Deployment', name: name.replace(HASH_AT_END, '') };
}

/** Distinguishes the metadata of an object from that of a Status or a patch. */
function namesObject(metadata: unknown): metadata is JsonMap {
  if (!isMap(metadata)) return false;
  const name = textAt(metadata, 'name') ?? textAt(metadata, 'generateName');
  return name !== undefined || metadata[CUT] !== undefined;
}

/** The controller among the owners. A node owns the mirrors of its static pods, and is not a workload. */
function controllerIn(metadata: JsonMap): Controller | undefined {
  const references = member(metadata, 'ownerReferences');
  if (!Array.isArray(references)) return undefined;
  const reference = references.find((each) => booleanOf(member(each, 'controller')) === true);
  const [kind, name] = [textAt(reference, 'kind') ?? '', textAt(reference, 'name') ?? ''];
  return kind === '' || kind === 'Node' || name === '' ? undefined : { kind, name };
}
