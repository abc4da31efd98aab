/** The Elastic Common Schema. What it has no field for goes under `tripline`.
 * @see https://www.elastic.co/docs/reference/ecs */
import type { Attack, Platform } from '../../record.ts';
import type { EventSummary } from '../../tag.ts';
import { VERSION } from '../../telemetry/scope.ts';
import type { Form } from './form.ts';
import { addressesIn, receivedOf, restOf, rfc3339, severityOf, tacticName, text, unixNanoOf } from './row.ts';

const ECS_VERSION = '9.4.0';

const clouds: Partial<Record<Platform, { provider: string; service: { name: string } }>> = {
  eks: { provider: 'aws', service: { name: 'eks' } },
  aks: { provider: 'azure', service: { name: 'aks' } },
  gke: { provider: 'gcp', service: { name: 'gke' } },
};

export const ecs: Form = {
  of(emitted, context) {
    const { finding, kind, platform, cluster, trace } = emitted;
    const event = emitted.kind === 'finding' ? emitted.event : undefined;
    const { username, impersonatedUser, userAgent, requestURI, responseStatus } = event ?? {};
    const users = [username, impersonatedUser].filter((name) => name);
    const addresses = addressesIn(event?.sourceIPs);
    const { rule } = context;
    return {
      '@timestamp': rfc3339(unixNanoOf(emitted)),
      ecs: { version: ECS_VERSION },
      message: finding.summary,
      event: {
        ...{ kind: 'alert', category: ['intrusion_detection'], type: typesOf(event), outcome: outcomeOf(event) },
        ...{ module: 'tripline', dataset: `tripline.${kind}`, provider: 'kube-apiserver' },
        id: finding.id,
        code: finding.rule,
        action: text(event?.verb),
        severity: severityOf(finding.level),
        reason: finding.summary,
        url: context.owner?.runbook,
        created: receivedOf(emitted),
        start: finding.correlation?.from,
        end: finding.correlation?.to,
      },
      rule: {
        id: finding.ruleId ?? finding.rule,
        uuid: finding.ruleId,
        name: finding.title,
        description: rule?.description,
        reference: rule?.references[0],
        ruleset: emitted.ruleset,
      },
      threat: finding.attack.length > 0 ? threatOf(finding.attack) : undefined,
      user:
        users.length > 0
          ? { name: text(username), effective: impersonatedUser ? { name: impersonatedUser } : undefined }
          : undefined,
      source: addresses.length === 1 ? { ip: addresses[0], address: addresses[0] } : undefined,
      related: { ip: addresses.length > 0 ? addresses : undefined, user: users.length > 0 ? users : undefined },
      user_agent: userAgent ? { original: userAgent } : undefined,
      url: requestURI ? { original: requestURI } : undefined,
      http: typeof responseStatus?.code === 'number' ? { response: { status_code: responseStatus.code } } : undefined,
      orchestrator: orchestratorOf(event, cluster),
      cloud: platform && clouds[platform],
      observer: { type: 'ids', product: 'Tripline', vendor: 'Tripline', version: VERSION },
      trace: trace && { id: trace.traceId },
      span: trace && { id: trace.spanId },
      tripline: restOf(emitted, context),
    };
  },
};

/** The outcome of a request, if it was answered. */
function outcomeOf(event: EventSummary | undefined): string {
  if (event?.outcome === undefined || event.outcome === 'none') return 'unknown';
  return event.outcome === 'success' ? 'success' : 'failure';
}

function typesOf(event: EventSummary | undefined): string[] {
  const outcome = event?.outcome;
  const isDenied = outcome === 'unauthenticated' || outcome === 'forbidden' || outcome === 'admission_denied';
  if (isDenied) return ['denied'];
  return outcome === 'success' ? ['allowed'] : ['info'];
}

function threatOf(attack: readonly Attack[]) {
  const tacticIds = unique(attack.flatMap(({ tactic }) => tactic ?? []));
  const names = tacticIds.flatMap((id) => tacticName(id) ?? []);
  const subs = unique(attack.map(({ technique }) => technique).filter((id) => id.includes('.')));
  return {
    framework: 'MITRE ATT&CK',
    tactic: tacticIds.length > 0 ? { id: tacticIds, name: names } : undefined,
    technique: {
      id: unique(attack.map(({ technique }) => technique.split('.')[0]!)),
      subtechnique: subs.length > 0 ? { id: subs } : undefined,
    },
  };
}

function orchestratorOf(event: EventSummary | undefined, cluster: string | undefined) {
  const { namespace, resource, subresource, name } = event ?? {};
  return {
    type: 'kubernetes',
    cluster: cluster ? { name: cluster } : undefined,
    namespace: text(namespace),
    resource: resource ? { type: subresource ? `${resource}/${subresource}` : resource, name: text(name) } : undefined,
  };
}

const unique = (values: readonly string[]) => [...new Set(values)];
