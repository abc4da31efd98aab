/** Amazon EKS: kube-apiserver events that come through CloudWatch Logs (message, subscription, Firehose, Insights). */
import { at, isMap, type JsonMap, member, textAt } from '../json/map.ts';
import { type Context, isAuditEvent, type Normalizer } from './normalizer.ts';

export const eks: Normalizer = {
  name: 'eks',
  read(map, context) {
    const placed = placedBy(logGroupOf(map), textAt(map, 'owner'), context);
    if (isAuditEvent(map)) {
      const { platform = isStoredAsEks(map) ? 'eks' : undefined } = placed;
      if (platform === 'eks') return { kind: 'audit', source: map, context: { ...placed, platform } };
      if (platform !== undefined || !isSigned(map)) return undefined;
      return { kind: 'audit', source: map, context: { ...placed, platformOfUser: 'eks' } };
    }
    const inside = insideOf(map);
    return inside && { kind: 'wrapper', groups: [inside], context: placed };
  },
};

function insideOf(map: JsonMap): unknown[] | undefined {
  switch (member(map, 'messageType')) {
    case 'DATA_MESSAGE': {
      const logEvents = member(map, 'logEvents');
      return Array.isArray(logEvents) ? logEvents.map((logEvent) => member(logEvent, 'message')) : [];
    }
    // CloudWatch checks that the receiver is reachable; the message holds no log events.
    case 'CONTROL_MESSAGE':
      return [];
  }
  const lambda = textAt(map, 'awslogs', 'data');
  if (lambda !== undefined) return [lambda];

  const records = member(map, 'records');
  if (textAt(map, 'requestId') !== undefined && Array.isArray(records)) {
    return records.map((record) => member(record, 'data'));
  }
  const results = member(map, 'results');
  if (Array.isArray(results) && results.some(isInsightsRow)) {
    return results
      .filter(isInsightsRow)
      .map((row) => Object.fromEntries(row.map(({ field, value }) => [field, value])));
  }
  // A single cell of such a row, in a list of its own.
  if (member(map, 'field') === '@message') return [member(map, 'value')];
  const line = member(map, 'message') ?? member(map, '@message') ?? member(map, 'log');
  return logGroupOf(map) === undefined || line === undefined ? undefined : [line];
}

/** A row of a Logs Insights result: `[{"field": "@message", "value": "…"}, …]`. */
function isInsightsRow(row: unknown): row is { field: string; value: unknown }[] {
  return Array.isArray(row) && row.every((cell) => textAt(cell, 'field') !== undefined);
}

/** The log group as subscriptions, Insights (`<account>:<group>`) and log shippers spell it. */
function logGroupOf(map: JsonMap): string | undefined {
  return textAt(map, 'logGroup') ?? textAt(map, '@log') ?? textAt(map, 'log_group') ?? textAt(map, 'log_group_name');
}

function placedBy(logGroup: string | undefined, owner: string | undefined, context: Context): Context {
  const [, account = owner, name] = /^(?:(\d+):)?\/aws\/eks\/([^/]+)\/cluster$/.exec(logGroup ?? '') ?? [];
  if (name === undefined) return context;
  return {
    ...context,
    platform: 'eks',
    cluster: { ...context.cluster, name, ...(account !== undefined && { account }) },
  };
}

/** Panther stores with each record where it came from. */
function isStoredAsEks(map: JsonMap): boolean {
  return member(map, 'p_log_type') === 'Amazon.EKS.Audit';
}

/** The authenticator of EKS leaves its mark on every user that it lets in; AWS's own controllers are `eks:*`. */
function isSigned(map: JsonMap): boolean {
  const uid = textAt(map, 'user', 'uid') ?? '';
  const extra = at(map, 'user', 'extra');
  return (
    /^(?:aws-iam|heptio)-authenticator(?:-aws)?:/.test(uid) ||
    textAt(map, 'user', 'username')?.startsWith('eks:') === true ||
    (isMap(extra) && Object.keys(extra).some((key) => key.startsWith('sigs.k8s.io/aws-iam-authenticator/')))
  );
}
