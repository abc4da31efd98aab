/** OpenShift and OKD: kube-apiserver events as the ClusterLogForwarder forwards them. Those of a log file are no different
 * from others: a sign that only some of them have, such as a group of OpenShift's API, would split one cluster's log into two
 * platforms. */
import { isMap, type JsonMap, member, textAt } from '../json/map.ts';
import { isAuditEvent, type Normalizer } from './normalizer.ts';

export const openshift: Normalizer = {
  name: 'openshift',
  read(map, context) {
    if (!isAuditEvent(map) || context.platform !== undefined || !isForwarded(map)) return undefined;
    // The forwarder (ViaQ data model) uses `level` for its own log level and moves the audit level elsewhere.
    const level = levelOf(map);
    const source = level === undefined ? map : { ...map, level };
    return { kind: 'audit', source, context: { ...context, platform: 'openshift' } };
  },
};

function isForwarded(map: JsonMap): boolean {
  return levelOf(map) !== undefined || isMap(member(map, 'openshift'));
}

function levelOf(map: JsonMap): string | undefined {
  return textAt(map, 'k8s_audit_level') ?? textAt(map, 'openshift_audit_level');
}
