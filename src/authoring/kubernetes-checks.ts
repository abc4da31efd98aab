/** The checks that take knowledge of Kubernetes or ATT&CK, as one table; those of Sigma alone are in sigma/lint/checks.ts. */
import { tactics } from '../attack.ts';
import { Platform } from '../record.ts';
import { type Check, didYouMean, type ItemSource, quote, type Report, type ValueSource } from '../sigma/index.ts';
import { decidabilityOn } from './decidability.ts';

/** Verbs of requests for objects, and of those for other paths. */
const verbs: readonly string[] = [
  ...['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'],
  ...['post', 'put', 'head', 'options'],
];

/** What people write for verbs. */
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
  bind: 'it is a permission, and never what is asked for',
  escalate: 'it is a permission, and never what is asked for',
  use: 'it is a permission, and never what is asked for',
  approve: 'write update and patch, with subresource: approval',
};

/** Kinds of objects that rules are about, with the resources that they are. */
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

const streams: readonly string[] = ['exec', 'attach', 'portforward'];

export const kubernetesChecks: Readonly<Record<string, Check>> = {
  verb: {
    doc: 'A verb that no request has, as replace.',
    run: onLiterals(['verb', 'action'], (verb, { offset }, report) => {
      if (verbs.includes(verb)) return;
      const known = Object.hasOwn(otherVerbs, verb) ? otherVerbs[verb] : undefined;
      const hint = known ?? didYouMean(verb, verbs, `the verbs are ${verbs.slice(0, 8).join(', ')}`);
      report(offset, `no request has the verb ${quote(verb)}`, hint);
    }),
  },
  'websocket-stream': {
    doc: 'exec, attach or portforward with the verb create alone: over WebSocket, as kubectl asks since 1.31, it is get.',
    run: onMaps((items, report) => {
      const stream = items.find((item) => nameOf(item) === 'subresource' && literalsIn(item)?.some(isStream));
      const verb = items.find((item) => nameOf(item) === 'verb' || nameOf(item) === 'action');
      if (stream === undefined || verb === undefined || !literalsIn(verb)?.every((word) => word === 'create')) return;
      const message = 'over WebSocket, as kubectl asks since 1.31, the verb of such a request is get';
      report(verb.offset, message, 'write get and create, or drop the verb');
    }),
  },
  resource: {
    doc: 'A resource that is written as the kind of an object, or with its subresource.',
    run: onLiterals(['resource'], (resource, { offset }, report) => {
      const [object, ...subresource] = resource.split('/');
      const plural = resourceOf.get(object!) ?? object!;
      if (subresource.length > 0) {
        const hint = `write resource: ${plural} and subresource: ${subresource.join('/')}`;
        report(offset, `${quote(resource)} is a resource and its subresource, which are two fields`, hint);
      } else if (plural !== object) {
        report(offset, `${quote(resource)} is a kind, and resources are in plural`, `write ${plural}`);
      }
    }),
  },
  'status-code': {
    doc: 'A word in the place of the number that responseStatus.code is.',
    run: onLiterals(['responseStatus.code'], (code, { offset }, report) => {
      if (/^\d+$/.test(code)) return;
      const hint = 'ask for outcome, or for decision: allow or forbid';
      report(offset, `responseStatus.code is a number such as 403, never ${quote(code)}`, hint);
    }),
  },
  'blind-platform': {
    doc: 'A rule about a platform whose log never has what the condition asks for.',
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
    doc: 'Words that are looked for in the whole event, where whoever sends a request can put any text.',
    run: aboutKubernetes(({ maps }, report) => {
      const first = maps.flat().find(({ field, inBlock }) => field === '' && !inBlock);
      if (first === undefined) return;
      const message = 'these words may stand anywhere in the event, in text that a client chooses too';
      report(first.values[0]?.offset ?? first.offset, message, 'name the field that they are looked for in');
    }),
  },
  'attack-tag': {
    doc: 'A tag that names neither a tactic nor a technique of ATT&CK.',
    run({ head, members, offset }, report) {
      for (const tag of head?.ruleTags ?? []) {
        const [namespace, ...rest] = tag.toLowerCase().split('.');
        const name = rest.join('.').replaceAll('_', '-');
        if (namespace !== 'attack' || Object.hasOwn(tactics, name)) continue;
        // Techniques, and what tags name beside them: groups, software, campaigns, mitigations, data sources.
        if (/^(?:t\d{4}(?:\.\d{3})?|[gscm]\d{4}|ds\d{4})$/.test(name)) continue;
        const hint = didYouMean(name, Object.keys(tactics), 'write a tactic such as attack.execution, or attack.t1611');
        report(members.get('tags')?.keyNode.range?.[0] ?? offset, `ATT&CK has no ${quote(name)}`, hint);
      }
    },
  },
};

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

/** Looks at each plain text, in lower case, that one of these fields is asked to be. */
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

/** The plain texts that a field is asked to be, in lower case; undefined if it may be something else too. */
function literalsIn({ values }: ItemSource): string[] | undefined {
  const literals = values.map(literalIn);
  return literals.includes(undefined) ? undefined : (literals as string[]);
}

function literalIn({ test }: ValueSource): string | undefined {
  if (test.kind !== 'text' || test.pattern.some((part) => typeof part !== 'string')) return undefined;
  return test.pattern.join('').toLowerCase() || undefined;
}

function isStream(subresource: string): boolean {
  return streams.includes(subresource);
}
