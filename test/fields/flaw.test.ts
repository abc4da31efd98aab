/** Names that begin correctly and lead nowhere. */
import { describe, expect, it } from 'vitest';
import { findFlaw } from '../../src/fields/flaw.ts';
import { fields } from '../../src/fields/index.ts';
import { AuditEvent } from '../../src/record.ts';

/** Names that no event has, and part of the hint for each. */
const nowhere: [name: string, hint: string][] = [
  ['user.usernam', "did you mean 'user.username'?"],
  ['user.username.x', 'user.username has no members'],
  ['objectRef.nmae', "did you mean 'objectRef.name'?"],
  ['impersonatedUser.group', "did you mean 'impersonatedUser.groups'?"],
  ['responseStatus.cod', "did you mean 'responseStatus.code'?"],
  ['authenticationMetadata.impersonation', 'it has impersonationConstraint'],
  ['verb.x', 'verb has no members'],
  ['user.name', 'write username'],
  ['source.ip', 'write sourceIPs'],
  ['http.response.status_code', 'write responseStatus.code'],
  ['kubernetes.audit.objectRef.resource', 'write objectRef.resource'],
  ['protoPayload.requestObject.spec', 'write requestObject.spec'],
];

const lists: [name: string, hint: string][] = [
  ['containers[]', 'drop the brackets'],
  ['containers[0].image', 'sigma-version: 3'],
  ['requestObject.spec.containers[*].image', 'drop the brackets'],
  ['containers.0.image', 'write containers without it'],
  ['sourceIPs.0', 'write sourceIPs without it'],
  ['user.groups.0', 'write user.groups without it'],
];

const maps = [
  'user',
  'objectRef',
  'requestObject',
  'responseObject',
  'annotations',
  'responseStatus',
  'podSpec',
  'object',
];

const fine = [
  ...['user.username', 'user.extra.scopes.k8s.io/x', 'annotations.authorization.k8s.io/decision', 'objectRef.name'],
  ...['annotations.a[0].b', 'requestObject.spec.hostPID', 'requestObject.0.op', 'responseStatus.details.causes.reason'],
  ...['podSpec.hostPID', 'containers.image', 'object.metadata.name', 'impersonatedUser'],
  ...['impersonatedUser.groups', 'owner.kind', 'cluster', 'podSource'],
];

describe('a flaw of a name', () => {
  it.each([...nowhere, ...lists])('is found in %s', (name, hint) => {
    expect(findFlaw(name, true)?.hint).toContain(hint);
    expect(findFlaw(name, false)?.hint).toContain(hint);
  });

  it.each(maps)('is found where %s is compared, and not where it is only read', (name) => {
    expect(findFlaw(name, true)?.message).toContain('is a map');
    expect(findFlaw(name, false)).toBeUndefined();
  });

  it.each(fine)('is not found in %s', (name) => expect(findFlaw(name, true)).toBeUndefined());

  it('is not found in any name of the taxonomy or of audit.k8s.io that is only read', () => {
    const names = [...fields.keys(), ...Object.keys(AuditEvent.properties)];
    expect(names.filter((name) => findFlaw(name, false) !== undefined)).toEqual([]);
  });

  it('is not found in names that are not ours', () => {
    for (const name of ['', '.', 'EventID', 'process.name', '__proto__', 'constructor.name', 'x'.repeat(100_000)]) {
      expect(findFlaw(name, true)).toBeUndefined();
    }
  });
});
