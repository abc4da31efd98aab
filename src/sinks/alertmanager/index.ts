/** Sends findings to Alertmanager, as alerts. */
import type { Sink, SinkDependencies } from '../sink.ts';
import type { AlertmanagerConfig } from './settings.ts';

export { alertmanagerConfig, alertmanagerFaults, alertmanagerTarget } from './settings.ts';

export async function openAlertmanager(config: AlertmanagerConfig, dependencies: SinkDependencies): Promise<Sink> {
  // Loaded on demand: few have such a sink.
  const { openAlerts } = await import('./alerts.ts');
  return openAlerts(config, dependencies);
}
