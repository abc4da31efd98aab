import { expect, test } from 'vitest';
import { normalize } from '../../src/normalizers/index.ts';
import { subjectOf } from '../../src/novelty/subject.ts';

const request = {
  kind: 'Event',
  auditID: 'a',
  stage: 'ResponseComplete',
  verb: 'get',
  requestURI: '/apis/apps/v1/namespaces/shop/deployments/web/scale',
  user: { username: 'ann', groups: [] },
  sourceIPs: ['198.51.100.9', '10.0.0.1'],
  objectRef: { resource: 'deployments', apiGroup: 'apps', subresource: 'scale', namespace: 'shop', name: 'web' },
  responseStatus: { code: 200 },
};

function subject(members: object) {
  const normalized = normalize({ ...request, ...members });
  if (normalized.kind !== 'audit') throw new Error(normalized.kind);
  return subjectOf(normalized.events[0]);
}

test('a user and a kind of object, whichever object it is', () => {
  const ann = { identity: ['user', 'ann'], object: ['apps', 'deployments', 'scale'], owner: ['ann'] };
  expect(subject({})).toMatchObject(ann);
  expect(subject({ objectRef: { ...request.objectRef, name: 'db', namespace: 'other' } })).toMatchObject(ann);
});

test('the effective user counts, and whoever impersonates answers for it', () => {
  const impersonatedUser = { username: 'bob', groups: [] };
  expect(subject({ impersonatedUser })).toMatchObject({ identity: ['user', 'bob'], owner: ['ann'] });
});

test('clusters are distinguished, whatever the case of their names', () => {
  const [blue, same, green] = ['blue', 'Blue', 'green'].map((cluster) => subject({ cluster })!.cluster);
  expect(same).toEqual(blue);
  expect(green).not.toEqual(blue);
});

test('an unauthenticated user is identified by the address of the client', () => {
  for (const username of ['', 'system:anonymous', 'system:unauthenticated']) {
    const anonymous = { user: { username, groups: [] } };
    expect(subject(anonymous)).toMatchObject({ identity: ['address', '198.51.100.9'] });
    expect(subject({ ...anonymous, sourceIPs: [] })).toBeUndefined();
    expect(subject({ ...anonymous, sourceIPs: undefined })).toBeUndefined();
  }
});

test('an unknown user has no subject', () => {
  expect(subject({ user: undefined })).toBeUndefined();
  expect(subject({ user: 'cut' })).toBeUndefined();
  expect(subject({ impersonatedUser: 'cut' })).toBeUndefined();
});

test('a request about no object has a kind of its own', () => {
  const none = subject({ objectRef: undefined, requestURI: '/healthz' });
  expect(none).toMatchObject({ object: ['', '', ''] });
});
