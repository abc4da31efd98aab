/** What OTLP holds for a record besides its body, from its tag. */
import type { Level, Platform } from '../../record.ts';
import type { EventSummary, Tag } from '../../tag.ts';

export type Attributes = readonly (readonly [key: string, value: unknown])[];

/** Prefix of Tripline's own attributes; the one with the whole tag has the name of the tag's member. */
export const OWN_PREFIX = 'tripline.';

/** Severities with gaps between them, INFO, INFO3, WARN, ERROR and FATAL, in the order of levels. */
const severities: Record<Level, number> = { informational: 9, low: 11, medium: 13, high: 17, critical: 21 };

/** The severity number of a level; undefined if nothing was found, as the severity is then unknown. */
export function severityOf(level: Level | undefined): number | undefined {
  return level === undefined || !Object.hasOwn(severities, level) ? undefined : severities[level];
}

/** Members of the tag that are attributes of their own, as `tripline.<member>`: a backend that flattens the whole tag has the
 * same value under the same name. */
const flat = ['verdict', 'level', 'rules', 'attack', 'routeLevel', 'platform', 'ruleset'] as const;

/** Attributes of a record, including the whole tag. Those of its event have the names that the spans of findings use; the
 * client has none if there are several hops, as a tag does not show which one rules evaluate. */
export function attributesOf(tag: Tag, memberName: string, fluentTag: string | undefined): Attributes {
  const flattened = flat.map((member) => [OWN_PREFIX + member, tag[member]] as const);
  const all = [
    ...flattened,
    [`${OWN_PREFIX}fluent.tag`, fluentTag] as const,
    ...eventAttributes(tag.event ?? {}),
    [memberName, tag] as const,
  ];
  return all.filter(([, value]) => value !== undefined);
}

/** What is known of an event; undefined for the rest. */
export function eventAttributes({
  auditID,
  verb,
  resource,
  namespace,
  name,
  username,
  sourceIPs,
  userAgent,
}: EventSummary): Attributes {
  return [
    [`${OWN_PREFIX}audit.id`, auditID || undefined],
    [`${OWN_PREFIX}audit.verb`, verb || undefined],
    [`${OWN_PREFIX}audit.resource`, resource || undefined],
    [`${OWN_PREFIX}audit.name`, name || undefined],
    ['k8s.namespace.name', namespace || undefined],
    ['k8s.pod.name', resource === 'pods' ? name || undefined : undefined],
    ['user.name', username || undefined],
    ['user_agent.original', userAgent || undefined],
    ['client.address', sourceIPs?.length === 1 ? sourceIPs[0] : undefined],
  ];
}

const clouds: Partial<Record<Platform, Attributes>> = {
  eks: [
    ['cloud.provider', 'aws'],
    ['cloud.platform', 'aws_eks'],
  ],
  aks: [
    ['cloud.provider', 'azure'],
    ['cloud.platform', 'azure.aks'],
  ],
  gke: [
    ['cloud.provider', 'gcp'],
    ['cloud.platform', 'gcp_kubernetes_engine'],
  ],
};

/** Attributes of the resource: where the cluster of a record runs. */
export function clusterAttributes({ platform, cluster }: Pick<Tag, 'platform' | 'cluster'>): Attributes {
  return [
    ...(cluster === undefined ? [] : [['k8s.cluster.name', cluster] as const]),
    ...((platform !== undefined && Object.hasOwn(clouds, platform) && clouds[platform]) || []),
  ];
}
