/** The fields that say what is written, and what is asked of a pod or node through its connections. */
import { isMap, member } from '../json/map.ts';
import { booleanOf } from '../json/typed.ts';
import type { Found } from '../sigma/field.ts';
import { walk } from '../sigma/match/walk.ts';
import { type BodyKeys, keysAtEnd } from './body-keys.ts';
import { certificateRequests } from './certificate-request.ts';
import { configDataOf } from './config-data.ts';
import { commandOf, containerOf } from './exec-request.ts';
import { BODIES_UNKNOWN, everywhere, type Field, sometimes } from './field.ts';
import { gapOf, joined, listed, missing } from './found.ts';
import { below, CONTAINERS } from './pod-spec.ts';
import { capabilityName, imageRepository, plainPath } from './pod-values.ts';
import { proxyPathOf } from './proxy-path.ts';
import { workloadOf } from './workload.ts';
import { readWritten } from './written-object.ts';

export const objectFields: readonly (readonly [name: string, field: Field])[] = [
  [
    'object',
    {
      doc: 'The object that is written: as stored if it is created, as requested if it is changed.',
      source: 'responseObject, requestObject',
      unknown: BODIES_UNKNOWN,
      nested: true,
      bodyKeys: keysAtEnd,
      read: (event, { object }, path) => readWritten(event, object, path),
    },
  ],
  [
    'workload',
    {
      doc: 'Topmost controller of a pod or workload that can be identified, such as `shop/Deployment/web`; else the pod itself.',
      source: 'objectRef, metadata.ownerReferences, label pod-template-hash',
      unknown: sometimes(everywhere, 'pods whose owner is not logged: then it is the pod, which may have an owner'),
      read: workloadOf,
    },
  ],
  [
    'command',
    {
      many: true,
      doc: 'Arguments of an exec, one by one.',
      source: 'command in requestURI, requestObject.command, label command.gke.io/command',
      unknown: sometimes(['gke'], 'if the URI has no query, as on GKE, and there is no label'),
      read: commandOf,
    },
  ],
  [
    'commandLine',
    {
      doc: 'Arguments of an exec, joined by spaces.',
      source: 'command in requestURI, requestObject.command, label command.gke.io/command',
      unknown: sometimes(['gke'], 'if the URI has no query, as on GKE, and there is no label'),
      read(event) {
        const { values, gap } = commandOf(event);
        return values.length === 0 ? missing(gap) : { values: [values.join(' ')] };
      },
    },
  ],
  [
    'container',
    {
      doc: 'Container that an exec or attach names.',
      source: 'container in requestURI, requestObject.container',
      unknown: sometimes(['gke'], 'if the URI has no query, as on GKE'),
      read: containerOf,
    },
  ],
  [
    'proxyPath',
    {
      doc: 'Path that is requested through the proxy of a node, pod or service, as kube-apiserver forwards it: decoded, without `//`, `.`, `..` and a slash at the end.',
      source: 'requestURI',
      read: proxyPathOf,
    },
  ],
  [
    'certificateRequest',
    {
      doc: 'The request in a CertificateSigningRequest, decoded to bytes: names in it can be searched.',
      source: 'object.spec.request',
      unknown: BODIES_UNKNOWN,
      read(event, { object }) {
        if (event.objectRef?.resource !== 'certificatesigningrequests') return missing(event.gaps.objectRef);
        const { values, gap } = readWritten(event, object, 'spec.request');
        return { values: values.flatMap(certificateRequests), ...gapOf(gap) };
      },
    },
  ],
  [
    'configData',
    {
      many: true,
      doc: 'Entries of a ConfigMap that is written, as `key=value`; those without a value are left out.',
      source: 'object.data',
      unknown: BODIES_UNKNOWN,
      read: (event, { object }) => configDataOf(event, object),
    },
  ],
  ['hostPID', flag('hostPID', 'Pods share the process ids of their node.')],
  ['hostIPC', flag('hostIPC', 'Pods share the IPC namespace of their node.')],
  ['hostNetwork', flag('hostNetwork', 'Pods share the network of their node.')],
  ['shareProcessNamespace', flag('shareProcessNamespace', 'The containers of a pod share process ids.')],
  ['serviceAccountName', inPodSpec('serviceAccountName', 'Service account that pods run as.')],
  ['nodeName', inPodSpec('nodeName', 'Node that the pod is bound to.')],
  ['volumes', { ...inPodSpec('volumes', 'Volumes of the pod spec, one by one.'), nested: true }],
  [
    'containers',
    {
      doc: 'Containers, init containers and ephemeral containers of the pod spec, one by one.',
      source: 'podSpec',
      unknown: BODIES_UNKNOWN,
      nested: true,
      bodyKeys: (path) => (path === '' ? { keys: CONTAINERS } : keysAtEnd(path)),
      read(_event, { pod }, path) {
        const found = pod.readContainers(path);
        return path === '' ? { ...found, places: [found.values] } : found;
      },
    },
  ],
  ['images', ofContainers('image', String, 'Images of all containers, as written.')],
  ['imageRepositories', ofContainers('image', imageRepository, 'Images of all containers, without tag and digest.')],
  [
    'capabilities',
    ofContainers(
      'securityContext.capabilities.add',
      capabilityName,
      'Linux capabilities that any container adds: in upper case, without `CAP_`.',
    ),
  ],
  [
    'hostPath',
    {
      many: true,
      doc: 'Paths of the node that volumes open, PersistentVolumes too: without `//`, `.`, `..` and a slash at the end.',
      source: 'podSpec.volumes.hostPath.path, object.spec.hostPath.path, object.spec.local.path',
      unknown: BODIES_UNKNOWN,
      bodyKeys: () => ({ keys: ['path'], through: ['hostPath', 'local'], spelled: ofText(plainPath) }),
      read(event, { object, pod }) {
        if (event.objectRef?.resource !== 'persistentvolumes')
          return textsIn(pod.read('volumes.hostPath.path'), plainPath);
        const paths = ['spec.hostPath.path', 'spec.local.path'].map((path) => readWritten(event, object, path));
        return textsIn(joined(paths), plainPath);
      },
    },
  ],
  [
    'podSpec',
    {
      doc: 'Pod spec of a pod or a workload that is written: as stored if it is created, as requested if it is changed.',
      source: 'responseObject, requestObject: spec, or spec.template.spec and the like',
      unknown: BODIES_UNKNOWN,
      nested: true,
      bodyKeys: keysAtEnd,
      read: (_event, { pod }, path) => pod.read(path),
    },
  ],
  [
    'podSource',
    {
      doc: 'The body that podSpec is read from: request, response or patch.',
      source: 'requestObject, responseObject',
      unknown: BODIES_UNKNOWN,
      read: (_event, { pod }) => pod.source,
    },
  ],
  [
    'owner.kind',
    {
      doc: 'Kind of the controller that owns the object.',
      source: 'metadata.ownerReferences',
      unknown: BODIES_UNKNOWN,
      read: owner('kind'),
    },
  ],
  [
    'owner.name',
    {
      doc: 'Name of the controller that owns the object.',
      source: 'metadata.ownerReferences',
      unknown: BODIES_UNKNOWN,
      read: owner('name'),
    },
  ],
];

function flag(name: string, doc: string): Field {
  return {
    doc,
    source: `podSpec.${name}`,
    unknown: BODIES_UNKNOWN,
    bodyKeys: () => ({ keys: [name], spelled: booleanOf }),
    read: (_event, { pod }) => pod.flag(name),
  };
}

function inPodSpec(name: string, doc: string): Field {
  return {
    doc,
    source: `podSpec.${name}`,
    unknown: BODIES_UNKNOWN,
    bodyKeys: (path) => keysAtEnd(below(name, path)),
    read: (_event, { pod }, path) => pod.read(below(name, path)),
  };
}

function ofContainers(path: string, spelled: (value: string) => string, doc: string): Field {
  return {
    many: true,
    doc,
    source: `containers.${path}`,
    unknown: BODIES_UNKNOWN,
    bodyKeys: () => ({ ...keysAtEnd(path)!, spelled: ofText(spelled) }),
    read: (_event, { pod }) => textsIn(pod.readContainers(path), spelled),
  };
}

/** The texts that were found, each in the spelling that rules know. */
function textsIn({ values, gap }: Found, spelled: (value: string) => string): Found {
  return listed(values.filter((value) => typeof value === 'string').map(spelled), gap);
}

/** The same for the texts among values. */
function ofText(spelled: (value: string) => string): BodyKeys['spelled'] {
  return (value) => (typeof value === 'string' ? spelled(value) : undefined);
}

function owner(name: 'kind' | 'name'): Field['read'] {
  return ({ requestObject, responseObject, gaps }) => {
    const body = isMap(requestObject) ? requestObject : responseObject;
    if (body === undefined) return missing(gaps.requestObject ?? gaps.responseObject);
    const { values, gap } = walk(body, 'metadata.ownerReferences');
    const controllers = values.filter((reference) => booleanOf(member(reference, 'controller')) === true);
    return { values: controllers.flatMap((reference) => walk(reference, name).values), ...gapOf(gap) };
  };
}
