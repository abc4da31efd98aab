/** Operations on Secrets and tokens, with a value if the log contains one. */
import type { Event } from './wrappers.ts';

type Act = (value: string) => Event;

const meta = { name: 'web', namespace: 'shop', labels: { app: 'web' } };
const secret = (value: string, more: object = {}) => ({
  ...{ kind: 'Secret', apiVersion: 'v1', metadata: meta, type: 'Opaque', ...more },
  data: { password: value },
});

function event(verb: string, resource: string, more: object): Event {
  return {
    ...{
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'RequestResponse',
      auditID: '1',
      stage: 'ResponseComplete',
    },
    requestURI: `/api/v1/namespaces/shop/${resource}/web?fieldManager=kubectl`,
    ...{ verb, user: { username: 'ann', groups: ['dev'] }, sourceIPs: ['192.0.2.1'], userAgent: 'kubectl/1' },
    objectRef: { resource, namespace: 'shop', name: 'web', apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: 200 },
    ...more,
    annotations: { 'authorization.k8s.io/decision': 'allow', ...(more as { annotations?: object }).annotations },
  };
}

const applied = (value: string) => ({
  'kubectl.kubernetes.io/last-applied-configuration': `${JSON.stringify(secret(value))}\n`,
});

export const ofSecrets: Record<string, Act> = {
  'one is read': (value) => event('get', 'secrets', { responseObject: secret(value) }),
  'one is made': (value) =>
    event('create', 'secrets', {
      requestObject: { kind: 'Secret', apiVersion: 'v1', metadata: meta, stringData: { 'a.b': value, c: value } },
      responseObject: secret(value),
    }),
  'all are listed': (value) =>
    event('list', 'secrets', {
      responseObject: {
        ...{ kind: 'SecretList', apiVersion: 'v1', metadata: { resourceVersion: '1' } },
        items: [
          { metadata: meta, data: { a: value }, type: 'Opaque' },
          { metadata: meta },
          { data: { b: value, c: value } },
        ],
      },
    }),
  'a JSON patch': (value) =>
    event('patch', 'secrets', {
      requestObject: [
        { op: 'test', path: '/data/old', value },
        { op: 'replace', path: '/data', value: { password: value } },
        { op: 'remove', path: '/data/x' },
      ],
    }),
  'a merge patch': (value) => event('patch', 'secrets', { requestObject: { data: { password: value, gone: null } } }),
  'one is applied': (value) =>
    event('patch', 'secrets', {
      requestObject: { metadata: { annotations: applied(value) }, stringData: { password: value } },
      responseObject: secret(value, { metadata: { ...meta, annotations: applied(value) } }),
    }),
  'a List': (value) =>
    event('create', 'lists', {
      requestObject: { kind: 'List', items: [{ kind: 'ConfigMap', data: { a: 'b' } }, secret(value)] },
    }),
  'a copy in another object': (value) =>
    event('create', 'applications', {
      requestObject: { kind: 'Application', spec: { manifests: [JSON.stringify(secret(value))] } },
    }),
  'a patch by a webhook': (value) =>
    event('create', 'configmaps', {
      objectRef: { resource: 'secrets', namespace: 'shop' },
      annotations: {
        'patch.webhook.admission.k8s.io/round_0_index_0': JSON.stringify({ patch: value }),
      },
    }),
  'a body that nobody knows': (value) =>
    event('create', 'secrets', { requestObject: { kind: 'Secret', payload: [{ x: value }] } }),
};

/** Places where a text is masked as a whole. */
export const ofSecretsInTexts: Record<string, Act> = {
  'a message': (value) =>
    event('create', 'secrets', {
      responseStatus: { status: 'Failure', code: 400, message: value },
      responseObject: { kind: 'Status', status: 'Failure', message: value, details: { causes: [{ message: value }] } },
    }),
  'a body that is no JSON': (value) => event('create', 'secrets', { requestObject: value }),
};

export const ofTokens: Record<string, Act> = {
  'a TokenRequest': (value) =>
    event('create', 'serviceaccounts', {
      responseObject: { kind: 'TokenRequest', status: { token: value, expirationTimestamp: 'x' } },
    }),
  'a TokenReview': (value) =>
    event('create', 'tokenreviews', { requestObject: { kind: 'TokenReview', spec: { token: value } } }),
  'a user agent': (value) => event('get', 'pods', { userAgent: `curl/8 https://ann:${value}@example.com/x` }),
  flags: (value) =>
    event('create', 'pods', { requestObject: { spec: { containers: [{ args: [`--token=${value}`, '-v'] }] } } }),
  'a kubeconfig': (value) =>
    event('create', 'configmaps', {
      requestObject: { data: { config: `users:\n- name: ann\n  user:\n    token: ${value}\n    x: y\n` } },
    }),
};

/** Not present in Cloud Audit Logs. */
export const inUris: Record<string, Act> = {
  'a query': (value) =>
    event('get', 'pods', { requestURI: `/api/v1/namespaces/shop/pods/web/proxy/?x=1&access_token=${value}&y=2` }),
  'a flag in a query': (value) =>
    event('create', 'pods', { requestURI: `/exec?command=login&command=--password&command=${value}&stdin=true` }),
};
