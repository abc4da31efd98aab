/** Logs without an attack: few findings in them ask for attention, whatever names are used, and anyone who borrows the token
 * of an add-on is found as before. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import type { Level } from '../src/record.ts';
import { countsTable, judgedLog, type LogName } from './quiet/counts.ts';
import { countsOf, type Found, foundFrom, isAtLeast, type Judged, judge, readLog } from './quiet/logs.ts';
import { borrowed, borrowers, deploymentWithHostPid } from './quiet/variants.ts';

/** The findings that ask for attention today, as `level rule user`. */
const asking = (judged: readonly Judged[]) =>
  foundFrom('medium', judged)
    .map(({ rule, level, user }) => `${level} ${rule} ${user}`)
    .sort();

const wantedOfTheDay = [
  // A person lists every Secret of the cluster with a desktop program.
  'critical secrets-list-cluster-wide alice@example.com',
  // kubectl debug node/…: a shell with the file system and the processes of a node.
  'critical pod-hostpath-sensitive alice@example.com',
  'medium pod-host-pid alice@example.com',
  // A command in a pod of kube-system.
  'high pod-exec-system-namespace alice@example.com',
  // Everything in it is gone.
  'medium namespace-deleted alice@example.com',
  // A developer opens a shell in a pod of production, and runs a command in another.
  'medium pod-exec-shell-binary bob@example.com',
  'medium pod-exec bob@example.com',
  // A pipeline gives a role every verb on every resource, and installs a node agent that sees all of the node.
  'high role-sensitive-permissions ci-deployer',
  'critical pod-hostpath-sensitive ci-deployer',
  'medium workload-host-pid ci-deployer',
];

describe('an ordinary day', () => {
  it('asks for attention where an operator wants to know, and nowhere else', async () => {
    expect(asking(await judgedLog('an ordinary day'))).toEqual(wantedOfTheDay.toSorted());
    expect(wantedOfTheDay.length).toBeLessThanOrEqual(10);
  });

  it('leaves little for a review', async () => {
    expect(countsOf(await judgedLog('an ordinary day')).low).toBeLessThanOrEqual(60);
  });

  it.each<LogName>(['with other names', 'with other names throughout'])(
    '%s asks for attention at most twice as often',
    async (name) => {
      const found = asking(await judgedLog(name));
      expect(found.length, found.join('\n')).toBeLessThanOrEqual(2 * wantedOfTheDay.length);
      expect(found).toEqual(expect.arrayContaining(wantedOfTheDay));
    },
  );

  it('is nearly always decided without bodies', async () => {
    const open = (await judgedLog('with every event at level Metadata')).filter(
      ({ isIndeterminate }) => isIndeterminate,
    );
    const acts = open.map(({ record: { verb, user, requestURI } }) => `${verb} ${user.username} ${requestURI}`);
    expect(acts.length, acts.join('\n')).toBeLessThanOrEqual(25);
  });

  it('is not louder if Secrets are read again every hour', async () => {
    const judged = await judgedLog('with Secrets read again every hour');
    expect(asking(judged)).toEqual(wantedOfTheDay.toSorted());
    expect(countsOf(judged).low).toBeLessThanOrEqual(60);
  });
});

describe('a control plane', () => {
  const noise: Partial<Record<string, (user: string) => boolean>> = {
    'multi-resource-recon': () => true,
    'workload-sidecar-patched': () => true,
    ...Object.fromEntries(
      ['role-changed', 'rbac-binding-changed', 'secret-changed'].map((rule) => [
        rule,
        (user) => /^system:serviceaccount:kube-system:(namespace|clusterrole-aggregation)-controller$/.test(user),
      ]),
    ),
  };
  const asksForSomebody: Record<string, string[]> = {
    'a control plane, everything logged': [
      'high binding-cluster-admin kubernetes-admin',
      'high coredns-config-changed kubernetes-admin',
      'high pod-privileged kubernetes-admin',
      'medium namespace-deleted kubernetes-admin',
      'medium pod-created-system-namespace kubernetes-admin',
      'medium pod-hostpath-sensitive kubernetes-admin',
      'medium serviceaccount-token-request ci-robot',
      'medium workload-host-pid kubernetes-admin',
    ],
    'a control plane, by a policy for production': [
      'high coredns-config-changed kubernetes-admin',
      'medium namespace-deleted kubernetes-admin',
      'medium serviceaccount-token-request ci-robot',
    ],
  };

  describe.each(Object.entries(asksForSomebody) as [LogName, string[]][])('%s', (name, wanted) => {
    it('asks for attention where an administrator acts', async () => {
      expect(asking(await judgedLog(name))).toEqual(wanted);
    });

    it('does not mistake an apply for reconnaissance, a new image for a new container, or cleanup for a change', async () => {
      const found = foundFrom('low', await judgedLog(name));
      expect(found.filter(({ rule, user }) => noise[rule]?.(user))).toEqual([]);
    });
  });

  it('that creates 179 pods of a workload with hostPID asks for attention once', async () => {
    const judged = await judge(deploymentWithHostPid(readLog('control-plane'), 179));
    expect(asking(judged)).toEqual(['medium workload-host-pid ann']);
    expect(foundFrom('informational', judged).filter(({ rule }) => rule === 'pod-host-pid')).toHaveLength(179);
  });
});

/** The number of records of the day with a finding at a level or above, if nothing shows that a service account is at
 * work. */
const records: Record<string, Partial<Record<Level, number>>> = {
  'arc-systems:arc-gha-rs-controller': { medium: 3, high: 1 },
  'argocd:argocd-application-controller': { medium: 3, high: 1 },
  'calico-system:calico-node': { medium: 1 },
  'cert-manager:cert-manager': { medium: 2, high: 1 },
  'cert-manager:cert-manager-cainjector': { medium: 2, high: 1 },
  'datadog:datadog': { medium: 3 },
  'external-secrets:external-secrets': { medium: 1, high: 1 },
  'external-secrets:external-secrets-cert-controller': { medium: 1 },
  'gatekeeper-system:gatekeeper-admin': { medium: 1 },
  'gitlab:gitlab-runner': { medium: 10 },
  'ingress-nginx:ingress-nginx': { medium: 1, high: 1 },
  'istio-system:istiod': { medium: 2, high: 1 },
  'kube-system:aws-load-balancer-controller': { medium: 1 },
  'kube-system:daemon-set-controller': { medium: 6 },
  'kube-system:extension-controller': { medium: 1 },
  'kyverno:kyverno-admission-controller': { medium: 6 },
  'monitoring:kube-state-metrics': { medium: 1, high: 1 },
  'velero:velero': { medium: 3, high: 2 },
};

/** A controller's own client from another address is found by controller-new-address, which learns first. */
const learned: Record<string, string[]> = { 'from outside': ['kube-system:daemon-set-controller'] };

describe.each(Object.entries(borrowers))('with the tokens of add-ons used %s', (how, borrower) => {
  const judged = judge(borrowed(readLog('ordinary-day'), borrower));
  const of = async (account: string) =>
    (await judged).filter(({ record }) => record.user.username === `system:serviceaccount:${account}`);

  const asked = Object.entries(records).filter(([account]) => !learned[how]?.includes(account));
  test.each(asked)('what %s does is found at its original level', async (account, expected) => {
    const own = await of(account);
    // A report in the tag may be about somebody else.
    const isOwn = ({ user }: Found) => user === `system:serviceaccount:${account}`;
    const at = (least: Level) =>
      own.filter(({ found }) => found.some((one) => isOwn(one) && isAtLeast(one.level, least))).length;
    for (const [least, count] of Object.entries(expected) as [Level, number][]) {
      expect(at(least), `${least} or above:\n${shown(own)}`).toBeGreaterThanOrEqual(count);
    }
  });

  test('each Secret that is read is found', async () => {
    const reads = (await judged).filter(
      ({ record: { user, verb, objectRef } }) =>
        user.username?.startsWith('system:serviceaccount:') &&
        objectRef?.resource === 'secrets' &&
        ['get', 'list'].includes(verb),
    );
    expect(reads.length).toBeGreaterThan(90);
    const silent = reads.filter(({ found }) => !found.some(({ level }) => isAtLeast(level, 'low')));
    expect(silent.map(({ record }) => `${record.user.username} ${record.requestURI}`)).toEqual([]);
  });
});

function shown(judged: readonly Judged[]): string {
  const each = ({ rule, level }: Found) => `${level} ${rule}`;
  return judged.map(({ record, found }) => `${record.verb} ${record.requestURI}: ${found.map(each)}`).join('\n');
}

test('docs/rules/noise.md has the counts', async () => {
  const page = readFileSync(new URL('../docs/rules/noise.md', import.meta.url), 'utf8');
  const table = await countsTable();
  expect(page.split('\n').filter((line) => /^\| .* \| \d+ \|$/.test(line))).toEqual(table.slice(2));
});
