/** Elastic Common Schema: the audit events of Kubernetes, AKS and GKE as Elastic's integrations store them. */
import { at, CUT, isMap, type JsonMap, member, textAt } from '../json/map.ts';
import type { Context, Normalizer } from './normalizer.ts';

export const ecs: Normalizer = {
  name: 'ecs',
  read(map, context) {
    const placed = placedBy(map, context);
    const audit = at(map, 'kubernetes', 'audit');
    if (isMap(audit)) return { kind: 'wrapper', groups: [[audit]], context: placed };

    const properties = at(map, 'azure', 'platformlogs', 'properties');
    if (isMap(properties)) {
      const record = { properties, resourceId: at(map, 'azure', 'resource', 'id') };
      return { kind: 'wrapper', groups: [[record]], context: placed };
    }
    const entry = at(map, 'gcp', 'audit');
    if (isMap(entry)) return { kind: 'wrapper', groups: [[logEntryOf(map, entry)]], context: placed };
    return undefined;
  },
};

function placedBy(map: JsonMap, context: Context): Context {
  const name = textAt(map, 'orchestrator', 'cluster', 'name');
  return name === undefined ? context : { ...context, cluster: { ...context.cluster, name } };
}

/** The entry of Cloud Audit Logs whose parts the integration has separated and renamed. */
function logEntryOf(map: JsonMap, audit: JsonMap): JsonMap {
  const operation = at(map, 'gcp', 'audit', 'logentry_operation');
  return {
    insertId: at(map, 'event', 'id'),
    timestamp: member(map, '@timestamp'),
    labels: member(audit, 'labels') ?? {},
    resource: {
      labels: {
        cluster_name: at(map, 'orchestrator', 'cluster', 'name'),
        project_id: at(map, 'cloud', 'project', 'id'),
      },
    },
    operation: {
      id: at(operation, 'id'),
      first: at(operation, 'first'),
      last: at(operation, 'last'),
    },
    protoPayload: {
      serviceName: member(audit, 'service_name'),
      methodName: member(audit, 'method_name'),
      resourceName: member(audit, 'resource_name'),
      authenticationInfo: {
        principalEmail: at(audit, 'authentication_info', 'principal_email') ?? at(map, 'client', 'user', 'email'),
        principalSubject: at(audit, 'authentication_info', 'principal_subject'),
        authoritySelector: at(audit, 'authentication_info', 'authority_selector'),
      },
      requestMetadata: {
        callerIp: at(audit, 'request_metadata', 'caller_ip') ?? at(map, 'source', 'ip'),
        callerSuppliedUserAgent:
          at(audit, 'request_metadata', 'caller_supplied_user_agent') ?? at(map, 'user_agent', 'original'),
      },
      status: member(audit, 'status'),
      request: member(audit, 'request'),
      response: member(audit, 'response'),
      [CUT]: audit[CUT],
    },
  };
}
