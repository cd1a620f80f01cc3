import type { Session } from "../../client/api.ts";
import { type Codec, jsonCodec } from "../../client/codecs.ts";
import type { CallOptions, ReadOptions } from "../../client/read-api.ts";
import { SessionValues } from "../../client/typed-values.ts";
import { bounded, within } from "../bounded.ts";
import { readNodes } from "../children.ts";
import { requireInteger } from "../counted.ts";
import { readHolder } from "../line.ts";
import { segment } from "../names.ts";
import type {
  CodedQueueOptions,
  ConsumeOptions,
  DeadLetters,
  PutOptions,
  Queue,
  QueueOptions,
  QueueReport,
  Taken,
} from "./api.ts";
import { consumeItems } from "./consume.ts";
import { SessionDeadLetters } from "./dead-letters.ts";
import { keepDispatching } from "./dispatching.ts";
import { type QueuePlaces, queuePlaces, readWants } from "./places.ts";
import { Putter } from "./put.ts";
import { Taker } from "./taker.ts";

const most = 1_000_000;
const defaultDeliveries = 10;

/**
 * Items for `name`, on one session; JSON unless there is a codec.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createQueue(session: Session, name: string, options?: QueueOptions): Queue<unknown>;
export function createQueue<In, Out>(
  session: Session,
  name: string,
  options: CodedQueueOptions<In, Out>,
): Queue<In, Out>;
export function createQueue(
  session: Session,
  name: string,
  options: Partial<CodedQueueOptions<unknown, unknown>> = {},
): Queue<unknown> {
  const { codec = jsonCodec(), ...others } = options;
  return new SessionQueue(session, segment(name, "name"), codec, others);
}

class SessionQueue<In, Out> implements Queue<In, Out> {
  readonly name: string;
  readonly path: string;
  readonly deadLetters: DeadLetters<Out>;
  readonly #session: Session;
  readonly #places: QueuePlaces;
  readonly #values: SessionValues<In, Out>;
  readonly #putter: Putter;
  readonly #taker: Taker<Out>;
  readonly #maxDeliveries: number;
  /** To hand out. */
  #isReady = false;

  constructor(session: Session, name: string, codec: Codec<In, Out>, options: QueueOptions) {
    const { maxItems, maxDeliveries = defaultDeliveries } = options;
    this.name = name;
    this.#session = session;
    this.#places = queuePlaces(name);
    this.path = this.#places.base;
    this.#values = new SessionValues(session, codec);
    this.#maxDeliveries = requireInteger(maxDeliveries, "maxDeliveries", 1, most);
    const bound = maxItems === undefined ? null : requireInteger(maxItems, "maxItems", 1, most);
    this.#putter = new Putter(session, this.#places, bound);
    this.#taker = new Taker(session, this.#places, codec, this.#maxDeliveries);
    this.deadLetters = new SessionDeadLetters(session, this.#places, codec);
  }

  async put(value: In, options: PutOptions = {}): Promise<string> {
    return this.#putter.put(await this.#values.encode(value), options);
  }

  async take(options: CallOptions = {}): Promise<Taken<Out>> {
    const { clock, signal: end } = this.#session;
    const bounds = { clock, options, fallbackMs: Infinity, end, what: `take from ${this.path}` };
    return bounded(bounds, (signal) => {
      this.#dispatch();
      return this.#taker.next(null, signal);
    });
  }

  async consume(
    fn: (item: Taken<Out>) => Promise<void> | void,
    options: ConsumeOptions<Out> = {},
  ): Promise<void> {
    this.#dispatch();
    await consumeItems(this.#session, this.#taker, fn, options);
  }

  async size(options?: ReadOptions): Promise<number> {
    return (await this.#session.exists(this.#places.items, options))?.numChildren ?? 0;
  }

  inspect(options: ReadOptions = {}): Promise<QueueReport> {
    const { takers, dead, line } = this.#places;
    return within(this.#session, options, `report of ${this.path}`, async (bounds) => {
      const [size, letters, found, holder] = await Promise.all([
        this.size(bounds),
        this.#session.exists(dead, bounds),
        readNodes(this.#session, takers, bounds),
        readHolder(this.#session, line, bounds),
      ]);
      return {
        size,
        dead: letters?.numChildren ?? 0,
        takers: found.map(({ name, node }) => ({ id: name, wants: readWants(node.value) ?? 0 })),
        dispatcher: holder?.grantee.id ?? null,
      };
    });
  }

  /** Whoever takes hands out, too, or is ready to. */
  #dispatch(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    void keepDispatching(this.#session, this.#places, this.#maxDeliveries);
  }
}
