/** OpenShift and OKD: kube-apiserver events with a few signs of their own, also as the ClusterLogForwarder hands them on. */
import { isMap, type JsonMap, member, textAt } from '../json/map.ts';
import { isAuditEvent, type Normalizer } from './normalizer.ts';

export const openshift: Normalizer = {
  name: 'openshift',
  read(map, context) {
    if (!isAuditEvent(map)) return undefined;
    // The forwarder (ViaQ data model) takes `level` for its own log level and moves the audit level aside.
    const level = textAt(map, 'k8s_audit_level') ?? textAt(map, 'openshift_audit_level');
    const isForwarded = level !== undefined || textAt(map, 'openshift', 'cluster_id') !== undefined;
    if (context.platform !== undefined || !(isForwarded || isSigned(map))) return undefined;
    const source = level === undefined ? map : { ...map, level };
    return { kind: 'audit', source, context: { ...context, platform: 'openshift' } };
  },
};

function isSigned(map: JsonMap): boolean {
  const annotations = member(map, 'annotations');
  return (
    textAt(map, 'objectRef', 'apiGroup')?.endsWith('.openshift.io') === true ||
    (isMap(annotations) && Object.keys(annotations).some((key) => key.startsWith('authentication.openshift.io/')))
  );
}
