/** The plan of a scan that is done in parts: which inputs, in which units, with which rules. It is a file in a folder, with the
 * results of the units beside it. */
import { hash, randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Config } from '../config/index.ts';
import type { Ruleset } from '../detect.ts';
import { STDIN } from '../inputs/open.ts';
import { type Surroundings, sourcesOf } from '../inputs/sources.ts';
import { Problem } from '../problem.ts';
import { printable } from '../sigma/rule-problem.ts';
import { isAddress } from '../storage/index.ts';
import { writeWhole } from './whole-file.ts';

/** An input as it was when the plan was made. */
export interface PlannedInput {
  name: string;
  /** Bytes as stored. */
  size: number;
  /** Changes whenever it is written. */
  version: string;
}

export interface ScanPlan {
  v: 1;
  /** Of Tripline. */
  version: string;
  /** Hash of the rules. */
  rules: string;
  /** Hash of everything else that affects the result for a record. */
  settings: string;
  /** As given. */
  paths: readonly string[];
  inputs: readonly PlannedInput[];
  /** Numbers of inputs that are scanned one after another: from the first, up to but not including the second. */
  units: readonly (readonly [from: number, to: number])[];
}

const PLAN_FILE = 'plan.json';

/** A year of archives is divided into so many units that the cores finish at about the same time, and a restart repeats little.
 * Larger scans have more units, of MOST_BYTES each. */
const UNITS = 256;
const LEAST_BYTES = 4 * 1024;
const MOST_BYTES = 256 * 1024 * 1024;

export interface PlanRequest {
  folder: string;
  paths: readonly string[];
  version: string;
  ruleset: Ruleset;
  config: Config;
}

/** The plan of a folder, which is made if there is none.
 * @param isPart whether others work on the same plan, so that its inputs have already been listed
 * @throws Problem `config.invalid` if it has other rules, inputs or settings, or if an input cannot be read twice */
export async function openPlan(request: PlanRequest, around: Surroundings, isPart: boolean): Promise<ScanPlan> {
  const { folder } = request;
  const before = await readPlan(folder);
  if (before !== undefined) {
    checkPlan(before, request);
    if (!isPart) checkInputs(before.inputs, await inputsOf(request, around), folder);
    return before;
  }
  const inputs = await inputsOf(request, around);
  const plan: ScanPlan = { ...headOf(request), inputs, units: unitsOf(inputs) };
  await makeFolder(folder);
  const own = join(folder, `.plan-${randomUUID()}`);
  await writeWhole(own, JSON.stringify(plan));
  try {
    // The first of several that start at the same time makes the plan for all.
    await link(own, join(folder, PLAN_FILE));
    return plan;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const made = (await readPlan(folder))!;
    checkPlan(made, request);
    return made;
  } finally {
    await rm(own, { force: true });
  }
}

/** Makes the folder of a plan, if it does not exist.
 * @throws Problem `config.invalid` if a file is in its place */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error) => {
    if (error.code !== 'EEXIST' && error.code !== 'ENOTDIR') throw error;
    throw new Problem(
      'config.invalid',
      `--plan ${printable(folder)} is not a folder, or is inside a file; name a folder`,
    );
  });
}

/** @returns undefined if there is none
 * @throws Problem `config.invalid` for a file that is not a plan */
export async function readPlan(folder: string): Promise<ScanPlan | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, PLAN_FILE), 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code!)) return undefined;
    throw error;
  }
  try {
    const plan = JSON.parse(text) as ScanPlan;
    if (plan.v === 1 && Array.isArray(plan.inputs) && Array.isArray(plan.units)) return plan;
  } catch {
    // Reported below.
  }
  throw refused(folder, 'is not a plan of this version of Tripline');
}

/** Names of the files that a plan leaves in its folder. */
const OWN_FILE = /^(?:plan\.json|\.plan-[0-9a-f-]{36}|unit-\d+\.[\w.-]+|last-[\w.-]+)$/;
/** Names of files that were not written completely. */
const PART_FILE = /^(?:\.plan-|unit-\d+\.\w+\.|last-)/;

/** Removes what a killed process left in the folder. No other process may work on the plan meanwhile. */
export async function sweepParts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (OWN_FILE.test(name) && PART_FILE.test(name)) await rm(join(folder, name), { force: true });
  }
}

/** Removes the plan of a folder with all results; other files stay. */
export async function discardPlan(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  // The plan goes first: files of units without a plan belong to nothing.
  for (const name of names.filter((name) => OWN_FILE.test(name)).sort((a, b) => rankOf(a) - rankOf(b))) {
    await rm(join(folder, name), { force: true });
  }
}

const rankOf = (name: string) => (name === PLAN_FILE ? 0 : 1);

function headOf({ paths, version, ruleset, config }: PlanRequest): Omit<ScanPlan, 'inputs' | 'units'> {
  const { platform, cluster, trustedProxies, limits, dateKey, memberName } = config;
  const settings = hash('sha256', JSON.stringify({ platform, cluster, trustedProxies, limits, dateKey, memberName }));
  return { v: 1, version, rules: ruleset.hash, settings, paths };
}

async function inputsOf({ paths, folder }: PlanRequest, around: Surroundings): Promise<PlannedInput[]> {
  const inputs: PlannedInput[] = [];
  for (const path of paths) {
    if (!isAddress(path) && isWithin(folder, path)) {
      throw new Problem('config.invalid', `the plan's folder ${folder} is in ${path}, which is scanned; use another`);
    }
    const sources = await sourcesOf(path, around).catch((error) => Promise.reject(ofPath(path, error)));
    for (const { name, size, version } of sources) {
      if (path === STDIN || size === undefined || version === undefined) {
        throw new Problem(
          'config.invalid',
          `${name} cannot be read twice: name files, folders or addresses of objects`,
        );
      }
      inputs.push({ name, size, version });
    }
  }
  return inputs;
}

/** A problem for which a body would be refused is a mistake in the command here. */
function ofPath(path: string, error: unknown): unknown {
  if (!(error instanceof Problem) || error.code !== 'body.unreadable') return error;
  return new Problem('config.invalid', `${printable(path)}: ${error.message}`, { cause: error });
}

function isWithin(inner: string, outer: string): boolean {
  const way = relative(resolve(outer), resolve(inner));
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Divides inputs into runs of about equal size in bytes. */
export function unitsOf(inputs: readonly Pick<PlannedInput, 'size'>[]): [from: number, to: number][] {
  const total = inputs.reduce((sum, { size }) => sum + size, 0);
  const wanted = Math.min(MOST_BYTES, Math.max(LEAST_BYTES, total / UNITS));
  const units: [number, number][] = [];
  let from = 0;
  let bytes = 0;
  for (const [index, { size }] of inputs.entries()) {
    bytes += size;
    if (bytes < wanted && index < inputs.length - 1) continue;
    units.push([from, index + 1]);
    from = index + 1;
    bytes = 0;
  }
  return units;
}

function checkPlan(plan: ScanPlan, request: PlanRequest): void {
  const now = headOf(request);
  const what =
    plan.version !== now.version
      ? `was made by Tripline ${plan.version}, and this is ${now.version}`
      : plan.rules !== now.rules
        ? 'was made with other rules, lists, exceptions or overrides'
        : plan.settings !== now.settings
          ? 'was made with other settings (platform, cluster, trustedProxies, limits, dateKey, memberName)'
          : request.paths.length > 0 && JSON.stringify(plan.paths) !== JSON.stringify(now.paths)
            ? `was made for other paths: ${plan.paths.join(' ')}`
            : undefined;
  if (what !== undefined) throw refused(request.folder, what);
}

function checkInputs(before: readonly PlannedInput[], now: readonly PlannedInput[], folder: string): void {
  const found = new Map(now.map((input) => [input.name, input]));
  for (const input of before) {
    const same = found.get(input.name);
    if (same === undefined) throw refused(folder, `has ${input.name}, which no longer exists`);
    if (same.version !== input.version || same.size !== input.size) {
      throw refused(folder, `has ${input.name}, which has been written since`);
    }
  }
  const planned = new Set(before.map(({ name }) => name));
  const more = now.find(({ name }) => !planned.has(name));
  if (more !== undefined) throw refused(folder, `does not have ${more.name}, which is new`);
}

function refused(folder: string, what: string): Problem {
  const remedy = 'use --restart to start over, or another folder';
  return new Problem('config.invalid', `the plan in ${folder} ${what}; ${remedy}`);
}
