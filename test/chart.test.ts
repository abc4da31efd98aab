/**
 * The chart: checks of its files, and of what the programs that these variables name do with it.
 *
 *   HELM            lints it, and renders each mode and each example of docs/kubernetes.md
 *   PROMTOOL        runs the tests of its alerts
 *   KUBECONFORM     checks what is rendered against the schemas at KUBECONFORM_SCHEMAS, or those that it fetches
 *   CONTROL_PLANE   a folder with etcd and kube-apiserver, which accepts what is rendered in a dry run; definitions of the
 *                   Prometheus Operator are read from the folder PROMETHEUS_CRDS, those of KEDA from KEDA_CRDS
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs, { globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { type ApiServer, startApiServer, webhookAt } from './e2e/control-plane/api-server.ts';
import { podDocument } from './e2e/shown-files.ts';
import { fencesOf } from './fences.ts';
import { chart, find, type KubernetesObject, ofKubernetes, openHelm } from './helm.ts';
import { askedBy } from './metrics-page.ts';

const root = join(import.meta.dirname, '..');
const bundledRules = join(root, 'rules');
const certificates = join(root, 'test/fixtures/tls/listener');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const { HELM, PROMTOOL, KUBECONFORM, KUBECONFORM_SCHEMAS, CONTROL_PLANE, PROMETHEUS_CRDS, KEDA_CRDS } = process.env;

const values = parse(read('charts/tripline/values.yaml'));
const { groups } = parse(read('charts/tripline/alerts.yaml')) as { groups: { rules: Alert[] }[] };
const alerts = groups.flatMap(({ rules }) => rules);
const { version } = JSON.parse(read('package.json')) as { version: string };

interface Alert {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; description: string };
}

/** The values that docs/kubernetes.md shows, after the configuration of a daemonset. */
const [ofDaemonset, ...examples] = fencesOf('docs/kubernetes.md')
  .filter(({ mark }) => mark === 'chart.test.ts')
  .map(({ line, text }) => ({ line, text }));
const cases = [{ line: 'values.yaml', text: '{}' }, ...examples];

describe('values', () => {
  const schema = JSON.parse(read('charts/tripline/values.schema.json'));
  const validate = new Ajv({ strict: false, logger: false }).compile(schema);
  const faults = (given: unknown) => (validate(given) ? [] : validate.errors!.map((error) => error.instancePath));

  test('cover the whole schema, each with a default', () => {
    const keys = ({ properties }: { properties: object }) => Object.keys(properties).filter((key) => key !== 'global');
    expect(Object.keys(values)).toEqual(keys(schema));
    for (const key of [
      'image',
      'fluentBit',
      'serviceMonitor',
      'prometheusRule',
      'dashboards',
      'networkPolicy',
      'autoscaling',
    ]) {
      expect(Object.keys(values[key]), key).toEqual(keys(schema.properties[key]));
    }
    expect(faults(values)).toEqual([]);
  });

  test.each(examples)('of docs/kubernetes.md:$line fit the schema', ({ text }) => {
    expect(faults(parse(text))).toEqual([]);
  });

  test.each([
    ['a mode that there is not', { mode: 'statefulset' }, '/mode'],
    ['a value that there is not', { podLabels: {} }, ''],
    ['a setting that there is not', { config: { lissten: ':9870' } }, '/config'],
    ['a setting of another type', { config: { limits: { maxRecords: 'many' } } }, '/config/limits/maxRecords'],
    ['a volume that is two', { volumes: { state: { emptyDir: {}, hostPath: {} } } }, '/volumes/state'],
    ['a name that is no name', { existingSecrets: ['../x'] }, '/existingSecrets/0'],
  ])('%s is refused', (_, given, path) => {
    expect(faults(given)).toContain(path);
  });
});

test('the chart has the version of Tripline, and examples/pod matches the chart', () => {
  expect(parse(read('charts/tripline/Chart.yaml'))).toMatchObject({ version, appVersion: version });
  const { initContainers, containers } = podDocument('DaemonSet').spec.template.spec;
  const tripline = initContainers.find(({ name }: { name: string }) => name === 'tripline');
  expect(tripline.image).toBe(`${values.image.repository}:${version}`);
  expect(tripline.resources).toEqual(values.resources);
  expect(containers[0]).toMatchObject({ image: values.fluentBit.image, resources: values.fluentBit.resources });
  expect(parse(podDocument('ConfigMap').data['tripline.yaml'])).toEqual(parse(ofDaemonset!.text));
});

test('the pod creates a password that its containers can read, and does so once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-password-'));
  const { initContainers } = podDocument('DaemonSet').spec.template.spec;
  const { command } = initContainers.find(({ name }: { name: string }) => name === 'password');
  const path = join(folder, 'password');
  const made = () => {
    runInNewContext(command.at(-1).replace('/run/tripline/password', path), {
      fs,
      require: createRequire(import.meta.url),
    });
    return { mode: statSync(path).mode & 0o777, text: readFileSync(path, 'utf8') };
  };
  const first = made();
  expect(first).toEqual({ mode: 0o444, text: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(made()).toEqual(first);
  rmSync(folder, { recursive: true });
});

describe('an alert', () => {
  test.each(alerts)('$alert uses only labels that its metrics have', ({ expr }) => {
    const { metrics, unknown } = askedBy(expr);
    expect(metrics).not.toEqual([]);
    expect(unknown).toEqual([]);
  });

  test.each(alerts)('$alert says what to do, and has a test in which it fires', ({ alert, labels, annotations }) => {
    expect(['critical', 'warning']).toContain(labels.severity);
    expect(annotations.summary.length).toBeLessThan(90);
    expect(annotations.description.length).toBeGreaterThan(80);
    expect(read('charts/tripline/tests/alerts.yaml')).toContain(`alertname="${alert}"`);
  });

  if (PROMTOOL === undefined) test.skip('fires as its test says: set PROMTOOL to the program');
  else {
    test('fires as its test says, and not otherwise', () => {
      const run = (...args: string[]) => spawnSync(PROMTOOL, args, { cwd: chart, encoding: 'utf8' });
      expect(run('check', 'rules', '--lint=all', '--lint-fatal', 'alerts.yaml')).toMatchObject({ status: 0 });
      const { status, stdout, stderr } = run('test', 'rules', 'tests/alerts.yaml');
      expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
    }, 60_000);
  }
});

if (HELM === undefined) {
  test.skip('the chart is rendered: set HELM to the program');
} else {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-chart-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const { helm, rendered } = openHelm(HELM, folder);
  const triplineOf = ({ spec }: KubernetesObject) =>
    [...(spec.template.spec.initContainers ?? []), ...spec.template.spec.containers].find(
      ({ name }) => name === 'tripline',
    );

  test('helm finds nothing to fix', () => {
    const text = execFileSync(HELM, ['lint', '--strict', ...ofKubernetes, chart], { encoding: 'utf8' });
    expect(text).not.toMatch(/WARNING|ERROR/);
  });

  test('examples/pod is what it renders by default', () => {
    expect(helm('{}').stdout).toBe(read('examples/pod/pod.yaml'));
  });

  describe.each(cases)('$line', ({ text }) => {
    const objects = rendered(text);

    test('has a configuration that Tripline accepts', async () => {
      const { loadConfig } = await import('../src/config/index.ts');
      const config = find(objects, 'ConfigMap').data['tripline.yaml']!;
      const environment: Record<string, string> = {};
      const mounted = config
        .replace(/\$\{file:.*?\}/g, () => {
          const name = `SECRET_${Object.keys(environment).length}`;
          environment[name] = `of-some-length-${name}`;
          return `\${${name}}`;
        })
        .replace(/\/etc\/tripline\/secrets\/.*\/ca\.crt/g, join(certificates, 'authority.cert.pem'))
        .replace(/\/etc\/tripline\/secrets\/.*\/tls\.crt/, join(certificates, 'listener.cert.pem'))
        .replace(/\/etc\/tripline\/secrets\/.*\/tls\.key/, join(certificates, 'listener.key.pem'));
      const path = join(folder, 'tripline.yaml');
      writeFileSync(path, mounted);
      const loaded = loadConfig({ path, overrides: {}, environment, bundledRules });
      expect(loaded.auth).toBeDefined();
      expect(config).not.toMatch(/\de\+/);
    });

    test('lets no pod write outside its volumes, run as root without need, or reach the API server', () => {
      const workload = objects.find(({ kind }) => ['DaemonSet', 'Deployment'].includes(kind))!;
      expect(workload.spec.template.spec.automountServiceAccountToken).toBe(false);
      expect(triplineOf(workload).securityContext).toMatchObject({ runAsNonRoot: true, readOnlyRootFilesystem: true });
      const { volumes } = workload.spec.template.spec;
      const mounts = triplineOf(workload).volumeMounts as { name: string }[];
      expect(mounts.filter(({ name }) => !volumes.some((volume: { name: string }) => volume.name === name))).toEqual(
        [],
      );
    });
  });

  test('a change to the configuration replaces pods, a change to anything else does not', () => {
    const checksum = (text: string) => find(rendered(text), 'DaemonSet').spec.template.metadata.annotations;
    expect(checksum('config: { logLevel: debug }')).not.toEqual(checksum('{}'));
    expect(checksum('networkPolicy: { enabled: true }')).toEqual(checksum('{}'));
  });

  test('port, scheme and termination grace period follow the configuration', () => {
    const settings = { listen: '[::]:8443', drainSeconds: 40, tls: { cert: '/a', key: '/b' } };
    const objects = rendered(stringify({ config: settings, serviceMonitor: { enabled: true } }));
    const { spec } = find(objects, 'DaemonSet').spec.template;
    expect(spec.terminationGracePeriodSeconds).toBe(60);
    expect(triplineOf(find(objects, 'DaemonSet'))).toMatchObject({
      ports: [{ containerPort: 8443 }],
      readinessProbe: { httpGet: { scheme: 'HTTPS' } },
    });
    expect(find(objects, 'Service').spec).toMatchObject({ clusterIP: 'None', ports: [{ port: 8443 }] });
    expect(find(objects, 'ServiceMonitor').spec.endpoints).toMatchObject([{ scheme: 'https', path: '/metrics' }]);
  });

  test('dashboards are ConfigMaps that Grafana finds', () => {
    const maps = rendered('dashboards: { enabled: true }').filter(({ metadata }) => metadata.labels?.grafana_dashboard);
    const files = globSync('charts/tripline/dashboards/*.json', { cwd: root });
    const texts = maps.flatMap(({ data }) => Object.values(data as Record<string, string>));
    expect(texts.toSorted()).toEqual(files.map(read).toSorted());
  });

  test('the forward protocol has a port wherever HTTP has one', () => {
    const config = { auth: { bearer: '${TOKEN}' }, forward: { listen: '0.0.0.0:24225', sharedKey: '${KEY}' } };
    const objects = rendered(stringify({ mode: 'deployment', config, networkPolicy: { enabled: true, from: [{}] } }));
    expect(triplineOf(find(objects, 'Deployment')).ports).toContainEqual({ name: 'forward', containerPort: 24225 });
    expect(find(objects, 'Service').spec.ports).toContainEqual({ name: 'forward', port: 24225, targetPort: 'forward' });
    expect(find(objects, 'NetworkPolicy').spec.ingress[0].ports).toEqual([{ port: 'http' }, { port: 'forward' }]);
  });

  test('only one process uses a persistent volume', () => {
    const kept = { mode: 'deployment', volumes: { state: { persistentVolumeClaim: { claimName: 'a' } } } };
    const text = stringify({ ...kept, config: { auth: { bearer: '${TOKEN}' } } });
    const { spec } = find(rendered(text), 'Deployment');
    expect(spec.strategy).toEqual({ type: 'Recreate' });
    expect(spec.template.spec.securityContext).toMatchObject({ fsGroup: 65532 });
    const openShift = find(rendered(text, '--api-versions', 'security.openshift.io/v1'), 'Deployment');
    expect(openShift.spec.template.spec.securityContext).toBeUndefined();
    expect(helm(text, '--set', 'replicas=2').stderr).toContain('volumes.state: 2 replicas would write to one volume');
  });

  test('it is not installed on Kubernetes without restartable init containers', () => {
    expect(helm('{}', '--kube-version', '1.28.0').stderr).toContain('requires kubeVersion');
  });

  test.each([
    ['a Service without credentials', { mode: 'deployment' }, 'config.auth: without it everybody'],
    [
      'a forward input without credentials',
      { config: { forward: { listen: '0.0.0.0:24225' } } },
      'config.forward: without sharedKey',
    ],
    [
      'certificates that no probe has',
      { config: { tls: { cert: 'a', key: 'b', clientCa: 'c', requireClientCertificate: true } } },
      'requireClientCertificate: the kubelet',
    ],
    [
      'a ConfigMap that changes nothing',
      { existingConfigMaps: ['ours'] },
      'names /etc/tripline/configmaps/ours; add it',
    ],
    [
      'a Secret that changes nothing',
      { existingSecrets: ['ours'] },
      'names a file of /etc/tripline/secrets/ours; write',
    ],
    ['a setting that there is not', { config: { lissten: 'x' } }, 'lissten'],
  ])('%s is refused, and the message says what to do', (_, given, message) => {
    expect(helm(stringify(given)).stderr).toContain(message);
  });

  if (KUBECONFORM === undefined) test.skip('fits the schemas of Kubernetes: set KUBECONFORM to the program');
  else {
    test('fits the schemas of Kubernetes', () => {
      const crds =
        'https://raw.githubusercontent.com/datreeio/CRDs-catalog/main/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json';
      const schemas = (KUBECONFORM_SCHEMAS?.split(' ') ?? ['default', crds]).flatMap((at) => ['-schema-location', at]);
      for (const { text } of cases) {
        const input = helm(text).stdout;
        const { status, stdout } = spawnSync(KUBECONFORM, ['-strict', '-summary', ...schemas], {
          input,
          encoding: 'utf8',
        });
        expect({ status, stdout }).toMatchObject({ status: 0 });
      }
    }, 120_000);
  }

  if (CONTROL_PLANE === undefined)
    test.skip('is accepted by kube-apiserver: set CONTROL_PLANE to a folder with it and etcd');
  else acceptedBy(rendered, folder);
}

/** Has a real API server validate every field of what is rendered, and pods by the Pod Security of their namespace. */
function acceptedBy(rendered: (text: string) => KubernetesObject[], folder: string) {
  const definitions: Record<string, string | undefined> = {
    'monitoring.coreos.com': PROMETHEUS_CRDS,
    'keda.sh': KEDA_CRDS,
  };
  let server: ApiServer;
  const headers = { 'content-type': 'application/yaml' };
  const plural = (kind: string) => (kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`).toLowerCase();
  const post = (object: KubernetesObject, namespace: string) => {
    const group = object.apiVersion.includes('/') ? `apis/${object.apiVersion}` : `api/${object.apiVersion}`;
    const path = `/${group}/namespaces/${namespace}/${plural(object.kind)}?dryRun=All&fieldValidation=Strict`;
    const body = stringify({ ...object, metadata: { ...object.metadata, namespace } });
    return server.request('admin', `POST ${path}`, { headers, body });
  };

  beforeAll(async () => {
    server = await startApiServer(
      folder,
      join(root, 'examples/audit-policy/policy.yaml'),
      webhookAt('http://127.0.0.1:1'),
    );
    for (const level of ['restricted', 'privileged']) {
      const labels = { 'pod-security.kubernetes.io/enforce': level };
      const body = stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: level, labels } });
      expect(await server.request('admin', 'POST /api/v1/namespaces', { headers, body })).toMatchObject({ code: 201 });
    }
    const folders = Object.values(definitions).filter((one) => one !== undefined);
    for (const path of folders.flatMap((one) => globSync(join(one, '*.yaml')))) {
      const line = 'POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions';
      const answer = await server.request('admin', line, { headers, body: readFileSync(path, 'utf8') });
      expect(answer).toMatchObject({ code: 201 });
    }
  }, 120_000);
  afterAll(() => server?.stop());

  test.each(cases)('kube-apiserver accepts the objects of $line', { timeout: 60_000 }, async ({ text }) => {
    const isDaemonset = parse(text).mode === undefined;
    const [own, other] = isDaemonset ? ['privileged', 'restricted'] : ['restricted', 'privileged'];
    for (const object of rendered(text)) {
      const [group] = object.apiVersion.split('/');
      if (group! in definitions && definitions[group!] === undefined) continue;
      // A definition is served a moment after it is created.
      await expect.poll(() => post(object, own!), { timeout: 20_000 }).toMatchObject({ code: 201 });
      if (!['DaemonSet', 'Deployment'].includes(object.kind)) continue;
      const pod = { ...object, apiVersion: 'v1', kind: 'Pod', spec: object.spec.template.spec };
      expect(await post(pod, own!)).toMatchObject({ code: 201 });
      expect((await post(pod, other!)).code).toBe(isDaemonset ? 403 : 201);
    }
  });
}
