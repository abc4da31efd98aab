/** The configurations in the ConfigMap of examples/pod, with this machine's folders and ports in the place of the pod's. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const pod = join(import.meta.dirname, '../../examples/pod/pod.yaml');

export function podDocument(kind: 'ConfigMap' | 'DaemonSet') {
  const documents = parseAllDocuments(readFileSync(pod, 'utf8')).map((document) => document.toJS());
  return documents.find((document) => document.kind === kind);
}

/** The files of the ConfigMap, by their names. */
export function podFiles(): Record<string, string> {
  return podDocument('ConfigMap').data;
}

interface Places {
  /** Folder of the audit log. */
  logs: string;
  triplinePort: number;
  forwardPort: number;
}

/** Writes both files and gives their paths. */
export function writePodFiles(folder: string, { logs, triplinePort, forwardPort }: Places) {
  const placed = (text: string) =>
    text
      .replaceAll('/var/log/kubernetes/audit', logs)
      .replaceAll('/var/lib/fluent-bit', join(folder, 'collector'))
      .replaceAll('/var/lib/tripline', join(folder, 'tripline'))
      .replaceAll('9870', String(triplinePort))
      .replaceAll('24224', String(forwardPort));
  const files = { collector: join(folder, 'fluent-bit.yaml'), tripline: join(folder, 'tripline.yaml') };
  writeFileSync(files.collector, placed(podFiles()['fluent-bit.yaml']!));
  writeFileSync(files.tripline, placed(podFiles()['tripline.yaml']!));
  return files;
}
