/** Where a batch was read from Kafka, for a sink that commits how far its topic has been read together with what it writes. */
export interface Origin {
  /** One reading of the topic from its committed offsets on; after a failure or a rebalance another begins. */
  session: string;
  topic: string;
  /** The last message of each partition that the batch has messages of. */
  offsets: readonly { partition: number; offset: bigint }[];
  /** The consumer that has read it, as it was in its group then. */
  member: { groupId: string; memberId: string; generationId: number; coordinatorId: number };
}
