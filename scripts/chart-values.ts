/** The JSON Schema of the values of charts/tripline. `config` is validated like a configuration file. */
import { Type } from 'typebox';
import { configFileSchema } from './config-file.ts';

/** Validated by Kubernetes, or by the Prometheus Operator, when it is applied. */
const Any = (description: string) => Type.Object({}, { description });
const AnyList = (description: string) => Type.Array(Type.Object({}), { description });
const Exact = <Properties extends Parameters<typeof Type.Object>[0]>(properties: Properties) =>
  Type.Object(Type.Partial(Type.Object(properties)).properties, { additionalProperties: false });

/** Names of objects, each of which is also the name of a folder and of a volume. */
const Names = (description: string) =>
  Type.Array(Type.String({ pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 53 }), { description });

export const chartValuesSchema = {
  // Every Helm 3 supports this draft.
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Values of the chart tripline',
  ...Exact({
    mode: Type.Enum(['daemonset', 'deployment'], {
      description:
        'daemonset: a Fluent Bit and Tripline in one pod on each control-plane node; deployment: Tripline as a Service.',
    }),
    image: Exact({
      repository: Type.String({ minLength: 1 }),
      tag: Type.String({ description: 'Default: the version of the chart.' }),
    }),
    imagePullSecrets: AnyList('As in a pod.'),
    config: { ...configFileSchema, description: "Tripline's own configuration, merged into what the mode sets." },
    volumes: Type.Record(
      Type.String({ pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' }),
      Type.Object({}, { minProperties: 1, maxProperties: 1 }),
      { description: 'Folders below /var/lib/tripline, each with its volume, as in a pod.' },
    ),
    existingConfigMaps: Names('ConfigMaps that are mounted below /etc/tripline/configmaps.'),
    existingSecrets: Names('Secrets that are mounted below /etc/tripline/secrets.'),
    env: AnyList('Variables of the container, as in a pod.'),
    replicas: Type.Integer({ minimum: 1, description: 'Of a deployment.' }),
    autoscaling: Exact({
      enabled: Type.Boolean(),
      minReplicas: Type.Integer({ minimum: 1 }),
      maxReplicas: Type.Integer({ minimum: 1, description: 'At most as many as a topic has partitions.' }),
      lagPerReplica: Type.Integer({ minimum: 1, description: 'Messages that are yet to be read, for each worker.' }),
      authenticationRef: Type.String({
        pattern: '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$',
        description: 'A TriggerAuthentication of KEDA.',
      }),
    }),
    resources: Any('As in a container.'),
    nodeSelector: Any('As in a pod.'),
    tolerations: AnyList('As in a pod. Default of a daemonset: the taint of control-plane nodes.'),
    affinity: Any('As in a pod. Default of a daemonset: control-plane nodes.'),
    fluentBit: Exact({
      image: Type.String({ minLength: 1 }),
      auditLog: Type.String({ pattern: '^/.*/[^/]+$', description: 'Path on the node, with a pattern for its files.' }),
      outputs: AnyList('Outputs of Fluent Bit for tagged records, which match tripline.*.'),
      existingSecret: Type.String({ description: 'A Secret whose keys are variables in `outputs`.' }),
      resources: Any('As in a container.'),
    }),
    serviceMonitor: Exact({
      enabled: Type.Boolean(),
      labels: Any('By which a Prometheus selects.'),
      endpoint: Any('As an endpoint of a ServiceMonitor.'),
    }),
    prometheusRule: Exact({ enabled: Type.Boolean(), labels: Any('By which a Prometheus selects.') }),
    dashboards: Exact({ enabled: Type.Boolean(), labels: Any('By which a Grafana finds them.') }),
    networkPolicy: Exact({
      enabled: Type.Boolean(),
      from: AnyList('Peers, as in a NetworkPolicy.'),
      egress: AnyList('Rules, as in a NetworkPolicy.'),
    }),
    podDisruptionBudget: Exact({ enabled: Type.Boolean() }),
    global: Any('Used by Helm if another chart contains this one.'),
  }),
};
