/** The process and its threads as they are when metrics are collected. The collecting thread reads everything, since a busy
 * one cannot report. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapStatistics, type HeapInfo } from 'node:v8';
import type { Worker } from 'node:worker_threads';
import { makeRuntimeInstruments } from './instruments.ts';
import { VERSION } from './scope.ts';

/** Milliseconds between two samples of the delay of the event loop. */
const resolution = 20;

interface Thread {
  performance: Pick<typeof performance, 'eventLoopUtilization'>;
  getHeapStatistics(): Promise<Pick<HeapInfo, 'used_heap_size' | 'heap_size_limit'>>;
}

const threads = new Map<string, Thread>([
  ['main', { performance, getHeapStatistics: async () => getHeapStatistics() }],
]);

/** Measures a thread until it ends. */
export function observeThread(name: string, worker: Worker): void {
  threads.set(name, worker);
  worker.once('exit', () => threads.delete(name));
}

/** Call it once, when the SDK has started. */
export function observeRuntime(): void {
  const { meter, ...instruments } = makeRuntimeInstruments();
  const { build, cpu, memory, heapUsed, heapLimit, eventLoopTime, delayP99, delayMax } = instruments;
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  // The histogram holds the time from one sample to the next.
  const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - resolution / 1e3);

  meter.addBatchObservableCallback(
    (result) => {
      result.observe(build, 1, { version: VERSION, node_version: process.versions.node });
      const { user, system } = process.cpuUsage();
      result.observe(cpu, user / 1e6, { 'cpu.mode': 'user' });
      result.observe(cpu, system / 1e6, { 'cpu.mode': 'system' });
      result.observe(memory, process.memoryUsage.rss());
      for (const [name, thread] of threads) {
        const { active, idle } = thread.performance.eventLoopUtilization();
        const of = (state: string) => ({ 'thread.name': name, 'nodejs.eventloop.state': state });
        result.observe(eventLoopTime, active / 1e3, of('active'));
        result.observe(eventLoopTime, idle / 1e3, of('idle'));
      }
      result.observe(delayP99, seconds(delay.percentile(99)));
      result.observe(delayMax, seconds(delay.max));
      delay.reset();
    },
    [build, cpu, memory, eventLoopTime, delayP99, delayMax],
  );
  // In a callback of its own, since a thread may take its time to answer.
  meter.addBatchObservableCallback(
    async (result) => {
      const ask = async ([name, thread]: [string, Thread]) => {
        const { used_heap_size: used, heap_size_limit: limit } = await thread.getHeapStatistics();
        result.observe(heapUsed, used, { 'thread.name': name });
        result.observe(heapLimit, limit, { 'thread.name': name });
      };
      await Promise.all([...threads].map(ask));
    },
    [heapUsed, heapLimit],
  );
}
