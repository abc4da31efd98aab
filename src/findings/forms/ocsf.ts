/** Detection Finding of the Open Cybersecurity Schema Framework.
 * @see https://schema.ocsf.io/1.8.0/classes/detection_finding */
import type { Attack, Platform } from '../../record.ts';
import type { EventSummary } from '../../tag.ts';
import { VERSION } from '../../telemetry/scope.ts';
import type { Form } from './form.ts';
import { addressesIn, isEmpty, millisecondsOf, restOf, severityOf, tacticName, text, unixNanoOf } from './row.ts';

const OCSF_VERSION = '1.8.0';

const severities = ['Informational', 'Low', 'Medium', 'High', 'Critical'];

const providers: Partial<Record<Platform, string>> = { eks: 'AWS', aks: 'Azure', gke: 'GCP' };

const classification = {
  ...{ category_uid: 2, category_name: 'Findings', class_uid: 2004, class_name: 'Detection Finding' },
  ...{ activity_id: 1, activity_name: 'Create', type_uid: 200401, type_name: 'Detection Finding: Create' },
};

export const ocsf: Form = {
  of(emitted, context) {
    const { finding, platform, cluster, receivedUnixNano } = emitted;
    const event = emitted.kind === 'finding' ? emitted.event : undefined;
    const { correlation } = finding;
    const { rule, owner } = context;
    const { matched, context: shown, ...rest } = restOf(emitted, context);
    const severity = severityOf(finding.level);
    const provider = platform && providers[platform];
    return {
      ...classification,
      ...{ severity_id: severity, severity: severities[severity - 1], status_id: 1, status: 'New', is_alert: true },
      time: millisecondsOf(unixNanoOf(emitted)),
      message: finding.summary,
      metadata: {
        version: OCSF_VERSION,
        uid: finding.id,
        product: { name: 'Tripline', vendor_name: 'Tripline', version: VERSION },
        log_name: 'Kubernetes audit log',
        event_code: finding.rule,
        original_event_uid: text(event?.auditID),
        original_time: finding.time,
        logged_time: millisecondsOf(receivedUnixNano),
        profiles: provider && ['cloud'],
      },
      cloud: provider && { provider },
      finding_info: {
        uid: finding.id,
        title: finding.title,
        desc: rule?.description || finding.summary,
        analytic: {
          ...{ type_id: 1, type: 'Rule', name: finding.rule, uid: finding.ruleId ?? finding.rule },
          desc: rule?.description,
        },
        attacks: finding.attack.length > 0 ? finding.attack.map(attackOf) : undefined,
        created_time: millisecondsOf(receivedUnixNano),
        related_events: correlation?.events.map((uid) => ({ uid })),
        related_events_count: correlation?.events.length,
      },
      evidences: [{ ...evidenceOf(event), data: { matched, context: shown } }],
      resources: resourcesOf(event, cluster),
      remediation: owner?.runbook && { desc: 'Follow the runbook.', references: [owner.runbook] },
      unmapped: { tripline: rest },
    };
  },
};

function attackOf({ tactic, technique }: Attack) {
  const [main, sub] = technique.split('.');
  const url = `https://attack.mitre.org/techniques/${main}/`;
  return {
    tactic: tactic && { uid: tactic, name: tacticName(tactic) },
    technique: { uid: main, src_url: url },
    sub_technique: sub && { uid: technique, src_url: `${url}${sub}/` },
  };
}

function evidenceOf(event: EventSummary | undefined) {
  const { username, impersonatedUser, verb, auditID, responseStatus, requestURI, userAgent, sourceIPs } = event ?? {};
  const addresses = addressesIn(sourceIPs);
  const [path, query] = splitURI(requestURI);
  const url = path ? { path, query_string: query } : undefined;
  const request = { url, user_agent: text(userAgent), x_forwarded_for: addresses.length > 1 ? addresses : undefined };
  return {
    actor: username ? { user: userOf(username) } : undefined,
    user: impersonatedUser ? userOf(impersonatedUser) : undefined,
    src_endpoint: addresses.length === 1 ? { ip: addresses[0] } : undefined,
    api: verb
      ? {
          operation: verb,
          service: { name: 'kube-apiserver' },
          request: auditID ? { uid: auditID } : undefined,
          response: responseStatus ? responseOf(responseStatus) : undefined,
        }
      : undefined,
    http_request: isEmpty(request) ? undefined : request,
  };
}

function responseOf({ code, reason, message }: NonNullable<EventSummary['responseStatus']>) {
  return { code, error: reason, error_message: message };
}

function splitURI(uri = ''): [path: string, query: string | undefined] {
  const at = uri.indexOf('?');
  return at === -1 ? [uri, undefined] : [uri.slice(0, at), uri.slice(at + 1)];
}

function userOf(name: string) {
  const isServiceAccount = name.startsWith('system:serviceaccount:');
  if (isServiceAccount) return { name, type_id: 4, type: 'Service' };
  return name.startsWith('system:') ? { name, type_id: 3, type: 'System' } : { name, type_id: 1, type: 'User' };
}

function resourcesOf(event: EventSummary | undefined, cluster: string | undefined) {
  const { resource, subresource, namespace, name, requestURI } = event ?? {};
  const type = subresource ? `${resource}/${subresource}` : text(resource);
  const affected = { role_id: 3, role: 'Affected' };
  const object = type && { type, name: name || requestURI || type, namespace: text(namespace), ...affected };
  const home = cluster && { type: 'cluster', name: cluster, role_id: 4, role: 'Related' };
  const all = [object, home].filter((one) => one);
  return all.length > 0 ? all : undefined;
}
