/** The configurations in the ConfigMap of examples/pod and those that README.md shows, with their folders and ports replaced by
 * this machine's. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { fencesOf } from '../fences.ts';

const root = join(import.meta.dirname, '../..');
const pod = join(root, 'examples/pod/pod.yaml');

export function podDocument(kind: 'ConfigMap' | 'DaemonSet') {
  const documents = parseAllDocuments(readFileSync(pod, 'utf8')).map((document) => document.toJS());
  return documents.find((document) => document.kind === kind);
}

/** The files of the ConfigMap, by name. */
export function podFiles(): Record<string, string> {
  return podDocument('ConfigMap').data;
}

interface Places {
  /** Folder of the audit log. */
  logs: string;
  triplinePort: number;
  forwardPort: number;
}

/** Writes both files of the ConfigMap, and the password that an init container of the pod generates, and returns their
 * paths. */
export function writePodFiles(folder: string, places: Places) {
  const { 'fluent-bit.yaml': collector, 'tripline.yaml': tripline } = podFiles();
  writeFileSync(join(folder, 'password'), 's3cret');
  return writeFiles(folder, { collector: collector!, tripline: tripline! }, places);
}

/** Writes both files that README.md shows and returns their paths. */
export function writeReadmeFiles(folder: string, places: Places) {
  const [collector, tripline] = fencesOf('README.md')
    .filter(({ language }) => language === 'yaml')
    .map(({ text }) => text);
  return writeFiles(folder, { collector: collector!, tripline: tripline! }, places);
}

type Files = Record<'collector' | 'tripline', string>;

function writeFiles(folder: string, { collector, tripline }: Files, places: Places): Files {
  const { logs, triplinePort, forwardPort } = places;
  const placed = (text: string) =>
    text
      .replaceAll('/var/log/kubernetes/audit', logs)
      .replaceAll('/var/lib/fluent-bit', join(folder, 'collector'))
      .replaceAll('/run/tripline/password', join(folder, 'password'))
      .replaceAll('/var/lib/tripline', join(folder, 'tripline'))
      .replaceAll('9870', String(triplinePort))
      .replaceAll('24224', String(forwardPort));
  const files = { collector: join(folder, 'fluent-bit.yaml'), tripline: join(folder, 'tripline.yaml') };
  writeFileSync(files.collector, placed(collector));
  writeFileSync(files.tripline, placed(tripline));
  return files;
}
