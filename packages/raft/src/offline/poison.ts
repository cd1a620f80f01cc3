import { FlotillaError } from "@flotilla/runtime";
import type { Entry } from "../core/entry.ts";
import type { Index, LogId } from "../core/types.ts";
import { applyCommand } from "../node/applier.ts";
import type { StateMachine } from "../node/state-machine.ts";
import { addSkip } from "../storage/skips.ts";
import type { OfflineOptions } from "./owner.ts";
import type { Owned } from "./with-storage.ts";
import { withStorage } from "./with-storage.ts";

const batchBytes = 1 << 20;

export interface PoisonOptions extends OfflineOptions {
  /** As the node has it, with nothing applied. */
  readonly stateMachine: StateMachine;
}

/** An entry that the state machine cannot apply. */
export interface Poison extends LogId {
  readonly error: unknown;
  /** The node knows it committed; else another one may take its place yet. */
  readonly isCommitted: boolean;
}

interface Found {
  readonly entry: Entry;
  readonly error: unknown;
}

/**
 * Applies the whole log of a stopped node, and gives the first entry that stops the state machine; null when none does.
 * @throws FlotillaError as `inspectData`, `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_NOT_FOUND`
 */
export async function findPoison(options: PoisonOptions): Promise<Poison | null> {
  return withStorage(options, (owned) => {
    const found = replay(owned, options.stateMachine);
    return found === null ? null : poisonOf(found, owned);
  });
}

/**
 * Has a stopped node pass over the one entry that stops its state machine, and no other. To be done on every replica
 * alike. Durable when it resolves.
 * @throws FlotillaError as `findPoison`, `ERR_FLOTILLA_CONDITION` when it is another entry that stops it, or none, or when
 *   1,024 are passed over already, `ERR_FLOTILLA_UNSUPPORTED` when the state machine says that a newer version wrote it
 */
export async function skipEntry(options: PoisonOptions, index: Index): Promise<Poison> {
  return withStorage(options, async (owned) => {
    const found = replay(owned, options.stateMachine);
    if (found === null) throw refuse(`entry ${index} does not stop this node, and no other does`);
    if (found.entry.index !== index)
      throw refuse(`entry ${index} does not stop this node; entry ${found.entry.index} does`);
    requireOwn(found);
    await addSkip(options.host.disk.files, found.entry);
    return poisonOf(found, owned);
  });
}

function replay({ storage }: Owned, stateMachine: StateMachine): Found | null {
  const { log, restore, skips } = storage;
  restore?.replace();
  for (let next = (restore?.last.index ?? 0) + 1; next <= log.last.index;) {
    const entries = log.read(next, { maxBytes: batchBytes, maxEntries: Number.POSITIVE_INFINITY });
    if (entries === "compacted") throw refuse(`the log does not hold entry ${next}`);
    for (const entry of entries) {
      try {
        if (entry.kind === "command") applyCommand(stateMachine, entry, skips);
      } catch (error) {
        return { entry, error };
      }
    }
    next += entries.length;
  }
  return null;
}

/** Members of the version that wrote an entry apply it: to pass over it here would make this one differ for ever. */
function requireOwn({ entry: { index }, error }: Found): void {
  if (!FlotillaError.is(error, "ERR_FLOTILLA_UNSUPPORTED")) return;
  throw new FlotillaError(
    "ERR_FLOTILLA_UNSUPPORTED",
    `entry ${index} was written by a newer version, and is not to be passed over: start this member with that version`,
    { cause: error },
  );
}

function poisonOf({ entry, error }: Found, { storage }: Owned): Poison {
  const { index, term } = entry;
  return { index, term, error, isCommitted: index <= storage.log.commit };
}

function refuse(message: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_CONDITION", message);
}
