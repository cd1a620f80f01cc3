import type { MetaRecord, OpRecord, OpResult, Operation, OtherRecord, Resolution } from "./records.ts";

/** Where an operation was sent. */
export interface OpOrigin {
  readonly node?: string;
  readonly session?: string;
}

interface Open {
  readonly id: number;
  readonly client: number;
  readonly op: Operation;
  readonly origin: OpOrigin;
  readonly invoke_ns: number;
}

/**
 * Builds a history in memory; it has no clock and no file of its own. Calls must come in the order in
 * which things happened: every stamp is made larger than the one before (by 1 ns when the clock stood
 * still), so that operations at one virtual instant keep their order.
 */
export class HistoryWriter {
  readonly #meta: MetaRecord;
  readonly #ops: OpRecord[] = [];
  readonly #others: OtherRecord[] = [];
  readonly #open = new Map<number, Open>();
  readonly #openByClient = new Map<number, number>();
  readonly #retired = new Set<number>();
  #nextId = 0;
  #nextClient = 0;
  #last = -1;

  /** @param meta written as the first line; `model` is `vreg` unless said otherwise. */
  constructor(meta: Omit<MetaRecord, "kind" | "v"> = {}) {
    this.#meta = { model: "vreg", ...meta, kind: "meta", v: 1 };
  }

  /** A client number that was not used yet; take a new one after every unknown outcome. */
  newClient(): number {
    return this.#nextClient++;
  }

  /**
   * Notes that an operation is about to be sent.
   *
   * @returns its id, to be settled by `ok`, `fail` or `unknown`.
   * @throws RangeError when the client has one in flight or had an unknown outcome.
   */
  invoke(client: number, op: Operation, nowNs: number, origin: OpOrigin = {}): number {
    if (this.#openByClient.has(client)) throw new RangeError(`client ${client} has an operation in flight`);
    if (this.#retired.has(client)) throw new RangeError(`client ${client} had an unknown outcome`);
    const id = this.#nextId++;
    this.#nextClient = Math.max(this.#nextClient, client + 1);
    this.#openByClient.set(client, id);
    this.#open.set(id, { id, client, op, origin, invoke_ns: this.#stamp(nowNs) });
    return id;
  }

  /** It took effect, or was read. @throws RangeError when `id` is not in flight. */
  ok(id: number, nowNs: number, result: OpResult | null = null): void {
    this.#settle(id, "ok", this.#stamp(nowNs), result);
  }

  /** It certainly had no effect. @throws RangeError when `id` is not in flight. */
  fail(id: number, nowNs: number, error: string): void {
    this.#settle(id, "fail", this.#stamp(nowNs), { error });
  }

  /** It may take effect at any later time. @throws RangeError when `id` is not in flight. */
  unknown(id: number, resolved?: Resolution): void {
    this.#settle(id, "unknown", null, null, resolved);
  }

  /**
   * Adds a record of another kind as it is; its place in the file is its `at_ns`, `from_ns` or `invoke_ns`.
   *
   * @returns its number, for `amend`
   */
  add(record: OtherRecord): number {
    return this.#others.push(record) - 1;
  }

  /** Puts a record in the place of one that told less. @throws RangeError when there is none of that number */
  amend(number: number, record: OtherRecord): void {
    if (this.#others[number] === undefined) throw new RangeError(`no record ${number}`);
    this.#others[number] = record;
  }

  /**
   * Takes over what another writer holds, on the same clock, under ids and clients that are new here. What is in flight
   * there is unknown for ever.
   */
  absorb(other: HistoryWriter): void {
    const [firstId, firstClient] = [this.#nextId, this.#nextClient];
    for (const record of other.ops())
      this.#ops.push({ ...record, id: firstId + record.id, client: firstClient + record.client });
    this.#nextId += other.#nextId;
    this.#nextClient += other.#nextClient;
    this.#last = Math.max(this.#last, other.#last);
    this.#others.push(...other.#others);
  }

  /** Everything settled so far, by `invoke_ns`; what is still in flight comes out as unknown. */
  ops(): OpRecord[] {
    const unsettled = [...this.#open.values()].map((open) => build(open, "unknown", null, null));
    return [...this.#ops, ...unsettled].toSorted((a, b) => a.invoke_ns - b.invoke_ns);
  }

  /** The whole file: the meta record, then everything by its time. */
  toJsonLines(): string {
    const timed: { at: number; record: object }[] = [
      ...this.ops().map((record) => ({ at: record.invoke_ns, record })),
      ...this.#others.map((record) => ({ at: timeOf(record), record })),
    ].toSorted((a, b) => a.at - b.at);
    return [{ ...this.#meta, records: timed.length }, ...timed.map((entry) => entry.record)]
      .map((record) => `${JSON.stringify(record)}\n`)
      .join("");
  }

  #stamp(nowNs: number): number {
    this.#last = Math.max(Math.floor(nowNs), this.#last + 1);
    return this.#last;
  }

  #settle(
    id: number,
    outcome: OpRecord["outcome"],
    at: number | null,
    result: OpResult | null,
    resolved?: Resolution,
  ): void {
    const open = this.#open.get(id);
    if (open === undefined) throw new RangeError(`operation ${id} is not in flight`);
    this.#open.delete(id);
    this.#openByClient.delete(open.client);
    if (outcome === "unknown") this.#retired.add(open.client);
    this.#ops.push(build(open, outcome, at, result, resolved));
  }
}

function build(
  open: Open,
  outcome: OpRecord["outcome"],
  return_ns: number | null,
  result: OpResult | null,
  resolved?: Resolution,
): OpRecord {
  const { id, client, origin, op, invoke_ns } = open;
  const record = { id, client, ...origin, op, invoke_ns, return_ns, outcome, result };
  return resolved === undefined ? record : { ...record, resolved };
}

function timeOf(record: OtherRecord): number {
  const at = record["at_ns"] ?? record["from_ns"] ?? record["invoke_ns"];
  return typeof at === "number" ? at : 0;
}
