/** An item that somebody wanted in the queue. */
export interface QueuePut {
  readonly session: string;
  readonly value: string;
  /** Once it is known to be there. */
  readonly id: string | null;
}

/** What somebody who had an item wanted to become of it. */
export interface QueueSettling {
  readonly session: string;
  readonly item: string;
  /** Of the claim. */
  readonly epoch: number;
  readonly way: "ack" | "release" | "bury";
  /** `lost`: it was no longer this one's. */
  outcome: "ok" | "lost" | "unknown";
}

/** What those who take part in recipes asked and were told. */
export class PlayBook {
  readonly puts: QueuePut[] = [];
  readonly settlings: QueueSettling[] = [];
}
