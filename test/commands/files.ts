/** A folder like the one that the examples of help texts use: logs, events, settings, custom rules. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { podEvent } from '../server/app.ts';
import { workFolder } from './run.ts';

export const lines = (...records: unknown[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');

/** A rule that matches pods in the namespace `default`. */
export const ruleText = `title: Pod in the default namespace
id: 7d1b5a0e-5f6e-4c3c-9a38-0a52a5d5c001
name: pod-in-default
status: test
description: Somebody has not said where a pod belongs.
tags: [attack.execution, attack.t1610]
logsource: { product: kubernetes, service: audit }
detection:
  created: { action: create, resource: pods, namespace: default, subresource: '', outcome: success }
  condition: created
falsepositives: [Trials]
level: low
`;

/** For a Fluent Bit that, after downtime, loses what was written to a file before its rotation. */
export const fluentBitYaml = `service: { storage.path: /var/lib/fluent-bit/chunks, storage.keep.rejected: on, scheduler.cap: 30 }
parsers: [{ name: audit, format: json }]
pipeline:
  inputs:
    - name: tail
      tag: kube.audit
      path: /var/log/kubernetes/audit.log
      parser: audit
      db: /var/lib/fluent-bit/audit.db
      read_from_head: on
      buffer_max_size: 8M
      truncate_long_lines: on
      storage.type: filesystem
  outputs:
    - { name: http, match: kube.*, port: 9870, uri: /v1/records, format: msgpack, header_tag: X-Fluent-Tag, retry_limit: no_limits }
`;

export function podIn(namespace: string, auditID: string): Record<string, unknown> {
  return { ...podEvent({ hostPID: false, auditID }), objectRef: { resource: 'pods', namespace, name: 'web' } };
}

export const passingCases = {
  matches: [{ name: 'in default', record: podIn('default', 'c-1') }],
  ignores: [{ name: 'elsewhere', record: podIn('shop', 'c-2') }],
};

export function exampleFolder(): string {
  const folder = workFolder();
  const path = (name: string) => join(folder, name);
  const match = podEvent({ auditID: 'm-1' });
  const clear = podEvent({ hostPID: false, auditID: 'c-1' });
  writeFileSync(path('audit.log'), lines(match, clear));
  writeFileSync(path('audit-1.log.gz'), gzipSync(lines(podEvent({ auditID: 'm-2' }))));
  mkdirSync(path('archive'));
  writeFileSync(path('archive/1.log'), lines({ ...match, tripline: { v: 2, verdict: 'match' } }));
  mkdirSync(path('corpus'));
  writeFileSync(path('corpus/pods.log'), lines(match));
  writeFileSync(
    path('corpus/expected.json'),
    '{"pods.log": {"findings": [{"rule": "pod-host-pid", "auditID": "m-1"}]}}',
  );
  mkdirSync(path('letters'));
  writeFileSync(path('letters/0a.body'), lines(clear));
  writeFileSync(
    path('letters/0a.json'),
    JSON.stringify({
      time: '2026-01-02T03:04:05.678Z',
      code: 'body.unreadable',
      detail: 'byte 0: found 0x7b, expected a log event, [[time, metadata], map]',
      headers: { 'content-type': 'application/x-ndjson', 'x-fluent-tag': 'kube.audit' },
    }),
  );
  const cri = (text: string) => `2026-01-02T03:04:05.1Z stdout F ${text}\n`;
  writeFileSync(path('kube-apiserver.log'), cri(JSON.stringify(match)) + cri(JSON.stringify(clear)));
  writeFileSync(path('event.json'), JSON.stringify(match, null, 2));
  writeFileSync(path('tripline.yaml'), 'cluster: prod\n');
  writeFileSync(path('fluent-bit.yaml'), fluentBitYaml);
  writeFileSync(path('fluent-bit.conf'), '[INPUT]\n    Name tail\n    Path /var/log/kubernetes/audit.log\n');
  mkdirSync(path('my-rules'));
  writeFileSync(path('my-rules/pod-in-default.yml'), ruleText);
  writeFileSync(path('my-rules/pod-in-default.cases.json'), JSON.stringify(passingCases));
  return folder;
}

export const readText = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8');

const [one] = passingCases.matches;

/** Case files that are refused, by what is wrong with them, with the message about it. Those marked `schemaPasses` are wrong in
 * ways that a JSON Schema cannot express. */
export const refusedCases: Readonly<Record<string, { cases: unknown; words: RegExp; schemaPasses?: true }>> = {
  'no JSON': { cases: '{"matches": [', words: /pod-in-default.cases.json: .*JSON/, schemaPasses: true },
  'a list': { cases: [], words: /expected a map with matches, ignores, undecided/ },
  'an unknown kind': {
    cases: { matche: [] },
    words: /'matche': is not one of \$schema, lists, matches, .*did you mean 'matches'\?/,
  },
  'a schema that is no path': { cases: { $schema: 7 }, words: /\$schema: expected the path of a schema/ },
  'a kind that is no list': { cases: { matches: {} }, words: /matches: expected a list of cases/ },
  'a kind that is null': { cases: { ignores: null }, words: /ignores: expected a list of cases/ },
  'a case that is no map': { cases: { matches: [1] }, words: /matches\[0\]: expected a case/ },
  'lists that are none': {
    cases: { lists: { allowed_users: 'ann' } },
    words: /lists: expected values by the names of lists/,
  },
  'lists of numbers': { cases: { lists: { ports: [1] } }, words: /lists: expected values by the names of lists/ },
  'lists that are null': { cases: { lists: null }, words: /lists: expected values by the names of lists/ },
  'no name': { cases: { matches: [{ record: {} }] }, words: /matches\[0\]: it has no name/ },
  'a blank name': { cases: { matches: [{ name: ' ', record: {} }] }, words: /matches\[0\] ' ': it has no name/ },
  'a name twice': {
    cases: { matches: [one, one] },
    words: /matches\[1\] 'in default': another case has this name/,
    schemaPasses: true,
  },
  'no record': { cases: { matches: [{ name: 'x' }] }, words: /matches\[0\] 'x': expected either "record"/ },
  both: { cases: { matches: [{ name: 'x', record: {}, records: [{}] }] }, words: /expected either "record"/ },
  'no records': { cases: { matches: [{ name: 'x', records: [] }] }, words: /"records" has to be a list/ },
  'records that are none': { cases: { matches: [{ name: 'x', records: {} }] }, words: /"records" has to be a list/ },
  'a mistyped key': {
    cases: { matches: [{ name: 'x', recrod: {} }] },
    words: /unknown key 'recrod'; did you mean 'record'\?/,
  },
  'proxies that are none': {
    cases: { matches: [{ ...one, trustedProxies: ['lb'] }] },
    words: /"trustedProxies" has to be a list of/,
  },
  'a network with bits behind its prefix': {
    cases: { matches: [{ ...one, trustedProxies: ['10.1.2.3/8'] }] },
    words: /"trustedProxies" has to be a list of/,
    schemaPasses: true,
  },
  'proxies that are no list': {
    cases: { matches: [{ ...one, trustedProxies: 7 }] },
    words: /"trustedProxies" has to be a list of/,
  },
  'networks that are none': {
    cases: { matches: [{ ...one, networks: { lb: { asn: 1 } } }] },
    words: /"networks" has to be a map/,
  },
  'what no database knows of a network': {
    cases: { matches: [{ ...one, networks: { '10.0.0.0/8': { asn: 'AS1' } } }] },
    words: /"networks" has to be a map/,
  },
  'a level that there is not': { cases: { matches: [{ ...one, level: 'hihg' }] }, words: /"level" has to be one of/ },
  'a level of what is ignored': { cases: { ignores: [{ ...one, level: 'low' }] }, words: /unknown key 'level'/ },
  'a key of every object': { cases: '{"__proto__": [], "constructor": 1}', words: /'__proto__': is not one of/ },
  depth: {
    cases: `{"matches":[{"name":"x","record":${'['.repeat(100_000)}${']'.repeat(100_000)}}]}`,
    words: /nests deeper than/,
    schemaPasses: true,
  },
};
