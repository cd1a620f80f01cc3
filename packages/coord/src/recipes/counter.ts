import { readDecimal } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Session, WriteOptions } from "../client/api.ts";
import type { ReadOptions } from "../client/read-api.ts";
import type { Counter } from "./counter-api.ts";
import { addAt, requireInteger } from "./counted.ts";
import { segment } from "./names.ts";

const most = Number.MAX_SAFE_INTEGER;

/**
 * A number that many change, on one session.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createCounter(session: Session, name: string): Counter {
  return new SessionCounter(session, segment(name, "name"));
}

class SessionCounter implements Counter {
  readonly name: string;
  readonly path: string;
  readonly #session: Session;

  constructor(session: Session, name: string) {
    this.name = name;
    this.path = `/counter/${name}`;
    this.#session = session;
  }

  async add(by = 1, options: WriteOptions = {}): Promise<number> {
    return addAt(this.#session, this.path, requireInteger(by, "by", -most, most), options);
  }

  async get(options?: ReadOptions): Promise<number> {
    const node = await this.#session.get(this.path, options);
    const sum = node === null ? 0 : readDecimal(node.value);
    if (sum === null) throw new FlotillaError("ERR_FLOTILLA_BAD_VALUE", `${this.path} holds no number`);
    return sum;
  }
}
