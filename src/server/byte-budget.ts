/** One bound for the bytes of all requests: of bodies that arrive, wait, are inflated, are tagged and delivered, and of
 * replies until they are read. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../problem.ts';

/** One request's share of the budget. */
export interface ByteShare {
  /** Reserves space for bytes that are about to come. If there is none, peers that rest give up theirs.
   * @throws Problem `server.overloaded` if others hold too much; a share that is alone gets what it needs */
  take(bytes: number): void;
  /** The same for a sender that can be left waiting: resolves when there is space. The first that waits may use the whole
   * budget until its share is released; others leave a reserve for it. Otherwise each could hold part of a message and wait
   * for the others.
   * @param gone ends the wait with its reason */
  claim(bytes: number, gone: AbortSignal): Promise<void>;
  /** Counts bytes that exist already, whatever the limit: they hold up what comes next. */
  add(bytes: number): void;
  give(bytes: number): void;
  /** Waits until others leave space, which they may not once they have used `add`.
   * @param gone ends the wait with its reason */
  room(gone: AbortSignal): Promise<void>;
  /** Declares that what this share holds depends on how fast its peer sends or reads.
   * @param giveUp gives its space back at once; called when the peer rests for too long, or while others need the space */
  waitForPeer(phase: 'arriving' | 'replying', giveUp: (problem: Problem) => void): PeerWait;
  /** Does some work on the bytes, which stay counted until it is done, even if the sender has gone. */
  keep<T>(work: () => Promise<T>): Promise<T>;
  release(): void;
}

export interface PeerWait {
  /** The peer has sent or read this many more bytes. */
  progress(bytes: number): void;
  end(): void;
}

export interface ByteBudget {
  open(): ByteShare;
  /** Makes all give up whose body has not arrived. */
  close(): void;
}

/** A peer that has sent or read less than this rests. */
const STEP_BYTES = 16 * 1024;
/** How long it may rest: 800 bytes a second are enough. */
const LONGEST_REST_SECONDS = 20;
/** How long it may rest while others need the space. */
const SHORTEST_REST_SECONDS = 2;
const LOOK_MILLISECONDS = 250;

interface Resting {
  since: number;
  phase: 'arriving' | 'replying';
  giveUp(problem: Problem): void;
}

/** @param clock seconds since some moment
 * @param reserve bytes that the largest message needs until it is complete */
export function byteBudget(maxBytes: number, clock = () => performance.now() / 1000, reserve = 0): ByteBudget {
  let pending = 0;
  /** The share that has waited longest, of those that claim space. */
  let first: object | undefined;
  const resting = new Set<Resting>();

  /** Makes space by giving up peers that rest, those that have rested longest first. */
  function makeRoom(isEnough: () => boolean): void {
    if (isEnough()) return;
    const now = clock();
    for (const one of [...resting].sort((a, b) => a.since - b.since)) {
      if (now - one.since < SHORTEST_REST_SECONDS || isEnough()) return;
      one.giveUp(new Problem('server.overloaded', `${pending} bytes are held, and this peer is idle`));
    }
  }

  function open(): ByteShare {
    let own = 0;
    let users = 1;
    const change = (bytes: number) => {
      own += bytes;
      pending += bytes;
    };
    const release = () => {
      if (--users > 0) return;
      change(-own);
      if (first === share) first = undefined;
    };
    /** Checks repeatedly, for as long as peers that rest do not give up theirs. */
    const waitUntil = async (fits: () => boolean, gone: AbortSignal) => {
      for (makeRoom(fits); !fits(); makeRoom(fits)) {
        await sleep(LOOK_MILLISECONDS, undefined, { signal: gone }).catch(() => gone.throwIfAborted());
      }
    };
    const share: ByteShare = {
      take(bytes) {
        const fits = () => pending === own || pending + bytes <= maxBytes;
        makeRoom(fits);
        if (!fits()) throw new Problem('server.overloaded', `${pending} bytes are being processed`);
        change(bytes);
      },
      async claim(bytes, gone) {
        const fits = () => {
          const most = first === share ? maxBytes : maxBytes - reserve;
          if (pending === own || pending + bytes <= most) return true;
          first ??= share;
          return false;
        };
        do await waitUntil(fits, gone);
        while (!fits());
        change(bytes);
      },
      add: change,
      give: (bytes) => change(-bytes),
      async room(gone) {
        await waitUntil(() => pending - own <= maxBytes, gone);
      },
      waitForPeer(phase, giveUp) {
        const give = (problem: Problem) => {
          end();
          giveUp(problem);
        };
        const one: Resting = { since: clock(), phase, giveUp: give };
        const tooSlow = () => {
          const detail = `less than ${STEP_BYTES} bytes ${phase} in ${LONGEST_REST_SECONDS} s`;
          give(new Problem('request.too_slow', detail));
        };
        const timer = setTimeout(tooSlow, LONGEST_REST_SECONDS * 1000);
        let sinceStep = 0;
        const end = () => {
          resting.delete(one);
          clearTimeout(timer);
        };
        resting.add(one);
        return {
          progress(bytes) {
            sinceStep += bytes;
            if (sinceStep < STEP_BYTES) return;
            sinceStep = 0;
            one.since = clock();
            timer.refresh();
          },
          end,
        };
      },
      async keep(work) {
        users++;
        try {
          return await work();
        } finally {
          release();
        }
      },
      release,
    };
    return share;
  }

  return {
    open,
    close() {
      for (const one of [...resting]) {
        if (one.phase === 'arriving') one.giveUp(new Problem('server.draining', 'this body had not arrived'));
      }
    },
  };
}
