/** Settings of a spool. */
import Type, { type Static } from 'typebox';

const MiB = 1024 * 1024;

export const spoolSettings = Type.Object(
  {
    path: Type.String({
      minLength: 1,
      description: 'Folder on a local disk, for this sink and this process alone. It is created if it does not exist.',
    }),
    maxBytes: Type.Integer({
      minimum: 16 * MiB,
      default: 1024 * MiB,
      description: 'Maximum bytes of the folder; beyond it senders are asked to retry (503).',
    }),
    maxAgeSeconds: Type.Integer({
      minimum: 1,
      default: 7 * 86_400,
      description:
        'How long a batch may wait to be sent. One that has waited longer is moved to the folder `set-aside` in `path`, ' +
        'which counts towards `maxBytes`, and is not sent.',
    }),
  },
  {
    additionalProperties: false,
    description:
      'A folder that batches are written to before their sender is answered, and sent from. Default: the sender waits ' +
      'until the sink has them.',
  },
);
export type SpoolSettings = Static<typeof spoolSettings>;
