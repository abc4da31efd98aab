/** OpenTelemetry: logs as the OTLP exporters for files and HTTP write them in JSON. */
import { at, CUT, isMap, type JsonMap, member, textAt } from '../json/map.ts';
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
  return anyValue(member(logRecord, 'body'));
}

/** What an AnyValue stands for. Its integers are texts, as JSON numbers could not hold them; they stay so. Where a value
 * is cut or nests too deep, what stands for it carries the mark: it is unknown and not absent. */
function anyValue(value: unknown): unknown {
  if (!isMap(value)) return value;
  const [list, array] = [member(value, 'kvlistValue'), member(value, 'arrayValue')];
  const [members, items] = [member(list, 'values'), member(array, 'values')];
  if (Array.isArray(items)) return items.map(anyValue);
  const mark = [value, list, members, array, items, ...(Array.isArray(members) ? members : [])]
    .map(markOf)
    .find(Boolean);
  const map: JsonMap | undefined = mark === undefined ? undefined : { [CUT]: mark };
  if (Array.isArray(members)) {
    const entries = members.map((each) => [textAt(each, 'key') ?? '', anyValue(member(each, 'value'))]);
    return { ...Object.fromEntries(entries), ...map };
  }
  const scalars = ['stringValue', 'boolValue', 'intValue', 'doubleValue'].map((kind) => member(value, kind));
  return scalars.find((each) => each !== undefined) ?? map;
}

function markOf(value: unknown): JsonMap[typeof CUT] {
  return isMap(value) ? value[CUT] : undefined;
}
