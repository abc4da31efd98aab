/** All dashboards, by file name. */
import { findingsOn } from './findings.ts';
import { type Dashboard, dashboardJson } from './grafana.ts';
import { operations } from './operations.ts';
import { clickhouse } from './stores/clickhouse.ts';
import { elasticsearch } from './stores/elasticsearch.ts';
import { loki } from './stores/loki.ts';

export const stores = [loki, elasticsearch, clickhouse];

export const dashboards: readonly Dashboard[] = [operations, ...stores.map(findingsOn)];

/** Its path in the chart, which the compose file uses as well. */
export const pathOf = ({ uid }: Dashboard) => `charts/tripline/dashboards/${uid.replace('tripline-', '')}.json`;

export const dashboardFiles: Record<string, () => object> = Object.fromEntries(
  dashboards.map((dashboard) => [pathOf(dashboard), () => dashboardJson(dashboard)]),
);
