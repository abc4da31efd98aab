/** Settings of the input for the forward protocol, as Fluent Bit and fluentd send it. */
import Type, { type Static } from 'typebox';
import { isMap, type JsonMap } from '../json/map.ts';
import { quote } from '../sigma/rule-problem.ts';
import { ListenerTls, readListenerTls } from './listener-tls.ts';
import type { Fault } from './schema-faults.ts';
import { secret } from './secrets.ts';

const closed = { additionalProperties: false };
const { cert, key, minVersion } = ListenerTls.properties;

export const ForwardInput = Type.Object(
  {
    listen: Type.Optional(
      Type.String({
        pattern: '^(\\[[0-9a-fA-F:]+\\]|[^:\\[\\]]+):[0-9]{1,5}$',
        examples: ['127.0.0.1:24225'],
        description: 'Address and port for TCP, such as 127.0.0.1:24225.',
      }),
    ),
    unixPath: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 107,
        description:
          'Unix socket, in addition to or instead of TCP; it is removed on shutdown. Only unixMode decides who may ' +
          'open it.',
      }),
    ),
    unixMode: Type.Enum(['0600', '0660', '0666'], {
      default: '0600',
      description: 'Who may open the Unix socket: the user of Tripline, also its group, or everybody who can reach it.',
    }),
    sharedKey: Type.Optional(secret('What senders over TCP must know: shared_key of Fluent Bit and fluentd.')),
    users: Type.Optional(
      Type.Array(
        Type.Object(
          {
            username: Type.String({ minLength: 1 }),
            password: secret('A user may have several entries, for example while its password is changed.'),
          },
          closed,
        ),
        { minItems: 1, description: 'Senders must also name one of these and give its password; needs a sharedKey.' },
      ),
    ),
    tls: Type.Optional(
      Type.Object(
        {
          cert,
          key,
          clientCa: Type.Optional(
            Type.String({
              minLength: 1,
              description:
                'PEM file with the authorities that sign the certificates of clients: a client without one cannot ' +
                'connect.',
            }),
          ),
          minVersion,
        },
        { ...closed, description: 'TLS on TCP. Changed files are reloaded without a restart. Default: none.' },
      ),
    ),
  },
  {
    ...closed,
    description:
      'Also accepts records over the forward protocol: from the forward output of Fluent Bit, and from fluentd. A ' +
      'message is acknowledged when every sink has its records. Changed secrets are reloaded without a restart. ' +
      'Default: off.',
  },
);
export type ForwardInput = Static<typeof ForwardInput>;

/** The settings of TLS in the form that the HTTP listener uses. */
export function forwardTls({ tls }: ForwardInput): ListenerTls | undefined {
  return tls && { ...tls, requireClientCertificate: tls.clientCa !== undefined };
}

/** What no schema can express about these settings.
 * @param settings all of them; of any type if the schema has reported that already */
export function forwardInputFaults({ forward, listen, sinks }: JsonMap): Fault[] {
  if (!isMap(forward)) return [];
  const faults: Fault[] = [];
  const add = (setting: readonly string[], message: string) =>
    faults.push({
      setting: ['forward', ...setting],
      message: `forward${setting.map((step) => `.${step}`).join('')}${message}`,
    });
  if (forward.listen === undefined && forward.unixPath === undefined) {
    add([], ' listens nowhere; set listen (127.0.0.1:24225), unixPath or both');
  }
  if (typeof listen === 'string' && forward.listen === listen && !listen.endsWith(':0')) {
    add(['listen'], `: ${quote(listen)} is where Tripline listens for HTTP; write another port`);
  }
  if (forward.users !== undefined && forward.sharedKey === undefined) {
    add(['users'], ' need a sharedKey, which the handshake begins with; set it');
  }
  for (const setting of ['sharedKey', 'users', 'tls']) {
    if (forward[setting] !== undefined && forward.listen === undefined) {
      add(
        [setting],
        ' is for TCP, and no address is set; set listen, or leave it out: unixMode guards the Unix socket',
      );
    }
  }
  if (Array.isArray(sinks) && sinks.length === 0) {
    add([], ' receives records that have nowhere to go; add a sink (sinks: [{ type: forward, ... }])');
  }
  const tls = forwardTls(forward as ForwardInput);
  try {
    if (tls !== undefined && typeof tls.cert === 'string' && typeof tls.key === 'string') readListenerTls(tls);
  } catch (error) {
    const { setting, message } = error as Error & { setting: string };
    faults.push({ setting: ['forward', 'tls', setting], message: `forward.${message}` });
  }
  return faults;
}
