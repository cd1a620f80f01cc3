import type { Session } from "../../client/api.ts";
import { requireFunction } from "../../client/bad-argument.ts";
import { checkedLimits } from "../../client/call.ts";
import { sharedController } from "../../shared-controller.ts";
import { listen } from "../bounded.ts";
import { requireInteger } from "../counted.ts";
import { givenBack } from "../given-back.ts";
import { untilRoom } from "../no-room.ts";
import { ignoreTyped } from "../run-held.ts";
import type { ConsumeOptions, Taken } from "./api.ts";
import type { TakenItem } from "./taken-item.ts";
import type { Slot, Taker } from "./taker.ts";

const maxConcurrency = 1_000;

/** Takes and works until a signal fires: so many at a time, each lane one after the other. */
export async function consumeItems<T>(
  session: Session,
  taker: Taker<T>,
  fn: (item: Taken<T>) => Promise<void> | void,
  options: ConsumeOptions<T>,
): Promise<void> {
  requireFunction(fn);
  checkedLimits(options, Number.POSITIVE_INFINITY);
  const { signal, concurrency = 1, onError = () => {} } = options;
  const lanes = requireInteger(concurrency, "concurrency", 1, maxConcurrency);
  const ending = sharedController();
  const stopListening = [signal, session.signal].map((each) => listen(each, (why) => ending.abort(why)));
  const settled = (settling: Promise<void>): Promise<void> => givenBack(session, settling, ending.signal);
  const lane = async (slot: Slot): Promise<void> => {
    while (!ending.signal.aborted) {
      const item = await untilRoom(session.clock, ending.signal, () => taker.next(slot, ending.signal));
      await work(item, fn, { onError, settled, slot });
    }
    ending.signal.throwIfAborted();
  };
  const slots = Array.from({ length: lanes }, () => taker.addSlot());
  const all = slots.map(async (slot) => {
    try {
      await lane(slot);
    } catch (error) {
      ending.abort(error);
      if (signal?.aborted !== true) throw error;
    }
  });
  try {
    await Promise.allSettled(all);
    await Promise.all(all);
  } finally {
    for (const slot of slots) taker.removeSlot(slot);
    for (const stop of stopListening) stop();
  }
}

interface Following<T> {
  readonly onError: NonNullable<ConsumeOptions<T>["onError"]>;
  /** Waits until the tree knows how an item ended. */
  readonly settled: (settling: Promise<void>) => Promise<void>;
  readonly slot: Slot;
}

async function work<T>(
  item: TakenItem<T>,
  fn: (item: Taken<T>) => Promise<void> | void,
  { onError, settled, slot }: Following<T>,
): Promise<void> {
  try {
    await fn(item);
    slot.isReturning = true;
    if (!item.isSettled) await settled(item.ack({ timeoutMs: Infinity }));
  } catch (error) {
    try {
      await onError(error, item);
      slot.isReturning = true;
    } finally {
      await settled(item.release({ timeoutMs: Infinity })).catch(ignoreTyped);
    }
  }
}
