/** The faults injected into the parts while records are in transit: which, in which order and for how long follows from the
 * seed alone; each is healed when its time is over. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, randomFrom } from '../fuzz/fuzz.ts';
import type { Disk } from './disk.ts';
import type { Behaviour, Receiver } from './receiver.ts';
import type { Sender } from './replayer.ts';
import type { Tripline } from './tripline.ts';

export interface Stage {
  tripline: Tripline;
  receiver: Receiver;
  sender: Sender;
  disks: Partial<Record<DiskName, Disk>>;
}

export type DiskName = 'state' | 'dead letters' | 'spool';

/** The part that a fault affects; two faults of one part never overlap. */
type Part = 'tripline' | 'receiver' | 'sender' | DiskName;

export interface Fault {
  part: Part;
  name: string;
  /** After the start of the previous fault. */
  gap: number;
  milliseconds: number;
  /** Chooses within the kind, from 0 up to, but not including, 1. */
  choice: number;
}

interface Kind {
  part: Part;
  /** Relative frequency. */
  weight: number;
  milliseconds: [least: number, most: number];
  /** Resolves when it is healed. */
  happen(stage: Stage, fault: Fault): Promise<void>;
}

const behaving =
  (behaviour: (fault: Fault) => Behaviour): Kind['happen'] =>
  async ({ receiver }, fault) => {
    receiver.behave(behaviour(fault));
    await sleep(fault.milliseconds);
    receiver.behave({ kind: 'well' });
  };

const ofDisk =
  (name: DiskName, how: 'fill' | 'makeReadOnly'): Kind['happen'] =>
  async ({ disks }, { milliseconds }) => {
    const disk = disks[name]!;
    disk[how]();
    await sleep(milliseconds);
    disk.heal();
  };

const kinds: Record<string, Kind> = {
  'killed, and started again': {
    ...{ part: 'tripline', weight: 8, milliseconds: [0, 400] },
    happen: ({ tripline }, { milliseconds }) => tripline.end('SIGKILL', milliseconds),
  },
  'killed while it starts': {
    ...{ part: 'tripline', weight: 2, milliseconds: [50, 500] },
    async happen({ tripline }, { milliseconds }) {
      await tripline.end('SIGKILL', 0);
      await sleep(milliseconds);
      await tripline.end('SIGKILL', 0);
    },
  },
  'stopped by SIGTERM, and started again': {
    ...{ part: 'tripline', weight: 7, milliseconds: [0, 400] },
    happen: ({ tripline }, { milliseconds }) => tripline.end('SIGTERM', milliseconds),
  },
  'stopped by SIGTERM, and killed before it is done': {
    ...{ part: 'tripline', weight: 3, milliseconds: [1, 100] },
    async happen({ tripline }, { milliseconds }) {
      const ended = tripline.end('SIGTERM', 100);
      await sleep(milliseconds);
      await Promise.all([ended, tripline.end('SIGKILL', 100)]);
    },
  },
  'frozen by SIGSTOP': {
    ...{ part: 'tripline', weight: 6, milliseconds: [50, 1500] },
    async happen({ tripline }, { milliseconds }) {
      tripline.signal('SIGSTOP');
      await sleep(milliseconds);
      tripline.signal('SIGCONT');
    },
  },
  // Longer than its sender waits.
  'frozen for long': {
    ...{ part: 'tripline', weight: 1, milliseconds: [5200, 6500] },
    async happen({ tripline }, { milliseconds }) {
      tripline.signal('SIGSTOP');
      await sleep(milliseconds);
      tripline.signal('SIGCONT');
    },
  },
  'killed, its port refused': {
    ...{ part: 'receiver', weight: 8, milliseconds: [0, 1200] },
    async happen({ receiver }, { milliseconds }) {
      await receiver.kill();
      await sleep(milliseconds);
      await receiver.start();
    },
  },
  frozen: {
    ...{ part: 'receiver', weight: 5, milliseconds: [50, 1500] },
    async happen({ receiver }, { milliseconds }) {
      receiver.freeze();
      await sleep(milliseconds);
      receiver.thaw();
    },
  },
  // Longer than Tripline waits for an acknowledgement.
  'frozen for longer than an acknowledgement may take': {
    ...{ part: 'receiver', weight: 2, milliseconds: [2200, 3000] },
    async happen({ receiver }, { milliseconds }) {
      receiver.freeze();
      await sleep(milliseconds);
      receiver.thaw();
    },
  },
  'reads slowly': {
    ...{ part: 'receiver', weight: 4, milliseconds: [200, 1000] },
    happen: behaving(({ choice }) => ({ kind: 'slow', milliseconds: 2 + Math.floor(choice * 20) })),
  },
  'accepts connections and closes them': {
    ...{ part: 'receiver', weight: 4, milliseconds: [50, 700] },
    happen: behaving(() => ({ kind: 'closing' })),
  },
  'resets connections within a frame': {
    ...{ part: 'receiver', weight: 6, milliseconds: [50, 700] },
    happen: behaving(({ choice }) => ({ kind: 'cutting', bytes: 1 + Math.floor(choice ** 3 * 300_000) })),
  },
  'acknowledges late': {
    ...{ part: 'receiver', weight: 4, milliseconds: [100, 1000] },
    happen: behaving(({ choice }) => ({ kind: 'late', milliseconds: 20 + Math.floor(choice * 500) })),
  },
  'acknowledges too late': {
    ...{ part: 'receiver', weight: 2, milliseconds: [100, 500] },
    happen: behaving(({ choice }) => ({ kind: 'late', milliseconds: 2100 + Math.floor(choice * 500) })),
  },
  'takes frames and says nothing': {
    ...{ part: 'receiver', weight: 2, milliseconds: [50, 300] },
    happen: behaving(() => ({ kind: 'silent' })),
  },
  'takes frames and closes': {
    ...{ part: 'receiver', weight: 4, milliseconds: [50, 500] },
    happen: behaving(() => ({ kind: 'forgetful' })),
  },
  'acknowledges what was not sent': {
    ...{ part: 'receiver', weight: 4, milliseconds: [50, 500] },
    happen: behaving(() => ({ kind: 'mistaken' })),
  },
  'answers what is no acknowledgement': {
    ...{ part: 'receiver', weight: 3, milliseconds: [50, 500] },
    happen: behaving(() => ({ kind: 'babbling' })),
  },
  'closes within an acknowledgement': {
    ...{ part: 'receiver', weight: 4, milliseconds: [50, 500] },
    happen: behaving(() => ({ kind: 'halting' })),
  },
  'the disk of the state is full': {
    ...{ part: 'state', weight: 3, milliseconds: [100, 1500] },
    happen: ofDisk('state', 'fill'),
  },
  'the disk of the state is read-only': {
    ...{ part: 'state', weight: 2, milliseconds: [100, 1500] },
    happen: ofDisk('state', 'makeReadOnly'),
  },
  'the disk of dead letters is full': {
    ...{ part: 'dead letters', weight: 4, milliseconds: [100, 1500] },
    happen: ofDisk('dead letters', 'fill'),
  },
  'the disk of dead letters is read-only': {
    ...{ part: 'dead letters', weight: 2, milliseconds: [100, 1500] },
    happen: ofDisk('dead letters', 'makeReadOnly'),
  },
  'the disk of the spool is full': {
    ...{ part: 'spool', weight: 5, milliseconds: [100, 1500] },
    happen: ofDisk('spool', 'fill'),
  },
  'the disk of the spool is read-only': {
    ...{ part: 'spool', weight: 3, milliseconds: [100, 1500] },
    happen: ofDisk('spool', 'makeReadOnly'),
  },
  'the sender is killed, and started again': {
    ...{ part: 'sender', weight: 6, milliseconds: [0, 500] },
    async happen({ sender }, { milliseconds }) {
      await sender.kill();
      await sleep(milliseconds);
      await sender.start();
    },
  },
  'the sender is frozen': {
    ...{ part: 'sender', weight: 3, milliseconds: [50, 1000] },
    async happen({ sender }, { milliseconds }) {
      sender.freeze();
      await sleep(milliseconds);
      sender.thaw();
    },
  },
  'the sender is interrupted': {
    ...{ part: 'sender', weight: 5, milliseconds: [0, 1] },
    async happen({ sender }) {
      await sender.interrupt();
    },
  },
};

export interface Plan {
  seed: number;
  count: number;
  /** From the start of one fault to that of the next, on average. */
  gapMilliseconds: number;
  /** Whether there is a spool, whose disk can fail. */
  hasSpool: boolean;
}

/** The faults of a seed; a longer sequence begins with the same ones. */
export function scheduleOf({ seed, count, gapMilliseconds, hasSpool }: Plan): Fault[] {
  const names = Object.keys(kinds).filter((name) => hasSpool || kinds[name]!.part !== 'spool');
  const random = randomFrom(seed);
  return Array.from({ length: count }, () => {
    const name = pick(names, random);
    const { part, milliseconds } = kinds[name]!;
    const [least, most] = milliseconds;
    return {
      part,
      name,
      gap: random(2 * gapMilliseconds),
      milliseconds: least + random(most - least),
      choice: random(1_000_000) / 1_000_000,
    };
  });
}

/** One of the kinds, chosen by weight. */
function pick(names: readonly string[], random: Random): string {
  const weights = names.map((name) => kinds[name]!.weight);
  let left = random(weights.reduce((sum, weight) => sum + weight, 0));
  return names[weights.findIndex((weight) => (left -= weight) < 0)]!;
}

export function happen(stage: Stage, fault: Fault): Promise<void> {
  return kinds[fault.name]!.happen(stage, fault);
}

export const printed = ({ part, name, milliseconds }: Fault) =>
  `${['tripline', 'receiver'].includes(part) ? `${part} ` : ''}${name}, ${milliseconds} ms`;
