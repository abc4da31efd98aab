/** A limit on the memory of a process, as a pod has one: a control group, if this machine allows one to be created. */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MemoryLimit {
  /** Runs a command under the limit. */
  around(command: readonly string[]): string[];
  /** To be called when the process has ended. */
  remove(): void;
}

const versions = [
  { root: '/sys/fs/cgroup', has: 'cgroup.controllers', limit: 'memory.max' },
  { root: '/sys/fs/cgroup/memory', has: 'memory.limit_in_bytes', limit: 'memory.limit_in_bytes' },
];

/** The kernel ends a process that exceeds it. Undefined if no group can be created: then it has to be watched. */
export function limitMemory(mebibytes: number): MemoryLimit | undefined {
  for (const { root, has, limit } of versions) {
    if (!existsSync(join(root, has))) continue;
    const group = join(root, `tripline-siege-${process.pid}-${Date.now()}`);
    try {
      mkdirSync(group);
      writeFileSync(join(group, limit), String(mebibytes * 1024 * 1024));
    } catch {
      if (existsSync(group)) rmdirSync(group);
      continue;
    }
    return {
      around: (command) => ['/bin/sh', '-c', `echo $$ > ${group}/cgroup.procs && exec "$@"`, 'sh', ...command],
      remove: () => rmdirSync(group),
    };
  }
  return undefined;
}
