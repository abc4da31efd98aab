/** How far the input that reads Kafka lags behind the ends of its partitions. */
import { makeKafkaInstruments } from './instruments.ts';

export interface PartitionLag {
  topic: string;
  partition: number;
  messages: number;
}

/** Call it once, when the SDK has started.
 * @param lags of the partitions that are read here, as they are known when metrics are collected */
export function observeKafkaLag(lags: () => readonly PartitionLag[]): void {
  makeKafkaInstruments().lag.addCallback((result) => {
    for (const { messages, ...attributes } of lags()) result.observe(messages, attributes);
  });
}
