/** A folder that can be full, or refuse to be written: a small file system of its own if one can be mounted, else a folder that
 * is replaced by a file. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, renameSync, rmSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';

export interface Disk {
  path: string;
  /** Whether nothing could be written to it at some time since, in terms of performance.now(). */
  wasBad(since: number): boolean;
  fill(): void;
  makeReadOnly(): void;
  heal(): void;
  /** Releases it. If it was mounted, its contents are lost. */
  close(): void;
}

/** @param bytes its capacity
 * @param mayMount whether a file system may be mounted for it */
export function openDisk(path: string, bytes: number, mayMount: boolean): Disk {
  mkdirSync(path);
  return mayMount && mounts(['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path]) ? mounted(path) : folder(path);
}

function mounts(args: string[]): boolean {
  try {
    execFileSync('mount', args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function mounted(path: string): Disk {
  const filler = `${path}/filler`;
  let state: 'good' | 'full' | 'read-only' = 'good';
  let healed = 0;
  const close = () => {
    process.off('exit', close);
    execFileSync('umount', ['-l', path]);
  };
  process.on('exit', close);

  function fill(): void {
    const file = openSync(filler, 'w');
    try {
      // Down to the last byte.
      for (let size = 1 << 20; size > 0; size >>= 1) while (writesAll(file, size));
    } finally {
      closeSync(file);
    }
    state = 'full';
  }

  return {
    path,
    wasBad: (since) => state !== 'good' || healed > since,
    fill,
    makeReadOnly() {
      // Not while a file is open in it.
      if (mounts(['-o', 'remount,ro', path])) state = 'read-only';
      else fill();
    },
    heal() {
      if (state === 'read-only') execFileSync('mount', ['-o', 'remount,rw', path]);
      if (state === 'full') unlinkSync(filler);
      state = 'good';
      healed = performance.now();
    },
    close,
  };
}

function writesAll(file: number, size: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(size)) === size;
  } catch {
    return false;
  }
}

function folder(path: string): Disk {
  let isBad = false;
  let healed = 0;
  const breakIt = () => {
    renameSync(path, `${path}.away`);
    writeFileSync(path, '');
    isBad = true;
  };
  return {
    path,
    wasBad: (since) => isBad || healed > since,
    fill: breakIt,
    makeReadOnly: breakIt,
    heal() {
      if (!isBad) return;
      rmSync(path);
      renameSync(`${path}.away`, path);
      isBad = false;
      healed = performance.now();
    },
    close() {},
  };
}
