/** Settings of a sink that keeps files. */
import Type from 'typebox';

const MiB = 1024 * 1024;

export const fileSettings = {
  path: Type.String({
    minLength: 1,
    description:
      'Folder on a local disk, for this sink and this process alone. It is created if it does not exist. Nothing in it is ever ' +
      'deleted.',
  }),
  maxFileBytes: Type.Integer({
    minimum: 1,
    default: 128 * MiB,
    description: 'Bytes of a file, after which the next begins.',
  }),
  maxFileSeconds: Type.Integer({
    minimum: 1,
    maximum: 7 * 86_400,
    default: 3600,
    description: 'How long a file is written to, after which it is closed.',
  }),
};
