type Taker = (reason: unknown) => void;

let worlds = 0;
let others: NodeJS.UnhandledRejectionListener[] = [];
let taker: Taker | undefined;

const listener = (reason: unknown): void => taker?.(reason);

/**
 * Takes unhandled rejections from the process while at least one world runs: Node.js tells of them after the event that
 * caused them, so that they belong to the world that ran last. Returns how to stop.
 */
export function takeRejections(world: Taker): () => void {
  worlds += 1;
  taker ??= world;
  if (worlds === 1) {
    others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", listener);
  }
  return () => {
    worlds -= 1;
    if (worlds > 0) return;
    taker = undefined;
    process.off("unhandledRejection", listener);
    for (const other of others) process.on("unhandledRejection", other);
  };
}

/** From now on they are this world's: it runs an event. */
export function rejectionsGoTo(world: Taker): void {
  taker = world;
}
