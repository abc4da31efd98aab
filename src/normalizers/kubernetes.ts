/** kube-apiserver's own audit events: one by one from a log file, or as the EventList of its webhook. Clouds that forward
 * its events inside an envelope, and k3s, RKE2, kind and kubeadm clusters, write the same. */
import { member } from '../json/map.ts';
import { isAuditEvent, type Normalizer } from './normalizer.ts';

export const kubernetes: Normalizer = {
  name: 'kubernetes',
  read(map, context) {
    if (isAuditEvent(map)) return { kind: 'audit', source: map, context };
    if (member(map, 'kind') === 'EventList') return { kind: 'wrapper', groups: [[member(map, 'items')]], context };
    return undefined;
  },
};
