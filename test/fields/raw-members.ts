/** Rows of the names of audit.k8s.io that have no unified field. */
import type { JsonMap } from '../../src/json/map.ts';
import type { Row } from './event.ts';

const details = { kind: 'pods', name: 'only-in-details', causes: [{ reason: 'FieldValueInvalid', field: 'spec.x' }] };
const logged: JsonMap = {
  objectRef: { resource: 'pods', namespace: 'shop', name: 'web', apiVersion: 'v1', uid: 'u1', resourceVersion: '7' },
  responseStatus: { metadata: { continue: 'token' }, status: 'Failure', details, code: 422 },
  authenticationMetadata: { impersonationConstraint: 'impersonate:user-info' },
};

export const rawMembers: Row[] = [
  ['uid of the object', logged, 'objectRef.uid', ['u1']],
  ['uid of the object that is not there', {}, 'objectRef.uid', []],
  ['version of the object', logged, 'objectRef.resourceVersion', ['7']],
  ['the status in short', logged, 'responseStatus', [{ code: 422, status: 'Failure' }]],
  ['no status', { responseStatus: undefined }, 'responseStatus', []],
  ['details of the status', logged, 'responseStatus.details.kind', ['pods']],
  ['causes in them', logged, 'responseStatus.details.causes.field', ['spec.x']],
  ['metadata of the status', logged, 'responseStatus.metadata.continue', ['token']],
  [
    'constraint of an impersonation',
    logged,
    'authenticationMetadata.impersonationConstraint',
    ['impersonate:user-info'],
  ],
  ['no constraint', {}, 'authenticationMetadata.impersonationConstraint', []],
  [
    'a constraint that cannot be read',
    { authenticationMetadata: 7 },
    'authenticationMetadata.impersonationConstraint',
    [],
    'missing',
  ],
];
