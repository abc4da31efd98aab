/** OpenTelemetry: logs as written in JSON by the OTLP exporters for files and HTTP. */
import { plainValue } from '../json/any-value.ts';
import { at, type JsonMap, member, textAt } from '../json/map.ts';
import type { Context, Normalizer } from './normalizer.ts';

export const otlp: Normalizer = {
  name: 'otlp',
  read(map, context) {
    const scopes = member(map, 'scopeLogs');
    if (Array.isArray(scopes)) return { kind: 'wrapper', groups: [scopes], context: placedBy(map, context) };
    const entries = member(map, 'logRecords');
    if (Array.isArray(entries)) return { kind: 'wrapper', groups: [entries.map(bodyOf)], context };
    return undefined;
  },
};

function placedBy(resourceLogs: JsonMap, context: Context): Context {
  const attributes = at(resourceLogs, 'resource', 'attributes');
  if (!Array.isArray(attributes)) return context;
  const attribute = (name: string) =>
    textAt(
      attributes.find((each) => member(each, 'key') === name),
      'value',
      'stringValue',
    );
  const name = attribute('k8s.cluster.name');
  return name === undefined ? context : { ...context, cluster: { ...context.cluster, name } };
}

function bodyOf(logRecord: unknown): unknown {
  return plainValue(member(logRecord, 'body'));
}
