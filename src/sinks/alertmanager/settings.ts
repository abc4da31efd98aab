/** Settings of the sink of alerts. */
import Type, { type Static } from 'typebox';
import { consoleUrlSetting } from '../alerts/settings.ts';
import type { ChoiceSettings } from '../choice/settings.ts';
import { requestFaults, requestSettings, requestTarget, urlSetting } from '../request/settings.ts';
import type { SinkFault } from '../sink.ts';

export const alertmanagerConfig = Type.Object(
  {
    type: Type.Literal('alertmanager'),
    name: Type.String({ minLength: 1, default: 'alertmanager', description: 'Name in logs and metrics.' }),
    urls: Type.Array(urlSetting('Address of an Alertmanager.', 'http://alertmanager.monitoring.svc:9093'), {
      minItems: 1,
      maxItems: 16,
      description: 'Where alerts are sent: each Alertmanager of a cluster, not a load balancer in front of them.',
    }),
    firingSeconds: Type.Integer({
      minimum: 60,
      default: 3600,
      description:
        'How long the alert of a finding fires after it was sent. It must exceed `group_wait` and `group_interval` of its ' +
        'route, or the alert ends before anybody is notified.',
    }),
    consoleUrl: consoleUrlSetting,
    ...requestSettings,
  },
  { additionalProperties: false, title: 'Alertmanager sink' },
);
export type AlertmanagerConfig = Static<typeof alertmanagerConfig> & { records?: ChoiceSettings };

export function alertmanagerFaults({ urls, ...config }: AlertmanagerConfig): SinkFault[] {
  const faults = urls.flatMap((url, index) =>
    requestFaults({ ...config, url, compression: 'none' }).map(({ setting, message }): SinkFault => {
      return { setting: setting[0] === 'url' ? ['urls', index] : setting, message };
    }),
  );
  const isFirst = ({ message }: SinkFault, index: number) =>
    faults.findIndex((one) => one.message === message) === index;
  return faults.filter(isFirst);
}

export function alertmanagerTarget({ urls, ...config }: AlertmanagerConfig): string {
  return urls.map((url) => requestTarget({ ...config, url, compression: 'none' })).join(', ');
}
