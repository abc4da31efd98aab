/** What no schema can express about settings: names that cannot be right, and settings that do not go together. */
import { statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { isMap, type JsonMap } from '../json/map.ts';
import { parseNetworkOrAddress } from '../network.ts';
import { quote } from '../sigma/rule-problem.ts';
import { folderSettings } from '../sinks/index.ts';
import { credentialFaults } from './auth.ts';
import { consoleFaults } from './console.ts';
import { forwardInputFaults } from './forward-input.ts';
import { kafkaInputFaults } from './kafka-input.ts';
import { dateKeyFault, headerFault, memberNameFault } from './names.ts';
import { type Fault, nameOf } from './schema-faults.ts';
import type { Setting } from './settings-file.ts';
import { stateFaults } from './state.ts';

/** @param settings with their defaults; of any type if the schema has reported that already */
export function combinationFaults(settings: JsonMap): Fault[] {
  return [
    ...nameFaults(settings),
    ...credentialFaults(settings),
    ...addressFaults(settings),
    ...forwardInputFaults(settings),
    ...kafkaInputFaults(settings),
    ...consoleFaults(settings),
    ...proxyFaults(settings),
    ...pathFaults(settings),
    ...stateFaults(settings),
    ...stdoutFaults(settings),
    ...limitFaults(settings),
  ];
}

function nameFaults({ memberName, dateKey, tagHeader }: JsonMap): Fault[] {
  const faults: Fault[] = [];
  const check = (setting: string, value: unknown, fault: (text: string) => string | undefined) => {
    const found = isText(value) ? fault(value) : undefined;
    if (found !== undefined)
      faults.push({ setting: [setting], message: `${setting}: ${quote(value as string)} ${found}` });
  };
  check('memberName', memberName, (name) => memberNameFault(name, dateKey));
  check('dateKey', dateKey, dateKeyFault);
  check('tagHeader', tagHeader, headerFault);
  return faults;
}

function addressFaults({ listen, forward, console, sinks }: JsonMap): Fault[] {
  const { listen: forwardListen, unixPath }: JsonMap = isMap(forward) ? forward : {};
  return [
    ...listenerFaults(['listen'], listen, sinks),
    ...listenerFaults(['forward', 'listen'], forwardListen, sinks),
    ...listenerFaults(['console', 'listen'], isMap(console) ? console.listen : undefined, sinks),
    ...(isText(unixPath) && Array.isArray(sinks) ? sinks : []).flatMap((sink, index): Fault[] => {
      if (!isMap(sink) || sink.unixPath !== unixPath) return [];
      const message = `sinks[${index}]: ${quote(unixPath as string)} is where Tripline itself listens; write the socket of the receiver`;
      return [{ setting: ['sinks', index, 'unixPath'], message }];
    }),
  ];
}

function listenerFaults(setting: Setting, listen: unknown, sinks: unknown): Fault[] {
  const [, host, port] = /^\[?([^\]]*)\]?:(\d+)$/.exec(isText(listen) ? listen : '') ?? [];
  if (host === undefined) return [];
  if (Number(port) > 65535) {
    return [{ setting, message: `${nameOf(setting)}: ${port} is not a port; the highest is 65535` }];
  }
  // Port 0 is one that the system chooses.
  if (port === '0' || !Array.isArray(sinks)) return [];
  return sinks.flatMap((sink, index): Fault[] => {
    const to = isMap(sink) ? addressOf(sink) : undefined;
    if (to === undefined || to.port !== Number(port)) return [];
    if (to.host !== host && !(isHere(host) && isHere(to.host))) return [];
    const message = `sinks[${index}]: ${quote(`${to.host}:${port}`)} is where Tripline itself listens; write the address of the receiver`;
    return [{ setting: ['sinks', index, to.setting], message }];
  });
}

/** Where a sink connects to, and the setting that says so. */
function addressOf({ host, port, url }: JsonMap): { host: string; port: number; setting: string } | undefined {
  if (isText(host)) return { host, port: Number(port), setting: 'port' };
  const parsed = isText(url) ? URL.parse(url) : null;
  if (parsed === null) return undefined;
  const ports: Record<string, number> = { 'http:': 80, 'https:': 443 };
  const name = parsed.hostname.replace(/^\[|\]$/g, '');
  return { host: name, port: parsed.port === '' ? ports[parsed.protocol]! : Number(parsed.port), setting: 'url' };
}

/** Whether an address is this machine's, or stands for all of its networks. */
function isHere(host: string): boolean {
  return host === 'localhost' || host.startsWith('127.') || ['::1', '0.0.0.0', '::'].includes(host);
}

function proxyFaults({ trustedProxies }: JsonMap): Fault[] {
  return (Array.isArray(trustedProxies) ? trustedProxies : []).flatMap((proxy, index): Fault[] => {
    if (!isText(proxy)) return [];
    try {
      parseNetworkOrAddress(proxy);
      return [];
    } catch (error) {
      const why = `trustedProxies: ${quote(proxy)}: ${(error as Error).message}`;
      const message = `${why}; write an address or a network, such as 192.0.2.7 or 10.0.0.0/8`;
      return [{ setting: ['trustedProxies', index], message }];
    }
  });
}

/** Folders and files that would conflict with each other. */
function pathFaults(settings: JsonMap): Fault[] {
  const { rules, lists, exceptions, tls, state, deadLetterPath, sinks } = settings;
  const certificates = isMap(tls) ? [tls.cert, tls.key, tls.clientCa] : [];
  const read = Object.entries({ rules, lists, exceptions, tls: certificates }).flatMap(([setting, paths]) =>
    placesOf((Array.isArray(paths) ? paths : []).map((path) => ({ setting: [setting], path }))),
  );
  const statePath = isMap(state) ? state.path : undefined;
  const written = placesOf([
    { setting: ['deadLetterPath'], path: deadLetterPath },
    ...foldersIn(sinks),
    { setting: ['state', 'path'], path: statePath },
    { setting: ['console', 'path'], path: isMap(settings.console) ? settings.console.path : undefined },
  ]);
  const faults = written.flatMap(({ setting, path }, index): Fault[] => {
    const other = [...read, ...written.slice(0, index)].find(
      (one) => isWithin(path, one.path) || (!read.includes(one) && isWithin(one.path, path)),
    );
    if (other === undefined) return [];
    const message = `${nameOf(setting)}: ${quote(path)} is the same as, inside or above ${nameOf(other.setting)}, ${quote(other.path)}; write a separate path`;
    return [{ setting, message }];
  });
  if (isText(statePath) && isFolder(statePath)) {
    faults.push({
      setting: ['state', 'path'],
      message: `state.path: ${quote(statePath)} is a folder; name a file in it`,
    });
  }
  return faults;
}

/** Sinks whose lines would be mixed up. */
function stdoutFaults({ sinks }: JsonMap): Fault[] {
  const indexes = [sinks].flat().flatMap((sink, index) => (isMap(sink) && sink.type === 'stdout' ? [index] : []));
  return indexes.slice(1).map((index) => ({
    setting: ['sinks', index],
    message: 'two sinks write to stdout; leave one out',
  }));
}

interface Place {
  setting: Setting;
  path: string;
}

const placesOf = (places: { setting: Setting; path: unknown }[]) =>
  places.filter((place): place is Place => isText(place.path));

function isWithin(path: string, folder: string): boolean {
  const from = relative(resolve(folder), resolve(path));
  return from !== '..' && !from.startsWith('../');
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Limits that allow what another limit never does. */
function limitFaults({ limits }: JsonMap): Fault[] {
  if (!isMap(limits)) return [];
  const order = ['maxBodyBytes', 'maxDecompressedBytes', 'maxPendingBytes'] as const;
  return order.slice(1).flatMap((more, index): Fault[] => {
    const less = order[index]!;
    const [lower, upper] = [limits[less], limits[more]];
    if (typeof lower !== 'number' || typeof upper !== 'number' || lower <= upper) return [];
    const message = `limits.${less}, ${lower}, is more than limits.${more}, ${upper}, and can never be reached; raise limits.${more}, or lower limits.${less}`;
    return [{ setting: ['limits', less], message }];
  });
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** The folders in which sinks keep something. */
export function foldersIn(sinks: unknown): Place[] {
  const places = [sinks].flat().flatMap((sink, index) => {
    if (!isMap(sink)) return [];
    const spool = isMap(sink.spool) ? [{ setting: ['sinks', index, 'spool', 'path'], path: sink.spool.path }] : [];
    return [
      ...folderSettings(sink.type).map((name) => ({ setting: ['sinks', index, name], path: sink[name] })),
      ...spool,
    ];
  });
  return placesOf(places);
}
