/** A folder such as the examples of help texts are about: logs, events, settings, rules of one's own. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { podEvent } from '../server/app.ts';
import { workFolder } from './run.ts';

export const lines = (...records: unknown[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');

/** A rule that asks for pods in the namespace `default`. */
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
  const cri = (text: string) => `2026-01-02T03:04:05.1Z stdout F ${text}\n`;
  writeFileSync(path('kube-apiserver.log'), cri(JSON.stringify(match)) + cri(JSON.stringify(clear)));
  writeFileSync(path('event.json'), JSON.stringify(match, null, 2));
  writeFileSync(path('tripline.yaml'), 'cluster: prod\n');
  mkdirSync(path('my-rules'));
  writeFileSync(path('my-rules/pod-in-default.yml'), ruleText);
  writeFileSync(path('my-rules/pod-in-default.cases.json'), JSON.stringify(passingCases));
  return folder;
}

export const readText = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8');
