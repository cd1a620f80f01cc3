import { FlotillaError } from "@flotilla/runtime";
import type { Session, WatchEvent, WriteOptions } from "../../client/api.ts";
import { requireOptions } from "../../client/call.ts";
import type { CallOptions, ReadOptions } from "../../client/read-api.ts";
import { attend } from "../attend.ts";
import { bounded } from "../bounded.ts";
import { ensurePath, segment } from "../names.ts";
import type { Barrier, BarrierSetOptions } from "./api.ts";
import { withParent } from "../with-parent.ts";

/**
 * A barrier, on one session.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createBarrier(session: Session, name: string): Barrier {
  return new SessionBarrier(session, segment(name, "name"));
}

class SessionBarrier implements Barrier {
  readonly name: string;
  readonly path: string;
  readonly #session: Session;

  constructor(session: Session, name: string) {
    this.name = name;
    this.path = `/barrier/${name}`;
    this.#session = session;
  }

  async set(options: BarrierSetOptions = {}): Promise<boolean> {
    requireOptions(options);
    const { ephemeral = false, ...bounds } = options;
    const session = this.#session;
    try {
      await withParent(
        session.clock,
        bounds,
        (left) => ensurePath(session, "/barrier", left),
        (left) => session.create(this.path, "", { ...left, ephemeral }),
      );
      return true;
    } catch (error) {
      if (FlotillaError.is(error, "ERR_FLOTILLA_EXISTS")) return false;
      throw error;
    }
  }

  lift(options: WriteOptions = {}): Promise<boolean> {
    return this.#session.delete(this.path, options);
  }

  async isSet(options: ReadOptions = {}): Promise<boolean> {
    return (await this.#session.exists(this.path, options)) !== null;
  }

  async wait(options: CallOptions = {}): Promise<void> {
    const { clock, signal: end } = this.#session;
    const bounds = { clock, options, fallbackMs: Infinity, end, what: `wait for ${this.path}` };
    const lifting = new Lifting(this.path);
    await bounded(bounds, (signal) =>
      attend(this.#session, this.path, signal, (event) => lifting.take(event)),
    );
  }
}

/** Tells whether the barrier that was found has been lifted. */
class Lifting {
  readonly #path: string;
  #found: number | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  take(event: WatchEvent): true | null {
    if (event.type === "snapshot")
      return this.#see(event.nodes.find(({ path }) => path === this.#path)?.node);
    return event.path === this.#path ? this.#see(event.node ?? undefined) : null;
  }

  /** One that was made later was set again, and the one before it lifted. */
  #see(node: { readonly stat: { readonly czxid: number } } | undefined): true | null {
    if (node === undefined) return true;
    this.#found ??= node.stat.czxid;
    return node.stat.czxid === this.#found ? null : true;
  }
}
