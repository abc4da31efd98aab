/** Asks a server for /healthz, /readyz and /metrics in turn, in a thread of its own, and notes how long each took: the thread
 * that sends bodies is busy itself. */
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

export interface Probe {
  /** Milliseconds of each answer since it was opened. */
  close(): Promise<number[]>;
}

const PATHS = ['/healthz', '/readyz', '/metrics'];
const PAUSE_MILLISECONDS = 5;

export function openProbe(url: string): Probe {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: url });
  return {
    async close() {
      const answers = new Promise<number[]>((resolve) => worker.once('message', resolve));
      worker.postMessage('close');
      const times = await answers;
      await worker.terminate();
      return times;
    },
  };
}

async function probe(url: string): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const times: number[] = [];
  let isClosing = false;
  parentPort!.once('message', () => {
    isClosing = true;
  });
  for (let at = 0; !isClosing; at++) {
    const started = performance.now();
    await answered(`${url}${PATHS[at % PATHS.length]}`, agent);
    times.push(performance.now() - started);
    await sleep(PAUSE_MILLISECONDS);
  }
  agent.destroy();
  parentPort!.postMessage(times);
}

function answered(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => response.resume().once('end', resolve)).once('error', reject);
  });
}

if (!isMainThread && typeof workerData === 'string') await probe(workerData);
