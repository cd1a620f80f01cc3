import type { Node } from "@flotilla/kv";
import type { WatchEvent } from "../../client/api.ts";
import type { CronPlaces } from "./places.ts";

const text = new TextDecoder();

/** The tick that was taken up last, as the one after `version` others; two with one `mzxid` are the same. */
export interface LastTick {
  readonly tickMs: number;
  readonly version: number;
  readonly mzxid: number;
}

/** What a watch tells of a job: how far it is, and what runs. */
export class Ledger {
  readonly #places: CronPlaces;
  readonly #running = new Set<string>();
  /** Null while it is not known. */
  #last: LastTick | null = null;

  constructor(places: CronPlaces) {
    this.#places = places;
  }

  get last(): LastTick | null {
    return this.#last;
  }

  get isRunning(): boolean {
    return this.#running.size > 0;
  }

  /** False when it is no news. */
  take(event: WatchEvent): boolean {
    if (event.type !== "snapshot") return this.#see(event.path, event.node);
    this.#running.clear();
    this.#last = null;
    for (const { path, node } of event.nodes) this.#see(path, node);
    return true;
  }

  #see(path: string, node: Node | null): boolean {
    const { last, running } = this.#places;
    if (path === last) {
      const tickMs = node === null ? Number.NaN : Number(text.decode(node.value));
      if (node === null || !Number.isFinite(tickMs)) this.#last = null;
      else this.#last = { tickMs, version: node.stat.version, mzxid: node.stat.mzxid };
    } else if (path.startsWith(`${running}/`)) {
      if (node === null) this.#running.delete(path);
      else this.#running.add(path);
    } else return false;
    return true;
  }
}
