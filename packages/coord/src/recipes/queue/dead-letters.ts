import { FlotillaError } from "@flotilla/runtime";
import type { MultiItem, Session } from "../../client/api.ts";
import { requireOptions } from "../../client/call.ts";
import type { Codec } from "../../client/codecs.ts";
import type { CallOptions } from "../../client/read-api.ts";
import { SessionValues } from "../../client/typed-values.ts";
import { within } from "../bounded.ts";
import { requireInteger } from "../counted.ts";
import type { DeadLetter, DeadLetters, DeadLettersOptions } from "./api.ts";
import { itemPrefix, maxPriority, type QueuePlaces, readItemName } from "./places.ts";

const maxListed = 1_000;

export class SessionDeadLetters<In, Out> implements DeadLetters<Out> {
  readonly #session: Session;
  readonly #places: QueuePlaces;
  readonly #values: SessionValues<In, Out>;

  constructor(session: Session, places: QueuePlaces, codec: Codec<In, Out>) {
    this.#session = session;
    this.#places = places;
    this.#values = new SessionValues(session, codec);
  }

  async list(options: DeadLettersOptions = {}): Promise<readonly DeadLetter<Out>[]> {
    requireOptions(options);
    const { limit = 100, ...others } = options;
    const { dead } = this.#places;
    const most = requireInteger(limit, "limit", 1, maxListed);
    return within(this.#session, others, `dead letters of ${this.#places.base}`, async (bounds) => {
      const found: DeadLetter<Out>[] = [];
      let { after } = others;
      for (;;) {
        const from = after === undefined ? {} : { after };
        const page = await this.#session.childNodes(dead, { ...bounds, ...from, limit: most - found.length });
        for (const { name: id, node } of page?.children ?? []) {
          if (node === null) continue;
          const { value } = await this.#values.decode(node);
          found.push({ id, value, sinceMs: node.stat.ctimeMs });
        }
        if (page === null || page.next === null || found.length === most) return found;
        after = page.next;
      }
    });
  }

  async requeue(id: string, options: CallOptions = {}): Promise<boolean> {
    const { items } = this.#places;
    return this.#take(id, options, (rank, value) => [
      { type: "create", path: `${items}/${itemPrefix(maxPriority - rank, 0)}`, value, sequential: true },
    ]);
  }

  async discard(id: string, options: CallOptions = {}): Promise<boolean> {
    return this.#take(id, options, () => []);
  }

  /** Deletes one, and does something else in the same revision. */
  async #take(
    id: string,
    options: CallOptions,
    also: (rank: number, value: Uint8Array) => readonly MultiItem[],
  ): Promise<boolean> {
    const read = readItemName(id);
    if (read === null) return false;
    const path = `${this.#places.dead}/${id}`;
    const node = await this.#session.get(path, options);
    if (node === null) return false;
    const { mzxid } = node.stat;
    try {
      await this.#session.multi([{ type: "delete", path, mzxid }, ...also(read.rank, node.value)], options);
      return true;
    } catch (error) {
      // Somebody else was quicker.
      if (FlotillaError.is(error, "ERR_FLOTILLA_FENCED")) return false;
      throw error;
    }
  }
}
