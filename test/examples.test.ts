/** Every example runs: its input gives its expected output. UPDATE_FIXTURES=1 rewrites the output; read it then. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments, parseDocument } from 'yaml';
import { readArguments } from '../src/command-line/arguments.ts';
import { scanCommand } from '../src/commands/scan/index.ts';
import { partOf } from '../src/commands/scan/part.ts';
import { loadConfig } from '../src/config/index.ts';
import { loadRules } from '../src/rules/index.ts';
import { podDocument, podFiles } from './e2e/shown-files.ts';
import { bundledRules, testServer } from './server/app.ts';
import { startSidecar } from './sidecar.ts';

const examples = fileURLToPath(new URL('../examples', import.meta.url));
const mediaTypes: Record<string, string> = { json: 'application/json', ndjson: 'application/x-ndjson' };
const { ruleset } = loadRules({ rules: [bundledRules] });
const server = testServer({}, { rules: [bundledRules] });
afterAll(() => server.app.close());

const cases = readdirSync(examples).flatMap((name) =>
  Object.keys(mediaTypes)
    .filter((extension) => existsSync(join(examples, name, `input.${extension}`)))
    .map((extension) => ({ name, extension })),
);

test('there are examples for the quickstart and each platform', () => {
  expect(cases.map(({ name }) => name)).toEqual(['aks', 'eks', 'gke', 'kubernetes', 'quickstart']);
});

describe.each(cases)('$name', ({ name, extension }) => {
  const file = (stem: string) => join(examples, name, `${stem}.${extension}`);

  test('gives the expected output', async () => {
    const reply = await server.app.inject({
      method: 'POST',
      url: '/v1/records?reply=records',
      headers: { 'content-type': mediaTypes[extension] },
      payload: readFileSync(file('input')),
    });
    // The hash of the rule set changes with every rule; what it stands for is tested elsewhere.
    const tagged = reply.body.replaceAll(`"ruleset":"${ruleset.hash}"`, '"ruleset":"…"');
    if (process.env.UPDATE_FIXTURES === '1') writeFileSync(file('expected'), tagged);
    expect(tagged).toBe(readFileSync(file('expected'), 'utf8'));
  });

  test('has a page that names every file', () => {
    const page = readFileSync(join(examples, name, 'README.md'), 'utf8');
    expect(page).toContain(`input.${extension}`);
    expect(page).toContain(`expected.${extension}`);
  });
});

test('the Avro example reads the reply of the sidecar', async () => {
  const sidecar = await startSidecar();
  const script = join(examples, 'avro/read.ts');
  const printed = execFileSync(process.execPath, [script, sidecar.url], { encoding: 'utf8' });
  expect(readFileSync(join(examples, 'avro/README.md'), 'utf8')).toContain(`\n${printed}\`\`\`\n`);
  await sidecar.stop();
});

describe('the pod example', () => {
  const files = podFiles();
  const { pipeline, parsers } = parse(files['fluent-bit.yaml']!);
  const shipped = parse(readFileSync(join(examples, '../fluent-bit/inputs/kubernetes.yaml'), 'utf8'));

  test('has a configuration that Tripline accepts, with a state that outlives the pod', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'tripline-example-')), 'tripline.yaml');
    // An init container creates the password.
    writeFileSync(path, files['tripline.yaml']!.replace(/\$\{file:.*\}/, '${PASSWORD}'));
    const config = loadConfig({ path, overrides: {}, environment: { PASSWORD: 's3cret' }, bundledRules });
    expect(config).toMatchObject({ listen: '0.0.0.0:9870', sinks: [{ type: 'forward', port: 24224 }] });
    const { spec } = podDocument('DaemonSet').spec.template;
    const tripline = spec.initContainers.find(({ name }: { name: string }) => name === 'tripline');
    const { name } = tripline.volumeMounts.find(({ mountPath }: { mountPath: string }) =>
      config.state!.path!.startsWith(`${mountPath}/`),
    );
    const volume = spec.volumes.find((volume: { name: string }) => volume.name === name);
    expect(volume).toHaveProperty('hostPath.path');
  });

  test('reads the audit log as the shipped input does, including rotated files', () => {
    const { path, db, ...settings } = shipped.pipeline.inputs[0];
    const tail = pipeline.inputs.find(({ name }: { name: string }) => name === 'tail');
    const ours = (text: string) => text.replace(/\$\{\w+:-(.*?)\}/g, '$1');
    expect(tail).toEqual({ ...settings, path: ours(path), db: ours(db) });
    expect(parsers).toEqual(shipped.parsers);
  });
});

interface AuditPolicyRule {
  level: string;
  verbs?: string[];
  resources?: { group: string; resources: string[] }[];
  omitStages?: string[];
}

describe('an audit policy that is shown', () => {
  const root = join(examples, '..');
  const [inFidelity] = /^ *apiVersion: audit\.k8s\.io.*?(?=^ *```$)/ms.exec(
    readFileSync(join(root, 'docs/fidelity.md'), 'utf8'),
  )!;
  const policies = {
    'examples/audit-policy/policy.yaml': readFileSync(join(examples, 'audit-policy/policy.yaml'), 'utf8'),
    'docs/fidelity.md': inFidelity,
  };
  // From the declaration of audit.k8s.io/v1: kube-apiserver does not start with any other member or value.
  const members = ['level', 'users', 'userGroups', 'verbs', 'resources', 'nonResourceURLs', 'omitStages'];
  const levels = ['None', 'Metadata', 'Request', 'RequestResponse'];

  describe.each(Object.entries(policies))('%s', (_, text) => {
    const document = parseDocument(text);
    const { apiVersion, kind, omitStages, rules } = document.toJS() as {
      apiVersion: string;
      kind: string;
      omitStages?: string[];
      rules: AuditPolicyRule[];
    };
    const deciding = (verb: string, resource: string) =>
      rules.find(
        (rule) =>
          (rule.verbs?.includes(verb) ?? true) &&
          (rule.resources?.some(({ resources }) => resources.includes(resource)) ?? true) &&
          !('users' in rule || 'userGroups' in rule || 'nonResourceURLs' in rule),
      )!;

    test('is valid for kube-apiserver', () => {
      expect(document.errors).toEqual([]);
      expect({ apiVersion, kind }).toEqual({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy' });
      expect(rules.flatMap((rule) => Object.keys(rule)).filter((member) => !members.includes(member))).toEqual([]);
      expect(rules.map(({ level }) => level).filter((level) => !levels.includes(level))).toEqual([]);
    });

    test('keeps RequestReceived for every patch whose body it logs, and for nothing else', () => {
      expect(omitStages).toBeUndefined();
      const keeping = rules.filter(({ level, omitStages = [] }) => level !== 'None' && omitStages.length === 0);
      const withBodies = rules.filter(
        ({ level, verbs = ['patch'], omitStages = [] }) =>
          level.startsWith('Request') && verbs.includes('patch') && omitStages.length === 0,
      );
      expect(keeping).toEqual(withBodies);
      const decidesPatches = deciding('patch', 'deployments');
      expect(decidesPatches.omitStages === undefined).toBe(decidesPatches.level !== 'Metadata');
    });

    test('logs the bodies of creates and updates', () => {
      for (const resource of ['pods', 'deployments', 'clusterroles', 'configmaps']) {
        expect(deciding('create', resource).level).toBe('RequestResponse');
        expect(deciding('update', resource).level).toBe('RequestResponse');
      }
    });
  });

  test('logs no credentials', () => {
    const { rules } = parseDocument(policies['examples/audit-policy/policy.yaml']).toJS() as {
      rules: AuditPolicyRule[];
    };
    const first = (resource: string) =>
      rules.find(
        ({ verbs, resources }) => !verbs && resources?.some(({ resources: names }) => names.includes(resource)),
      )?.level;
    expect(['secrets', 'tokenreviews', 'serviceaccounts/token'].map(first)).toEqual([
      'Metadata',
      'Metadata',
      'Request',
    ]);
  });
});

describe('the backtest example', () => {
  const documents = parseAllDocuments(readFileSync(join(examples, 'backtest/backtest.yaml'), 'utf8'));
  const [scan, report] = documents.map((document) => document.toJS()).filter(({ kind }) => kind === 'Job');
  const containerOf = (job: any) => job.spec.template.spec.containers[0];

  test('has valid documents, and pods with no more permissions than they need', () => {
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
    for (const job of [scan, report]) {
      expect(containerOf(job).securityContext).toMatchObject({
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      });
      expect(job.spec.template.spec.securityContext.runAsNonRoot).toBe(true);
    }
  });

  test('divides the plan into as many parts as it has pods, each part once', () => {
    const { completionMode, completions, parallelism } = scan.spec;
    expect({ completionMode, parallelism }).toEqual({ completionMode: 'Indexed', parallelism: completions });
    const shards = Array.from({ length: completions }, (_, index) => {
      const args = containerOf(scan).args.map((arg: string) => arg.replace('$(JOB_COMPLETION_INDEX)', String(index)));
      const { options, operands } = argumentsOf(args);
      expect(options.plan).toBe(containerOf(scan).volumeMounts[0].mountPath);
      return partOf(options, operands)!.shard;
    });
    expect(shards).toEqual(Array.from({ length: completions }, (_, index) => ({ index, of: completions })));
  });

  test('makes the report from the same plan', () => {
    const { options, operands } = argumentsOf(containerOf(report).args);
    expect(partOf(options, operands)).toMatchObject({ folder: '/plan', isFinish: true });
  });

  function argumentsOf([command, ...rest]: string[]): any {
    expect(command).toBe(scanCommand.name);
    return readArguments(scanCommand, rest);
  }
});
