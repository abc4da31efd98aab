/** The metrics that docs/telemetry.md lists, under their Prometheus names: test/telemetry/names.test.ts compares that page with
 * the code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const page = readFileSync(join(import.meta.dirname, '../docs/telemetry.md'), 'utf8');
const rows = [...page.matchAll(/^\| `([a-z0-9._]+)` \| \w+(?:, (\w+))? \| (?:(.*?) )?\| /gm)];

/** The labels of each metric, without the suffixes that its kind adds to its name. */
const labels = new Map(
  rows.map(([, name, unit, attributes = '']) => [
    [name!.replaceAll('.', '_'), unit].filter(Boolean).join('_'),
    [...attributes.matchAll(/`(.*?)`/g)].map(([, attribute]) => attribute!.replaceAll('.', '_')),
  ]),
);

/** Metrics of Prometheus itself. */
const ofTarget = ['job', 'namespace', 'pod', 'instance'];

interface Asked {
  /** Names of metrics, as queried. */
  metrics: string[];
  /** Labels that none of these metrics has. */
  unknown: string[];
}

/** The metrics and labels of Tripline that a PromQL expression uses. */
export function askedBy(expr: string): Asked {
  const chosen = [
    ...expr.matchAll(/\b((?:tripline|process|v8js|nodejs)_\w+?)(?:_total|_bucket)?\b(?:\{([^}]*)\})?/g),
  ].map(([, metric, matchers = '']) => ({ metric: metric!, matchers }));
  const matched = chosen.flatMap(({ metric, matchers }) =>
    [...matchers.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)]
      .filter(([, label]) => !ofTarget.includes(label!) && !labels.get(metric)?.includes(label!))
      .map(([, label]) => `${label} of ${metric}`),
  );
  const all = [...ofTarget, 'le', ...chosen.flatMap(({ metric }) => labels.get(metric) ?? [])];
  const grouped = [...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, names]) => names!.split(', '));
  return {
    metrics: chosen.map(({ metric }) => metric),
    unknown: [
      ...chosen.flatMap(({ metric }) => (labels.has(metric) ? [] : [metric])),
      ...matched,
      ...grouped.filter((label) => !all.includes(label)),
    ],
  };
}
