/** Ways to the content of Secrets, and what only looks like one. Whether it has to be found is not stated here: the content of
 * the answer decides. */
import { type Act, media } from './acts.ts';

const secrets = '/api/v1/namespaces/shop/secrets';
/** The content of the Secrets, and its Base64 as it appears in an answer. */
export const content = 'correct-horse-battery-staple';
export const contentInAnswer = Buffer.from(content).toString('base64');

const given: [string, object] = [
  secrets,
  { metadata: { name: '$name', labels: { act: '$name' } }, stringData: { content } },
];

const ofAll = { rules: ['secrets-list-cluster-wide'] };
const rehearsed = { rules: ['secrets-read-by-dry-run'] };

const act = (name: string, request: string, more: Partial<Act> = {}): Act => ({
  name: `secrets: ${name}`,
  as: 'mallory',
  request,
  given,
  code: 200,
  ...more,
});

export const secretActs: Act[] = [
  act('list', `GET ${secrets}`),
  act('list, path with a slash at its end', `GET ${secrets}/`),
  act('list by label', `GET ${secrets}?labelSelector=act%3D$name`),
  act('list of all', 'GET /api/v1/secrets?limit=500', ofAll),
  act('watch of all by the old path', 'GET /api/v1/watch/secrets?timeoutSeconds=1', ofAll),
  act('list of all, by label', 'GET /api/v1/secrets?labelSelector=act%3D$name', ofAll),
  act('list from the cache', `GET ${secrets}?resourceVersion=0`),
  act('list, one at a time', `GET ${secrets}?labelSelector=act%3D$name&limit=1`),
  act('list as a table', `GET ${secrets}`, {
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  }),
  act('list as a table with objects', `GET ${secrets}?includeObject=Object`, {
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  }),
  act('list of metadata', `GET ${secrets}`, {
    headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' },
  }),
  act('list of none', `GET ${secrets}?labelSelector=act%3Dnone`),
  act('list in a namespace that is not there', 'GET /api/v1/namespaces/nowhere/secrets'),
  act('watch', `GET ${secrets}?watch=1&timeoutSeconds=1`),
  act('watch of all', 'GET /api/v1/secrets?watch=true&timeoutSeconds=1', ofAll),
  act('watch without a value', `GET ${secrets}?watch&timeoutSeconds=1`),
  act('watch from an old version', `GET ${secrets}?watch=1&resourceVersion=1&timeoutSeconds=1`),
  act('watch of all from an old version', 'GET /api/v1/secrets?watch=1&resourceVersion=1&timeoutSeconds=1', ofAll),
  act('watch by the old path', 'GET /api/v1/watch/namespaces/shop/secrets?timeoutSeconds=1'),
  act(
    'watch of all with the first events',
    'GET /api/v1/secrets?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1',
    ofAll,
  ),
  act('collection deleted in a dry run', `DELETE ${secrets}?dryRun=All`, rehearsed),
  act('collection deleted in a dry run that the body asks for', `DELETE ${secrets}`, { body: { dryRun: ['All'] } }),
  act('deleted in a dry run', `DELETE ${secrets}/$name?dryRun=All`),
  act('patched in a dry run', `PATCH ${secrets}/$name?dryRun=All`, { ...rehearsed, type: media.mergePatch, body: {} }),
  act('patched with nothing', `PATCH ${secrets}/$name`, { type: media.mergePatch, body: {} }),
  act('patched with nothing, by JSON Patch', `PATCH ${secrets}/$name`, { type: media.jsonPatch, body: [] }),
  act('applied in a dry run', `PATCH ${secrets}/$name?fieldManager=x&dryRun=All`, {
    ...rehearsed,
    type: media.applyPatch,
    body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: '$name' } },
  }),
  act('updated in a dry run', `PUT ${secrets}/$name?dryRun=All`, {
    body: { metadata: { name: '$name' }, stringData: { other: 'x' } },
  }),
  act('created where one is, which tells nothing', `POST ${secrets}`, {
    body: { metadata: { name: '$name' } },
    code: 409,
  }),
];
