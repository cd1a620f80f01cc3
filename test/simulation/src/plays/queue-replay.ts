import type { TreeEvent } from "@flotilla/kv";
import type { GoldenCommand } from "../world/golden-log.ts";
import { queueName } from "./queue.ts";

/** Somebody's claim of an item. */
export interface Claim {
  readonly taker: string;
  readonly epoch: number;
}

/** An item that is in the queue. */
export interface Item {
  readonly id: string;
  readonly session: string | null;
  readonly value: string;
  readonly madeMs: number;
  readonly dueMs: number;
  claim: Claim | null;
  deliveries: number;
  claimedMs: number | null;
}

export const queueBase: string = `/queue/${queueName}`;
const itemRoot = `${queueBase}/items/`;
const takerRoot = `${queueBase}/takers/`;

/** What is in the queue and who takes, as the log tells. */
export class QueueReplay {
  readonly items: Map<string, Item> = new Map();
  /** Their sessions. */
  readonly takers: Map<string, string | null> = new Map();

  take({ events, atMs }: Pick<GoldenCommand, "events" | "atMs">): void {
    for (const event of events) this.#see(event, atMs);
  }

  #see(event: TreeEvent, atMs: number): void {
    const { path, node } = event;
    if (path.startsWith(takerRoot)) {
      const name = path.slice(takerRoot.length);
      if (node === null) this.takers.delete(name);
      else this.takers.set(name, node.stat.ephemeralOwner);
    } else if (path.startsWith(itemRoot)) {
      const [id = "", taker] = path.slice(itemRoot.length).split("/");
      if (taker === undefined) this.#seeItem(id, event, atMs);
      else this.#seeClaim(id, taker, event, atMs);
    }
  }

  #seeItem(id: string, { type, node, by }: TreeEvent, atMs: number): void {
    if (node === null) this.items.delete(id);
    if (node === null || type !== "created") return;
    const value = new TextDecoder().decode(node.value);
    const dueMs = atMs + delayOf(id);
    this.items.set(id, {
      id,
      session: by,
      value,
      madeMs: atMs,
      dueMs,
      claim: null,
      deliveries: 0,
      claimedMs: null,
    });
  }

  #seeClaim(id: string, taker: string, { node }: TreeEvent, atMs: number): void {
    const item = this.items.get(id);
    if (item === undefined) return;
    if (node === null) item.claim = null;
    else {
      item.claim = { taker, epoch: node.stat.mzxid };
      item.deliveries += 1;
      item.claimedMs = atMs;
    }
  }
}

/** The item and the claim that a path says; null for any other. */
export function itemIn(path: string): { readonly id: string; readonly taker: string | null } | null {
  if (!path.startsWith(itemRoot)) return null;
  const [id = "", taker = null] = path.slice(itemRoot.length).split("/");
  return { id, taker };
}

/** The name of an item is its rank, its delay and its number. */
export function rankOf(id: string): string {
  return id.split("-")[0] ?? "";
}

export function numberOf(id: string): number {
  return Number(id.split("-")[2]);
}

export function delayOf(id: string): number {
  return Number(id.split("-")[1]);
}
