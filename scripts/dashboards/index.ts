/** All dashboards, by the name of their file. */
import { findingsOn } from './findings.ts';
import { type Dashboard, dashboardJson } from './grafana.ts';
import { operations } from './operations.ts';
import { clickhouse } from './stores/clickhouse.ts';
import { elasticsearch } from './stores/elasticsearch.ts';
import { loki } from './stores/loki.ts';

export const stores = [loki, elasticsearch, clickhouse];

export const dashboards: readonly Dashboard[] = [operations, ...stores.map(findingsOn)];

/** Where the chart has it, which is where the compose file takes it from. */
export const pathOf = ({ uid }: Dashboard) => `charts/tripline/dashboards/${uid.replace('tripline-', '')}.json`;

export const dashboardFiles: Record<string, () => object> = Object.fromEntries(
  dashboards.map((dashboard) => [pathOf(dashboard), () => dashboardJson(dashboard)]),
);
