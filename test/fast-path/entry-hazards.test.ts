/** Hazards of a fast path in entries of Cloud Audit Logs: records that one misreads if it has a shortcut too many. */
import { describe, expect, test } from 'vitest';
import { tagsOf, tagsOfAnything } from './hazards.ts';
import { outlinedRules } from './outlined-rules.ts';
import { records } from './records.ts';

describe('hazards of a fast path, in entries of Cloud Audit Logs', () => {
  const entry = (replace: Record<string, string> = {}, name: 'gke' | 'gke lease' = 'gke') =>
    Object.entries(replace).reduce((sum, [from, to]) => {
      if (!sum.includes(from)) throw new Error(`no ${from} in ${name}`);
      return sum.replace(from, () => to);
    }, JSON.stringify(records[name]));
  const isPodFound = async (texts: readonly string[]) =>
    (await tagsOf(texts)).map(({ rules }) => rules?.includes('pod-host-pid') ?? false);
  const method = '"methodName":"io.k8s.core.v1.pods.create"';
  const other = '"methodName":"io.k8s.core.v1.pods.get"';

  test('1 and 2: duplicate and escaped keys, at every level', async () => {
    const texts = [
      entry(),
      entry({ [method]: `${other},${method}` }),
      entry({ [method]: `${method},${other}` }),
      entry({ '"methodName"': '"m\\u0065thodName"' }),
      entry({ '"protoPayload"': '"proto\\u0050ayload"' }),
      entry({ '"protoPayload":': `"protoPayload":{"serviceName":"k8s.io",${other}},"protoPayload":` }),
      `${entry().slice(0, -1)},"protoPayload":{"serviceName":"k8s.io",${other}}}`,
      entry({ '"spec":': '"spec":{},"spec":' }),
    ];
    expect(await isPodFound(texts)).toEqual([true, true, false, true, true, true, false, true]);
    const statuses = [
      '"status":{"code":0}',
      '"status":{"code":7},"status":{"code":0}',
      '"status":{"code":0},"status":{"code":7}',
      '"st\\u0061tus":{"code":7}',
    ].map((status) => entry({ '"status":{"code":0}': status }));
    const tags = await tagsOf(statuses);
    expect(tags[1]!.event).toEqual(tags[0]!.event);
    expect(tags[3]!.event).toEqual(tags[2]!.event);
    expect(tags[2]!.event).not.toEqual(tags[0]!.event);
  });

  test('3: faults in a part that nobody reads', async () => {
    for (const fault of ['01', '[1 2]', '{"a":1,}', '"\\q"', 'nan']) {
      const texts = [
        entry(),
        entry({ '"authorizationInfo":[': `"authorizationInfo":[${fault},` }),
        entry({ '"requestMetadata":{': `"requestMetadata":{"zz":${fault},` }),
        entry({ '"request":{': `"request":{"zz":${fault},` }),
      ];
      for (const each of texts) await tagsOfAnything(each);
      await tagsOfAnything(texts.join('\n'));
    }
  });

  test('entries that hold something in an unusual place', async () => {
    const [request, response] = ['"request":{', '"response":{'];
    const patch = '"request":{"@type":"k8s.io/Patch","value":[{"op":"add","path":"/spec/hostPID","value":true}]},"a":{';
    const name = '"resourceName":"core/v1/namespaces/shop/pods/web-1"';
    const texts = [
      entry(),
      entry({ [response]: '"response":{"status":"Failure","code":403,"reason":"Forbidden","zz":{},' }),
      entry({ '"labels":{"auth': '"labels":{"command.gke.io/dryRun":"All","auth' }),
      entry({ [method]: '"methodName":"io.k8s.core.v1.pods.patch"', [request]: patch }),
      entry({ [name]: name.replace('web-1', 'w%65b') }),
      entry({ '"operation":{': '"split":{"uid":"s","index":0,"totalSplits":2},"operation":{' }),
      entry({ '"serviceName":"k8s.io"': '"serviceName":"container.googleapis.com"' }),
      entry({ '"insertId"': '"verb":"get","requestURI":"/","auditID":"1","insertId"' }),
      entry({ [name]: name.replace('shop', 'other') }),
    ];
    expect((await tagsOf(texts)).map((tag) => tag?.verdict)).toEqual([
      // The status of the object comes after that of the failure, and it is a dry run, or a patch of something else.
      ...['match', 'match', 'clear', 'clear', 'match'],
      ...['match', 'not_audit', 'indeterminate', 'match'],
    ]);
  });

  test('a change that creates its object is recognized by the times in the entry', async () => {
    const head = '"response":{"@type":"core.k8s.io/v1.Pod","kind":"Pod","apiVersion":"v1","metadata":{';
    const changed = (created: string) =>
      entry({
        [method]: '"methodName":"io.k8s.core.v1.pods.update"',
        [head]: `${head}"creationTimestamp":"${created}",`,
      });
    const times = ['2026-01-02T03:04:04Z', '2026-01-01T03:04:04Z', '2026-01-02T03:03:55Z', '2026-01-02T03:04:06Z', 'x'];
    const tags = await tagsOf([...times, ...times].map(changed), outlinedRules[0]);
    const isMade = tags.map(({ rules }) => rules?.includes('action-create') ?? false);
    expect(isMade).toEqual([true, false, false, true, false, true, false, false, true, false]);
  });
});
