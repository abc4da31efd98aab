/** A table of what counts as a boolean and as a number, which every reader follows. */
import { describe, expect, test } from 'vitest';
import { booleanOf, numberOf } from '../../src/json/typed.ts';
import { normalize } from '../../src/normalizers/index.ts';
import { compileRule, evaluate, parseRule } from '../../src/sigma/index.ts';
import { lookup, pod } from '../fields/event.ts';

const values: readonly [value: unknown, boolean: boolean | undefined, number: number | undefined][] = [
  [true, true, undefined],
  ['true', true, undefined],
  ['True', true, undefined],
  ['TRUE', true, undefined],
  [false, false, undefined],
  ['false', false, undefined],
  ['False', false, undefined],
  [' true', undefined, undefined],
  ['yes', undefined, undefined],
  ['t', undefined, undefined],
  [0, undefined, 0],
  [1, undefined, 1],
  [-1.5, undefined, -1.5],
  ['1', undefined, 1],
  ['+1', undefined, 1],
  ['-1.5', undefined, -1.5],
  ['1e3', undefined, 1000],
  ['007', undefined, 7],
  [16n, undefined, 16],
  [2n ** 64n, undefined, 2 ** 64],
  ['0x10', undefined, undefined],
  ['0b1', undefined, undefined],
  ['1_000', undefined, undefined],
  [' 5 ', undefined, undefined],
  ['5\n', undefined, undefined],
  ['', undefined, undefined],
  ['.5', undefined, undefined],
  ['5.', undefined, undefined],
  ['Infinity', undefined, undefined],
  ['NaN', undefined, undefined],
  ['1e999', undefined, undefined],
  ['9'.repeat(100), undefined, undefined],
  [Number.NaN, undefined, undefined],
  [Number.POSITIVE_INFINITY, undefined, undefined],
  [null, undefined, undefined],
  [undefined, undefined, undefined],
  [[], undefined, undefined],
  [[1], undefined, undefined],
  [{ valueOf: () => 1 }, undefined, undefined],
];
const named = values.map(
  ([value, ...rest]) =>
    [JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}n` : v)), value, ...rest] as const,
);

function verdictOf(detection: string, value: unknown): unknown {
  const text = `title: T\nlogsource: { product: kubernetes }\ndetection: { a: { f${detection} }, condition: a }`;
  return evaluate(compileRule(parseRule(text, 't.yml').rule!), () => ({ values: [value] })).truth;
}

describe.each(named)('%s', (_name, value, boolean, number) => {
  test('is read as in the table', () => {
    expect(booleanOf(value)).toBe(boolean);
    expect(numberOf(value)).toBe(number);
  });

  test('is read the same by rules', () => {
    expect(verdictOf(': true', value)).toBe(boolean === true);
    expect(verdictOf(': false', value)).toBe(boolean === false);
    expect(verdictOf('|gte: 0', value)).toBe(number !== undefined && number >= 0);
    expect(verdictOf(': 1', value)).toBe(number === 1);
  });

  test('is read the same in pod specs, owners and GKE', () => {
    const created = (requestObject: Record<string, unknown>) => ({ requestObject, responseObject: undefined });
    expect(lookup(created(pod({ hostPID: value })), 'hostPID').values).toEqual(boolean === undefined ? [] : [boolean]);
    const owned = created({
      metadata: { name: 'web-1', ownerReferences: [{ kind: 'ReplicaSet', name: 'web', controller: value }] },
    });
    expect(lookup(owned, 'owner.kind').values).toEqual(boolean === true ? ['ReplicaSet'] : []);
    expect(lookup(owned, 'workload').values).toEqual([boolean === true ? 'shop/ReplicaSet/web' : 'shop/Pod/web']);
    const payload = {
      serviceName: 'k8s.io',
      methodName: 'io.k8s.core.v1.pods.exec.create',
      resourceName: 'core/v1/namespaces/shop/pods/web/exec',
    };
    const entry = (operation: object, more: object = {}) =>
      normalize({ operation, protoPayload: { ...payload, ...more } });
    expect(entry({ first: value })).toMatchObject({
      events: [{ stage: boolean === true ? 'ResponseStarted' : 'ResponseComplete' }],
    });
    expect(entry({}, { authorizationInfo: [{ granted: value }] })).toMatchObject({
      events: [{ outcome: boolean === false ? 'forbidden' : 'success' }],
    });
  });

  test('is read the same in annotations', () => {
    const annotations = { 'audit.k8s.io/truncated': value };
    expect(lookup({ annotations }, 'hostPID').gap).toBe(boolean === true ? 'truncated' : 'not_logged');
  });

  test("is read the same in Google's label of a dry run", () => {
    const entry = {
      labels: { 'command.gke.io/dryRun': value },
      protoPayload: { methodName: 'io.k8s.core.v1.pods.create', resourceName: 'core/v1/namespaces/shop/pods/web' },
    };
    const isScalar = ['string', 'number', 'boolean', 'bigint'].includes(typeof value);
    const dryRun = isScalar && value !== '' && boolean !== false;
    expect(normalize(entry)).toMatchObject({ events: [{ dryRun }] });
  });

  test('is read as a gRPC status', () => {
    const entry = {
      protoPayload: {
        methodName: 'io.k8s.core.v1.pods.create',
        resourceName: 'core/v1/namespaces/shop/pods/web',
        status: { code: value },
      },
    };
    const normalized = normalize(entry);
    if (normalized.kind !== 'audit') throw new Error(normalized.kind);
    const [{ outcome, gaps }] = normalized.events;
    const isNone = number === 0 || value === null || value === undefined;
    // What cannot be read as a number leaves open whether the request failed.
    expect([outcome, gaps.outcome]).toEqual(
      isNone ? ['success', undefined] : number === undefined ? ['none', 'missing'] : [expect.any(String), gaps.outcome],
    );
    if (isNone) return;
    expect(outcome).not.toBe('success');
  });

  test('is read as a status', () => {
    const code = lookup({ responseStatus: { code: value } }, 'responseStatus.code').values;
    const isGrpc = number === 1 || number === 7 || number === 16;
    expect(code).toEqual(
      number !== undefined && number >= 100 && number < 600 ? [number] : isGrpc ? [expect.any(Number)] : [],
    );
  });
});
