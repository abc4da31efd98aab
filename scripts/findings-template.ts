/** The index template for findings in ECS: each field that a row has. */
import { FindingRow } from '../src/findings/forms/finding.ts';
import { Outcome } from '../src/record.ts';
import { mappingOf } from './index-template.ts';

const KEYWORD = { type: 'keyword', ignore_above: 8191 };

/** Fields of ECS by their types there; for `wildcard` and `match_only_text`, which not every server has, the related types. */
const fields: [mapping: object, names: readonly string[]][] = [
  [{ type: 'date' }, ['@timestamp', 'event.created', 'event.start', 'event.end']],
  [{ type: 'text' }, ['message']],
  [{ type: 'long' }, ['event.severity', 'http.response.status_code']],
  [{ type: 'ip' }, ['source.ip', 'related.ip']],
  [
    KEYWORD,
    [
      ...[
        'ecs.version',
        'event.kind',
        'event.category',
        'event.type',
        'event.outcome',
        'event.module',
        'event.dataset',
      ],
      ...['event.provider', 'event.id', 'event.code', 'event.action', 'event.reason', 'event.url'],
      ...['rule.id', 'rule.uuid', 'rule.name', 'rule.description', 'rule.reference', 'rule.ruleset'],
      ...['threat.framework', 'threat.tactic.id', 'threat.tactic.name', 'threat.technique.id'],
      ...['threat.technique.subtechnique.id', 'user.name', 'user.effective.name', 'source.address', 'related.user'],
      ...['user_agent.original', 'url.original', 'orchestrator.type', 'orchestrator.cluster.name'],
      ...['orchestrator.namespace', 'orchestrator.resource.type', 'orchestrator.resource.name', 'cloud.provider'],
      ...['cloud.service.name', 'observer.type', 'observer.product', 'observer.vendor', 'observer.version'],
      ...['trace.id', 'span.id'],
    ],
  ],
];

interface Mapping {
  properties?: Record<string, Mapping>;
}

function ecsMapping(): Mapping {
  const root: Mapping = {};
  for (const [mapping, names] of fields) {
    for (const name of names) {
      const path = name.split('.');
      const last = path.pop()!;
      let parent = root;
      for (const step of path) parent = (parent.properties ??= {})[step] ??= {};
      (parent.properties ??= {})[last] = mapping;
    }
  }
  return root;
}

const { kind, rule, level, platform, cluster, workload, evidence, matched, ...others } = FindingRow.properties;
const { context, correlation, novelty, owner, fluentTag, ruleset } = others;
const rest = {
  properties: {
    ...{ kind, rule, level, platform, cluster, workload, outcome: Outcome, evidence, matched },
    ...{ context, correlation, novelty, owner, fluentTag, ruleset },
  },
};

export const findingsTemplate = {
  index_patterns: ['kubernetes-findings-*'],
  // Higher than the templates that both products ship with.
  priority: 500,
  _meta: { description: 'Findings of Tripline in the Elastic Common Schema' },
  template: {
    mappings: {
      dynamic: false,
      properties: { ...ecsMapping().properties, tripline: mappingOf('tripline', rest as object, 1) },
    },
  },
};
