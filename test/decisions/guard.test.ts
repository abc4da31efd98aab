/** A field that depends on something that events of one profile need not share is deferred to each event. */
import { describe, expect, test } from 'vitest';
import { type Classed, classed, DEFERRED, guardedLookup, memberLookup } from '../../src/decisions/guard.ts';
import { fieldsOf } from '../../src/fields/index.ts';
import { normalize } from '../../src/normalizers/index.ts';
import type { AuditEvent } from '../../src/record.ts';
import { plainEvents } from '../fast-path/records.ts';

function eventOf(record: object): AuditEvent {
  const found = normalize(structuredClone(record) as never, { maxDepth: 64 });
  if (found.kind !== 'audit') throw new Error('no audit event');
  return found.events[0];
}

const event = eventOf(plainEvents['pod create']);
const bare = eventOf(plainEvents['not a resource']);

/** A look-up of fields by what they read. */
const reading =
  (read: Readonly<Record<string, (event: AuditEvent) => unknown>>) => (event: AuditEvent) => (field: string) => ({
    values: [read[field]!(event)],
  });

const made = reading({
  verb: (event) => event.verb,
  user: (event) => event.user.username,
  both: (event) => `${event.user.username} ${event.userAgent}`,
  'a member twice': (event) => `${event.user.username} ${event.user.groups}`,
  addresses: (event) => [event.sourceIPs, event.clientIPs],
  clients: (event) => event.clientIPs,
  'address and namespace': (event) => [event.clientIPs, event.objectRef?.namespace],
  name: (event) => event.objectRef?.name,
  uid: (event) => event.objectRef?.uid,
  version: (event) => event.objectRef?.resourceVersion,
  namespace: (event) => event.objectRef?.namespace,
  resource: (event) => event.objectRef?.resource,
  auditID: (event) => event.auditID,
  received: (event) => event.requestReceivedTimestamp,
  staged: (event) => event.stageTimestamp,
  uri: (event) => event.requestURI,
  'name and URI': (event) => `${event.objectRef?.name} ${event.requestURI}`,
  body: (event) => event.requestObject,
  response: (event) => event.responseObject,
  'has body': (event) => 'requestObject' in event,
  keys: (event) => Object.keys(event),
  'keys of the object': (event) => Object.keys(event.objectRef ?? {}),
  spread: ({ ...all }) => all,
});

const all = () => true;
const isShared = (member: Classed) => member !== 'name' && member !== 'requestURI';
const isDeferred = (found: { gap?: string }) => found.gap === DEFERRED;

describe('a look-up for a profile', () => {
  test.each(['verb', 'user', 'a member twice', 'addresses', 'namespace', 'resource'])('reads %s', (field) => {
    const guarded = guardedLookup(event, made, all, isShared);
    expect(guarded.lookup(field)).toEqual(made(event)(field));
    expect(guarded.hasDeferred).toBe(false);
  });

  test.each([
    ...['both', 'address and namespace', 'name', 'uid', 'version', 'auditID', 'received', 'staged', 'uri', 'body'],
    ...['response', 'has body', 'keys', 'keys of the object', 'spread'],
  ])('defers %s', (field) => {
    const guarded = guardedLookup(event, made, all, isShared);
    expect(isDeferred(guarded.lookup(field))).toBe(true);
    expect(guarded.hasDeferred).toBe(true);
    // Asked again, it is deferred as before.
    guarded.hasDeferred = false;
    guarded.lookup(field);
    expect(guarded.hasDeferred).toBe(true);
  });

  test('reads names and URIs where they are allowed, but only one of them for a field', () => {
    const { lookup } = guardedLookup(event, made, all, all);
    for (const field of ['name', 'uri']) expect(lookup(field), field).toEqual(made(event)(field));
    expect(isDeferred(lookup('name and URI'))).toBe(true);
  });

  test('what is read for one field does not affect the next', () => {
    const { lookup } = guardedLookup(event, made, all, isShared);
    expect([lookup('both'), lookup('verb'), lookup('user'), lookup('namespace')].map(isDeferred)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  test('reads absent bodies, and the URI of a request without an object', () => {
    const { lookup } = guardedLookup(bare, made, all, all);
    for (const field of ['body', 'response', 'uri']) expect(lookup(field), field).toEqual(made(bare)(field));
  });

  test('defers a member that is not covered for the field, or not allowed', () => {
    const covered = (member: Classed, field: string) => member === 'user' && field !== 'a member twice';
    const { lookup } = guardedLookup(event, made, covered, isShared);
    const fields = ['user', 'a member twice', 'namespace', 'clients', 'verb'];
    expect(fields.map((field) => isDeferred(lookup(field)))).toEqual([false, true, true, true, false]);
    const none = guardedLookup(event, made, all, () => false);
    expect(fields.map((field) => isDeferred(none.lookup(field)))).toEqual([true, true, true, true, false]);
  });

  test('throws what a field throws', () => {
    const failing = () => () => {
      throw new RangeError('not this');
    };
    expect(() => guardedLookup(event, failing, all, isShared).lookup('x')).toThrow(RangeError);
    expect(() => memberLookup('user', failing)(event, 'x')).toThrow(RangeError);
  });

  test('defers the fields of rules about bodies, names, times and URIs', () => {
    const { lookup } = guardedLookup(event, fieldsOf, all, isShared);
    for (const field of [
      ...['name', 'hostPID', 'images', 'requestObject.spec', 'responseObject', 'requestURI', 'auditID', ''],
      ...['requestReceivedTimestamp', 'stageTimestamp', 'objectRef.uid', 'objectRef.name', 'workload'],
    ]) {
      expect(isDeferred(lookup(field)), field).toBe(true);
    }
    for (const field of [
      'verb',
      'username',
      'groups',
      'clientIP',
      'namespace',
      'outcome',
      'userAgentName',
      'decision',
    ]) {
      expect(lookup(field), field).toEqual(fieldsOf(event)(field));
    }
  });
});

describe('a look-up into one member', () => {
  const own: Readonly<Record<Classed, string>> = {
    user: 'user',
    sourceIPs: 'addresses',
    userAgent: 'agent',
    annotations: 'annotations',
    responseStatus: 'status',
    namespace: 'namespace',
    name: 'name',
    requestURI: 'uri',
  };
  const each = reading({
    user: (event) => event.user,
    addresses: (event) => [event.sourceIPs, event.clientIPs, (event.gaps as Record<string, string>).sourceIPs],
    agent: (event) => event.userAgent,
    annotations: (event) => event.annotations,
    status: (event) => event.responseStatus,
    namespace: (event) => event.objectRef?.namespace,
    name: (event) => event.objectRef?.name,
    uri: (event) => event.requestURI,
    verb: (event) => event.verb,
    resource: (event) => event.objectRef?.resource,
    both: (event) => [event.user, event.userAgent],
    'gaps of another': (event) => [event.user, (event.gaps as Record<string, string>).userAgent],
    keys: (event) => Object.keys(event),
  });
  const fields = [...Object.values(own), 'verb', 'resource', 'both', 'gaps of another', 'keys'];

  test.each([...classed])('%s is read alone', (member) => {
    const find = memberLookup(member, each);
    const found = (field: string) => find(event, field);
    expect(fields.filter((field) => found(field) !== undefined)).toEqual([own[member]]);
    expect(found(own[member])).toEqual(each(event)(own[member]));
  });
});
