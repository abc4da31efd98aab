/** Writes what is generated from declarations: `node scripts/generate.ts`. With --check it writes nothing and fails if a file
 * differs from what it would write. It never writes an Avro schema that cannot replace the released ones, nor any of the
 * released ones. */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { avroSchema } from '../src/avro/schema.ts';
import { FindingRow } from '../src/findings/forms/finding.ts';
import { AuditEvent, Finding } from '../src/record.ts';
import { Tag, TaggedRecord } from '../src/tag.ts';
import { alertsPage } from './alerts-page.ts';
import { incompatibilities } from './avro-compatibility.ts';
import { caseFileSchema } from './case-files.ts';
import { chartValuesSchema } from './chart-values.ts';
import { compiledWalk } from './compiled-walk.ts';
import { configFileSchema } from './config-file.ts';
import { dashboardFiles } from './dashboards/index.ts';
import { dashboardsPage } from './dashboards/page.ts';
import { doctorPage } from './doctor-page.ts';
import { findingsTemplate } from './findings-template.ts';
import { indexTemplate } from './index-template.ts';
import { commandsPage, configurationPage, fieldsPage, problemsPage } from './pages.ts';
import { exceptionFileSchema, listFileSchema, ruleFileSchema } from './rule-files.ts';
import { coveragePage, lintPage, rulesPage } from './rule-pages.ts';

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
const jsonSchema = (declaration: object) =>
  json({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...declaration });

const generated: Record<string, () => string> = {
  'src/outline/walk-code.ts': () => compiledWalk(),
  'schemas/audit-event.avsc': () => json(avroSchema(AuditEvent)),
  'schemas/finding.avsc': () => json(avroSchema(Finding)),
  'schemas/tagged-record.avsc': () => json(avroSchema(TaggedRecord)),
  'schemas/tag.schema.json': () => jsonSchema(Tag),
  'schemas/finding.schema.json': () => jsonSchema(FindingRow),
  'schemas/config.schema.json': () => jsonSchema(configFileSchema),
  'schemas/rule.schema.json': () => jsonSchema(ruleFileSchema),
  'schemas/exceptions.schema.json': () => jsonSchema(exceptionFileSchema),
  'schemas/list.schema.json': () => jsonSchema(listFileSchema),
  'charts/tripline/values.schema.json': () => json(chartValuesSchema),
  'schemas/cases.schema.json': () => jsonSchema(caseFileSchema),
  'examples/opensearch/index-template.json': () => json(indexTemplate),
  'examples/opensearch/findings-template.json': () => json(findingsTemplate),
  ...Object.fromEntries(Object.entries(dashboardFiles).map(([path, make]) => [path, () => json(make())])),
  'docs/reference/alerts.md': alertsPage,
  'docs/reference/dashboards.md': dashboardsPage,
  'docs/reference/commands.md': commandsPage,
  'docs/reference/configuration.md': configurationPage,
  'docs/reference/fields.md': fieldsPage,
  'docs/reference/problems.md': problemsPage,
  'docs/reference/rules.md': rulesPage,
  'docs/reference/coverage.md': coveragePage,
  'docs/reference/lint.md': lintPage,
  'docs/reference/doctor.md': doctorPage,
};

/** Why a file must not be generated as it would be. */
function refusals(path: string, text: string): string[] {
  if (!path.endsWith('.avsc')) return [];
  const name = path.slice('schemas/'.length);
  return globSync(`schemas/released/*/${name}`, { cwd: new URL('..', import.meta.url) }).flatMap((released) => {
    const schema = JSON.parse(readFileSync(new URL(`../${released}`, import.meta.url), 'utf8'));
    return incompatibilities(schema, JSON.parse(text)).map((fault) => `${path} cannot follow ${released}: ${fault}`);
  });
}

const check = process.argv.includes('--check');
let stale = 0;
for (const [path, make] of Object.entries(generated)) {
  const file = new URL(`../${path}`, import.meta.url);
  const text = make();
  const refused = refusals(path, text);
  for (const why of refused) console.error(`${why} (docs/adding.md, A change of an Avro schema)`);
  if (refused.length > 0) {
    stale++;
    continue;
  }
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  if (check) {
    console.error(`${path} is not what its declaration makes: run npm run generate`);
    stale++;
  } else {
    writeFileSync(file, text);
    console.log(`wrote ${path}`);
  }
}
process.exitCode = stale === 0 ? 0 : 1;
