/**
 * The dashboards: checks of their files. test/stores/*-dashboard*.test.ts run each query.
 *
 *   GRAFANA_SCHEMAS   a folder with the JSON Schemas of grafana-foundation-sdk (jsonschema/), which each file has to fit
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { operations } from '../scripts/dashboards/operations.ts';
import { askedBy } from './metrics-page.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const { GRAFANA_SCHEMAS } = process.env;

type Json = Record<string, any>;

const files = globSync('charts/tripline/dashboards/*.json', { cwd: root }).sort();
const dashboards: Json[] = files.map((path) => JSON.parse(read(path)));
const panelsOf = ({ panels }: Json): Json[] => panels.filter(({ type }: Json) => type !== 'row');
const named = dashboards.map((dashboard) => ({ uid: dashboard.uid as string, dashboard }));

test('there is one of operations, and one of findings for each store', () => {
  expect(named.map(({ uid }) => uid)).toEqual([
    'tripline-findings-clickhouse',
    'tripline-findings-elasticsearch',
    'tripline-findings-loki',
    'tripline-operations',
  ]);
  const [clickhouse, ...others] = dashboards
    .slice(0, 3)
    .map((dashboard) =>
      panelsOf(dashboard).map(({ title, description, type, gridPos }) => ({ title, description, type, gridPos })),
    );
  for (const other of others) expect(other).toEqual(clickhouse);
});

describe.each(named)('$uid', ({ dashboard }) => {
  const panels = panelsOf(dashboard);

  test('each panel says what it shows and what to do, with its unit', () => {
    for (const { title, description, type, fieldConfig, targets } of panels) {
      expect(['stat', 'timeseries', 'table', 'barchart'], title).toContain(type);
      expect(description.length, title).toBeGreaterThan(50);
      expect(['short', 'cps', 's', 'bytes', 'percentunit'], title).toContain(fieldConfig.defaults.unit);
      expect(targets.length, title).toBeGreaterThan(0);
      for (const { expr, legendFormat } of targets) {
        if (expr && type === 'timeseries') expect(legendFormat, title).toBeTruthy();
      }
    }
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  });

  test('each panel has its own place and id', () => {
    const all: Json[] = dashboard.panels;
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const cells = all.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24);
      return Array.from({ length: w * h }, (_, n) => `${x + (n % w)} ${y + Math.floor(n / w)}`);
    });
    expect(new Set(cells).size).toBe(cells.length);
  });

  test('its reader chooses the data source', () => {
    const [source] = dashboard.templating.list;
    expect(source).toMatchObject({ type: 'datasource', name: 'datasource' });
    const used = panels.flatMap(({ datasource, targets }) => [
      datasource,
      ...targets.map((one: Json) => one.datasource),
    ]);
    for (const one of used) expect(one).toEqual({ type: source.query, uid: '$datasource' });
  });
});

describe('operations', () => {
  const dashboard = named.find(({ uid }) => uid === 'tripline-operations')!.dashboard;
  const exprs = panelsOf(dashboard).flatMap(({ title, targets }) =>
    targets.map(({ expr }: Json) => ({ title, expr: expr as string })),
  );

  test.each(exprs)('$title: metrics and labels are those of Tripline', ({ expr }) => {
    const { metrics, unknown } = askedBy(expr);
    expect(metrics).not.toEqual([]);
    expect(unknown).toEqual([]);
    const selectors = expr.match(/\b(?:tripline|process|v8js|nodejs)_\w+(\{[^}]*\})?/g)!;
    for (const selector of selectors) expect(selector).toContain('{job=~"$job", instance=~"$instance"');
  });

  const { groups } = parse(read('charts/tripline/alerts.yaml')) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  };
  const alerts = groups.flatMap(({ rules }) => rules);
  const declared = operations.rows.flatMap(({ panels }) => panels);

  test.each(alerts)('$alert has its metrics in a panel (scripts/dashboards/operations.ts)', ({ alert, expr }) => {
    const showing = declared.filter((panel) => panel.alerts?.includes(alert));
    expect(showing).not.toEqual([]);
    const shown = showing.flatMap(({ targets }) => targets.flatMap((target) => askedBy(target.expr as string).metrics));
    // There, tripline_build_info only identifies the process.
    const wanted = askedBy(expr).metrics.filter(
      (metric) => metric !== 'tripline_build_info' || alert === 'TriplineAbsent',
    );
    expect(wanted.filter((metric) => !shown.includes(metric))).toEqual([]);
  });

  test('no panel names an alert that does not exist', () => {
    const all = alerts.map(({ alert }) => alert);
    expect(declared.flatMap((panel) => panel.alerts ?? []).filter((alert) => !all.includes(alert))).toEqual([]);
  });
});

describe('findings', () => {
  const schema = JSON.parse(read('schemas/tag.schema.json'));
  /** Whether the tag has a member at this path: `findings[0].level`, `event.username`. */
  const isInTag = (path: string) => {
    let at: Json | undefined = schema;
    for (const step of path.replaceAll(/\[\d+\]/g, '').split('.')) {
      const [inside] = [at?.items ?? at].flatMap((one: Json | undefined) => one?.anyOf ?? [one]);
      at = inside?.properties?.[step];
    }
    return at !== undefined;
  };
  const targetsOf = (store: string): Json[] =>
    panelsOf(named.find(({ uid }) => uid === `tripline-findings-${store}`)!.dashboard).flatMap(
      ({ targets }) => targets,
    );

  test('Loki queries name members of the tag', () => {
    const paths = targetsOf('loki').flatMap(({ expr }) =>
      [...expr.matchAll(/="tripline\.([^"]+)"/g)].map(([, path]) => path),
    );
    expect(paths.length).toBeGreaterThan(30);
    expect(paths.filter((path) => !isInTag(path))).toEqual([]);
  });

  test('Elasticsearch queries name fields of the index template', () => {
    const { properties } = JSON.parse(read('examples/opensearch/index-template.json')).template.mappings;
    const fields = JSON.stringify(targetsOf('elasticsearch')).match(/(?<=")tripline\.[\w.]+(?=")/g)!;
    const queried = JSON.stringify(targetsOf('elasticsearch')).match(/tripline\.[\w.]+(?=:)/g)!;
    expect(fields.length).toBeGreaterThan(50);
    const isMapped = (path: string) =>
      path.split('.').reduce<Json | undefined>((at, step) => (at?.properties ?? at?.fields)?.[step], { properties });
    expect([...fields, ...queried].filter((path) => !isMapped(path))).toEqual([]);
  });

  test('ClickHouse queries name columns of its tables', () => {
    const tables = read('examples/clickhouse/tables.sql');
    const statements = targetsOf('clickhouse').map(({ rawSql }) => rawSql as string);
    for (const sql of statements) {
      const list = /JSONExtractArrayRaw\(record, 'tripline', '(\w+)'\)/.exec(sql)?.[1];
      const members = [...sql.matchAll(/JSONExtractString\(one, '(\w+)'\)/g)].map(([, member]) => `${list}.${member}`);
      expect(members.filter((path) => !isInTag(path))).toEqual([]);
      const columns = [...sql.matchAll(/GROUP BY (.*)|\$__timeFilter\((\w+)\)/g)].flatMap(([, group, time]) =>
        (group ?? time)!.split(', ').filter((name) => !new RegExp(`AS ${name}\\b`).test(sql)),
      );
      for (const column of columns) expect(tables).toMatch(new RegExp(`^ {4}${column} +\\w`, 'm'));
    }
  });
});

if (GRAFANA_SCHEMAS === undefined) {
  test.skip('Grafana’s schemas: set GRAFANA_SCHEMAS to their folder');
} else {
  const schemaOf = (name: string): Json => {
    const text = readFileSync(join(GRAFANA_SCHEMAS, `${name}.jsonschema.json`), 'utf8');
    // The kinds of aggregations overlap in these schemas.
    const schema = JSON.parse(text.replaceAll('"oneOf"', '"anyOf"'));
    // Grafana allows any value here; the schemas declare a map.
    const { MatcherConfig, DynamicConfigValue } = schema.definitions;
    if (MatcherConfig) MatcherConfig.properties.options = {};
    if (DynamicConfigValue) DynamicConfigValue.properties.value = {};
    return schema;
  };
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false, validateFormats: false });
  const faults = (name: string, definition: string, value: unknown) => {
    const schema = { ...schemaOf(name), $ref: `#/definitions/${definition}` };
    const validate = ajv.compile(schema);
    return validate(value)
      ? []
      : validate.errors!.map(({ instancePath, message, params }) => ({ instancePath, message, params }));
  };

  test.each(named)('$uid fits Grafana’s schema', ({ dashboard }) => {
    expect(faults('dashboard', 'Dashboard', dashboard)).toEqual([]);
    for (const { type, title, options, fieldConfig, targets, datasource } of panelsOf(dashboard)) {
      expect({ title, faults: faults(type, 'Options', options) }).toEqual({ title, faults: [] });
      const { custom } = fieldConfig.defaults;
      if (custom) expect({ title, faults: faults(type, 'FieldConfig', custom) }).toEqual({ title, faults: [] });
      const query = { prometheus: 'Dataquery', loki: 'dataquery', elasticsearch: 'dataquery' }[
        datasource.type as string
      ];
      for (const target of query ? targets : []) {
        expect({ title, faults: faults(datasource.type, query!, target) }).toEqual({ title, faults: [] });
      }
    }
  });
}
