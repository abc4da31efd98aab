/** Lists whose values Kubernetes sets. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { isScalar, isSeq, parseDocument } from 'yaml';

/** The service accounts that kube-controller-manager gives its controllers, and the version that introduced each. */
const controllers: readonly (readonly [name: string, since: string])[] = [
  ['attachdetach-controller', '1.6'],
  ['bootstrap-signer', '1.6'],
  ['certificate-controller', '1.6'],
  ['cloud-provider', '1.7'],
  ['clusterrole-aggregation-controller', '1.9'],
  ['cronjob-controller', '1.6'],
  ['daemon-set-controller', '1.6'],
  ['deployment-controller', '1.6'],
  ['device-taint-eviction-controller', '1.33'],
  ['disruption-controller', '1.6'],
  ['endpoint-controller', '1.6'],
  ['endpointslice-controller', '1.16'],
  ['endpointslicemirroring-controller', '1.19'],
  ['ephemeral-volume-controller', '1.19'],
  ['expand-controller', '1.8'],
  ['generic-garbage-collector', '1.6'],
  ['horizontal-pod-autoscaler', '1.6'],
  ['job-controller', '1.6'],
  ['kube-apiserver-serving-clustertrustbundle-publisher', '1.33'],
  ['legacy-service-account-token-cleaner', '1.28'],
  ['namespace-controller', '1.6'],
  ['node-controller', '1.6'],
  ['persistent-volume-binder', '1.6'],
  ['pod-garbage-collector', '1.6'],
  ['podcertificaterequestcleaner', '1.34'],
  ['podgroup-protection-controller', '1.36'],
  ['pv-protection-controller', '1.10'],
  ['pvc-protection-controller', '1.9'],
  ['replicaset-controller', '1.6'],
  ['replication-controller', '1.6'],
  ['resource-claim-controller', '1.26'],
  ['resourcepoolstatusrequest-controller', '1.36'],
  ['resourcequota-controller', '1.6'],
  ['root-ca-cert-publisher', '1.13'],
  ['route-controller', '1.6'],
  ['selinux-warning-controller', '1.32'],
  ['service-account-controller', '1.6'],
  ['service-cidrs-controller', '1.29'],
  ['service-controller', '1.6'],
  ['statefulset-controller', '1.6'],
  ['storage-version-garbage-collector', '1.20'],
  ['storage-version-migrator-controller', '1.30'],
  ['token-cleaner', '1.6'],
  ['ttl-after-finished-controller', '1.12'],
  ['ttl-controller', '1.6'],
  ['validatingadmissionpolicy-status-controller', '1.28'],
  ['volumeattributesclass-protection-controller', '1.31'],
];

/** The values of a bundled list, each with its comment. */
function valuesOf(list: string): (readonly [value: string, comment: string])[] {
  const text = readFileSync(fileURLToPath(new URL(`../lists/${list}.yml`, import.meta.url)), 'utf8');
  const values = parseDocument(text).get('values');
  if (!isSeq(values)) throw new Error(`${list} has no values`);
  return values.items.map((item) => {
    if (!isScalar(item)) throw new Error(`${list} has a value that is none`);
    return [String(item.value), item.comment?.trim() ?? ''];
  });
}

it('controller_service_accounts has every built-in controller, with its version', () => {
  expect(valuesOf('controller_service_accounts')).toEqual(controllers);
});

it('system_principals has every built-in controller, with its version', () => {
  const prefix = 'system:serviceaccount:kube-system:';
  const accounts = valuesOf('system_principals').filter(([value]) => value.startsWith(prefix));
  expect(accounts.map(([value, since]) => [value.slice(prefix.length), since])).toEqual(controllers);
});
