import { describe, expect, it } from 'vitest';
import { decidabilityOn, type Extent } from '../../src/authoring/decidability.ts';
import type { Platform } from '../../src/record.ts';
import { parseRule } from '../../src/sigma/index.ts';

/** The decidability of a detection, given as lines. */
function decide(platform: Platform, ...detection: string[]) {
  const text = `title: t\nsigma-version: 3\nlogsource: {product: kubernetes}\ndetection:\n  ${detection.join('\n  ')}\n`;
  const { rule, problems } = parseRule(text, 'r.yml');
  expect(problems).toEqual([]);
  return decidabilityOn(platform, rule!);
}

const groups = "g: {groups: 'system:masters'}";
const user = 'u: {username: ann}';
const pod = 'p: {hostPID: true}';

const rows: [name: string, platform: Platform, extent: Extent, detection: string[]][] = [
  ['what is always logged', 'gke', 'yes', [user, 'condition: u']],
  ['what is never logged', 'gke', 'blind', [groups, 'condition: g']],
  ['by the name of audit.k8s.io', 'gke', 'blind', ["g: {user.groups: 'system:masters'}", 'condition: g']],
  ['what another platform never logs', 'eks', 'yes', [groups, 'condition: g']],
  ['what is logged for some', 'eks', 'partly', [pod, 'condition: p']],
  ['below a name, in a block', 'eks', 'partly', ['p:', '  containers[any]: {image: x}', 'condition: p']],
  ['around a block', 'gke', 'blind', ['p:', '  sourceIPs[any]: {^.groups: x, .: y}', 'condition: p']],
  ['another field that is compared to', 'gke', 'blind', ['p: {username|fieldref: uid}', 'condition: p']],
  ['words in the whole event', 'eks', 'partly', ['p: [word]', 'condition: p']],
  ['never logged, and', 'gke', 'blind', [groups, user, 'condition: g and u']],
  ['never logged, or', 'gke', 'partly', [groups, user, 'condition: g or u']],
  ['never logged, and not', 'gke', 'blind', [groups, user, 'condition: u and not g']],
  ['never logged, in part of an exclusion', 'gke', 'partly', [groups, user, 'condition: not (g and u)']],
  ['never logged, in any of the exclusions', 'gke', 'blind', [groups, user, 'condition: not (g or u)']],
  ['never logged, in one of two maps', 'gke', 'partly', ['g: [{groups: a}, {username: b}]', 'condition: g']],
  ['never logged, in one of two lines', 'gke', 'blind', ['g: {groups: a, username: b}', 'condition: g']],
  ['another platform', 'aks', 'elsewhere', ['g: {platform: [gke, eks]}', 'condition: g']],
  ['reads of Secrets', 'gke', 'partly', ['g: {verb: [get, list], resource: secrets}', 'condition: g']],
  ['a generated name', 'eks', 'partly', ['g: {verb: create, name: x}', 'condition: g']],
  ['a name in a deletion', 'eks', 'yes', ['g: {verb: delete, name: x}', 'condition: g']],
];

it.each(rows)('%s, on %s: %s', (_name, platform, extent, detection) => {
  expect(decide(platform, ...detection).extent).toBe(extent);
});

describe('why', () => {
  it('names each reason once, and only those of that platform', () => {
    const why = (platform: Platform) =>
      decide(platform, groups, pod, 'q: {hostIPC: true, uid: x}', 'condition: g and p and q').why.map(
        ({ where }) => where,
      );
    expect(why('gke')).toEqual([
      expect.stringContaining('groups'),
      expect.stringContaining('bodies'),
      expect.stringContaining('ids'),
    ]);
    expect(why('eks')).toEqual([expect.stringContaining('bodies')]);
  });
});
