/** The checks that need knowledge of Kubernetes or ATT&CK, as one table; those of Sigma alone are in sigma/lint/checks.ts. */

import { tactics } from '../attack.ts';
import { opensStream } from '../audit/request.ts';
import { Platform } from '../record.ts';
import { isAboutAudit } from '../rules/index.ts';
import {
  type Check,
  didYouMean,
  type ItemSource,
  nearest,
  quote,
  type Report,
  type ValueSource,
} from '../sigma/index.ts';
import { isTechnique } from './attack-techniques.ts';
import { decidabilityOn } from './decidability.ts';
import { isMapAt, unknownMember } from './kubernetes-fields.ts';

/** Verbs of requests for objects, and of those for other paths. */
const verbs: readonly string[] = [
  ...['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'],
  ...['post', 'put', 'head', 'options'],
];

/** What people write instead of verbs. */
const otherVerbs: Readonly<Record<string, string>> = {
  replace: 'a replacement is an update',
  edit: 'kubectl edit sends a patch',
  apply: 'kubectl apply sends a create or a patch',
  scale: 'write update and patch, with subresource: scale',
  exec: 'write get and create, with subresource: exec',
  attach: 'write get and create, with subresource: attach',
  portforward: 'write get and create, with subresource: portforward',
  proxy: 'write the verb of the request, with subresource: proxy',
  impersonate: 'write impersonatedUser|exists: true',
  bind: 'it is a permission, never the verb of a request',
  escalate: 'it is a permission, never the verb of a request',
  use: 'it is a permission, never the verb of a request',
  approve: 'write update and patch, with subresource: approval',
};

/** Kinds of objects that rules are about, with their resources. */
const resourceOf: ReadonlyMap<string, string> = new Map([
  ...[
    ...['pod', 'deployment', 'daemonset', 'statefulset', 'replicaset', 'replicationcontroller', 'job', 'cronjob'],
    ...['podtemplate', 'service', 'secret', 'configmap', 'namespace', 'node', 'event', 'serviceaccount', 'role'],
    ...['clusterrole', 'rolebinding', 'clusterrolebinding', 'persistentvolume', 'persistentvolumeclaim', 'lease'],
    ...['mutatingwebhookconfiguration', 'validatingwebhookconfiguration', 'validatingadmissionpolicybinding'],
    ...['certificatesigningrequest', 'customresourcedefinition', 'apiservice', 'selfsubjectaccessreview'],
    ...['selfsubjectrulesreview', 'tokenreview', 'subjectaccessreview', 'localsubjectaccessreview'],
  ].map((kind) => [kind, `${kind}s`] as const),
  ['ingress', 'ingresses'],
  ['networkpolicy', 'networkpolicies'],
  ['podsecuritypolicy', 'podsecuritypolicies'],
  ['validatingadmissionpolicy', 'validatingadmissionpolicies'],
  ['endpoint', 'endpoints'],
]);

export const kubernetesChecks: Readonly<Record<string, Check>> = {
  verb: {
    doc: 'A verb that no request has, such as replace.',
    run: onLiterals(['verb', 'action'], (verb, { offset }, report) => {
      if (verbs.includes(verb)) return;
      const known = Object.hasOwn(otherVerbs, verb) ? otherVerbs[verb] : undefined;
      const hint = known ?? didYouMean(verb, verbs, `the verbs are ${verbs.slice(0, 8).join(', ')}`);
      report(offset, `no request has the verb ${quote(verb)}`, hint);
    }),
  },
  'websocket-stream': {
    doc: 'exec, attach or portforward with only the verb create: over WebSocket, as in kubectl since 1.31, it is get.',
    run: onMaps((items, report) => {
      const stream = items.find((item) => nameOf(item) === 'subresource' && literalsIn(item)?.some(opensStream));
      const verb = items.find((item) => nameOf(item) === 'verb' || nameOf(item) === 'action');
      if (stream === undefined || verb === undefined || !literalsIn(verb)?.every((word) => word === 'create')) return;
      const message = 'over WebSocket, as in kubectl since 1.31, the verb of such a request is get';
      report(verb.offset, message, 'write get and create, or drop the verb');
    }),
  },
  resource: {
    doc: 'A resource that is written as the kind of an object, with its subresource, or with its API group.',
    run: onLiterals(['resource'], (resource, { offset }, report) => {
      const [object, ...subresource] = resource.split('/');
      const [singular = '', ...group] = object!.split('.');
      const plural = resourceOf.get(singular) ?? singular;
      if (subresource.length > 0) {
        const hint = `write resource: ${plural} and subresource: ${subresource.join('/')}`;
        report(offset, `${quote(resource)} is a resource and its subresource, which are two fields`, hint);
      } else if (group.length > 0) {
        const hint = `write resource: ${plural} and apiGroup: ${group.join('.')}`;
        report(offset, `${quote(resource)} is a resource and its API group, which are two fields`, hint);
      } else if (plural !== object) {
        report(offset, `${quote(resource)} is a kind; resources are plural`, `write ${plural}`);
      }
    }),
  },
  logsource: {
    doc: 'A rule about logs other than the Kubernetes audit log: it is left out.',
    run({ parsed, members, offset }, report) {
      if (parsed.kind !== 'rule' || isAboutAudit(parsed.document)) return;
      const { product, service } = parsed.document.logsource;
      const isSlip =
        product === undefined || nearest(product, ['kubernetes']) !== undefined || /kube|k8s/i.test(product);
      const hint = isSlip
        ? `write product: kubernetes and service: audit${service === undefined ? '' : ', and nothing else'}`
        : 'leave the file out of what is loaded, or accept this with a comment';
      report(
        members.get('logsource')?.keyNode.range?.[0] ?? offset,
        'the rule is never evaluated: its logsource is about other logs',
        hint,
      );
    },
  },
  'kubernetes-field': {
    doc: 'A member that neither pod specs nor the metadata of objects have, or one of their maps instead of a value.',
    run: onMaps((items, report) => {
      for (const { path, offset, asked, modifiers, values } of items) {
        const [type, ...rest] = typedPathOf(path) ?? [];
        if (type === undefined) continue;
        const unknown = unknownMember(type, rest);
        if (unknown?.isPosition) {
          const message = `${quote(rest[unknown.at]!)} does not identify a member of a list`;
          report(offset, message, 'leave it out, for any member; or write sigma-version: 3 and [0]');
        } else if (unknown !== undefined) {
          const name = rest[unknown.at]!;
          const hint = didYouMean(name, unknown.known, 'look it up with kubectl explain pod.spec --recursive');
          report(offset, `Kubernetes has no ${quote(name)} there`, hint);
        } else if (isMapAt(type, rest) && asked !== undefined && isCompared(modifiers, values)) {
          const message = `${quote(path)} is a map, and is never equal to a text or a number`;
          report(offset, message, 'name the member that is meant');
        }
      }
    }),
  },
  'status-code': {
    doc: 'A word for responseStatus.code, which is a number.',
    run: onLiterals(['responseStatus.code'], (code, { offset }, report) => {
      if (/^\d+$/.test(code)) return;
      const hint = 'use outcome, or decision: allow or forbid';
      report(offset, `responseStatus.code is a number such as 403, never ${quote(code)}`, hint);
    }),
  },
  'blind-platform': {
    doc: 'A rule about a platform whose log never has what the condition asks for.',
    isOfWhole: true,
    run: aboutKubernetes(({ parsed, detections }, report) => {
      if (parsed.kind !== 'rule') return;
      const found = Platform.enum.map((platform) => ({ platform, ...decidabilityOn(platform, parsed.document) }));
      const meant = found.filter(({ extent }) => extent !== 'elsewhere');
      if (meant.length === 0 || meant.some(({ extent }) => extent !== 'blind')) return;
      const where = meant.map(({ platform }) => platform).join(', ');
      const message = `the rule can never match: ${where} does not log what the condition asks for`;
      report(detections[0]!.conditions[0]!.offsetOf(0), message, 'see docs/fidelity.md for what each platform logs');
    }),
  },
  keywords: {
    doc: 'Words that are searched for in the whole event, where the sender of a request can put any text.',
    run: aboutKubernetes(({ maps }, report) => {
      const first = maps.flat().find(({ field, inBlock }) => field === '' && !inBlock);
      if (first === undefined) return;
      const message = 'these words may be anywhere in the event, also in text that a client chooses';
      report(first.values[0]?.offset ?? first.offset, message, 'name the field to search for them in');
    }),
  },
  'attack-tag': {
    doc: 'A tag that names neither a tactic nor a technique of ATT&CK.',
    run({ head, members, offset }, report) {
      for (const tag of head?.ruleTags ?? []) {
        const [namespace, ...rest] = tag.toLowerCase().split('.');
        const name = rest.join('.').replaceAll('_', '-');
        if (namespace !== 'attack' || Object.hasOwn(tactics, name)) continue;
        // Techniques, and what else tags may name: groups, software, campaigns, mitigations, data sources.
        if (isTechnique(name) || /^(?:[gscm]\d{4}|ds\d{4})$/.test(name)) continue;
        const otherwise = 'write a tactic such as attack.execution, or a technique such as attack.t1611';
        const hint = /^t\d/.test(name) ? otherwise : didYouMean(name, Object.keys(tactics), otherwise);
        report(members.get('tags')?.keyNode.range?.[0] ?? offset, `ATT&CK has no ${quote(name)}`, hint);
      }
    },
  },
};

/** The Kubernetes type of the map in which a name begins, and the rest of the name; undefined if objects of several kinds
 * have different types there. */
function typedPathOf(path: string): string[] | undefined {
  const [head = '', ...rest] = path.split('.');
  // Keywords in a list, and the map that contains a list, are not named by their path; brackets are checked elsewhere.
  if (rest.length === 0 || rest.some((part) => part === '' || part === '^' || part.includes('['))) return undefined;
  if (head === 'podSpec') return ['PodSpec', ...rest];
  if (head === 'containers') return ['EphemeralContainer', ...rest];
  if (head === 'volumes') return ['Volume', ...rest];
  if (!['object', 'requestObject', 'responseObject'].includes(head)) return undefined;
  if (rest.length === 1 && ['metadata', 'spec', 'rules', 'subjects', 'webhooks', 'roleRef'].includes(rest[0]!))
    return ['Object', ...rest];
  if (rest[0] === 'metadata') return ['ObjectMeta', ...rest.slice(1)];
  if (rest.length > 1 && nearest(rest[0]!, ['metadata']) !== undefined) return ['Object', ...rest];
  const template = rest.findIndex((part, at) => part === 'template' && rest[at + 1] === 'spec');
  if (template !== -1 && rest.length > template + 2) return ['PodSpec', ...rest.slice(template + 2)];
  const [spec, member = '', ...below] = rest;
  if (spec !== 'spec' || below.length === 0) return undefined;
  if (/^(?:initC|ephemeralC|c)ontainers$/.test(member)) return ['EphemeralContainer', ...below];
  return member === 'volumes' ? ['Volume', ...below] : undefined;
}

/** Whether a value is compared with texts or numbers; `*` only tests that there is one. */
function isCompared(modifiers: readonly string[], values: readonly ValueSource[]): boolean {
  return (
    !modifiers.includes('exists') &&
    !modifiers.includes('fieldref') &&
    values.some(({ value }) => value !== null && value !== '*')
  );
}

function aboutKubernetes(run: Check['run']): Check['run'] {
  return (document, report) => {
    const { parsed } = document;
    if (parsed.kind !== 'correlation' && parsed.document.logsource.product === 'kubernetes') run(document, report);
  };
}

/** Looks at the items of each map. */
function onMaps(look: (items: readonly ItemSource[], report: Report) => void): Check['run'] {
  return aboutKubernetes(({ maps }, report) => {
    for (const items of maps) look(items, report);
  });
}

/** Looks at each plain text, in lower case, that one of these fields is compared with. */
function onLiterals(names: readonly string[], look: (text: string, value: ValueSource, report: Report) => void) {
  return onMaps((items, report) => {
    for (const item of items) {
      if (!names.includes(nameOf(item))) continue;
      for (const value of item.values) {
        const literal = literalIn(value);
        if (literal !== undefined) look(literal, value, report);
      }
    }
  });
}

/** The field by its unified name. */
function nameOf({ field }: ItemSource): string {
  return field.replace(/^objectRef\./, '');
}

/** The plain texts that a field is compared with, in lower case; undefined if other values can match too. */
function literalsIn({ values }: ItemSource): string[] | undefined {
  const literals = values.map(literalIn);
  return literals.includes(undefined) ? undefined : (literals as string[]);
}

function literalIn({ test }: ValueSource): string | undefined {
  if (test.kind !== 'text' || test.pattern.some((part) => typeof part !== 'string')) return undefined;
  return test.pattern.join('').toLowerCase() || undefined;
}
