/** What Helm renders from the chart. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseAllDocuments } from 'yaml';

export const chart = join(import.meta.dirname, '../charts/tripline');
/** The Kubernetes version to render for. */
export const ofKubernetes = ['--kube-version', '1.36.0'];

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  data: Record<string, string>;
  /** Different for each kind. */
  spec: any;
}

export interface Helm {
  /** Renders values, which may be refused. */
  helm(text: string, ...more: string[]): SpawnSyncReturns<string>;
  /** The objects rendered from values. */
  rendered(text: string, ...more: string[]): KubernetesObject[];
}

/** @param program the path of Helm
 * @param folder where values are written
 * @param from the folder of the chart */
export function openHelm(program: string, folder: string, from = chart): Helm {
  const helm = (text: string, ...more: string[]) => {
    const values = join(folder, 'values.yaml');
    writeFileSync(values, text);
    const args = ['template', 'tripline', from, '--namespace', 'audit', '--values', values];
    return spawnSync(program, [...args, ...ofKubernetes, ...more], { encoding: 'utf8' });
  };
  return {
    helm,
    rendered(text, ...more) {
      const { status, stdout, stderr } = helm(text, ...more);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return parseAllDocuments(stdout).map((document) => document.toJS() as KubernetesObject);
    },
  };
}

export const find = (objects: KubernetesObject[], kind: string) => objects.find((one) => one.kind === kind)!;
