import type { Operation, OpRecord, OpResult, OpType } from "../../src/index.ts";
import { SeededRandom } from "./random.ts";

export interface GenerateOptions {
  readonly seed: number;
  readonly clients: number;
  readonly ops: number;
  readonly paths: number;
  readonly unknownRate: number;
  /** Share of results that carry a zxid. */
  readonly zxidRate: number;
  /** Share of results that carry version and value. */
  readonly detailRate: number;
  readonly types: readonly OpType[];
  /** Longest part of an operation, before and after its effect. */
  readonly spanNs: number;
}

interface Planned {
  readonly id: number;
  readonly client: number;
  readonly type: OpType;
  readonly path: string;
  readonly invoke: number;
  /** `Infinity` when it never happens. */
  readonly effect: number;
  /** `null` when unknown. */
  readonly return: number | null;
}

interface Register {
  value: string;
  version: number;
  zxid: number;
}

/**
 * A history that is linearizable by construction: every operation takes effect at one instant inside
 * its interval, on a real register; one of unknown outcome at any later instant or never.
 */
export function generate(options: GenerateOptions): OpRecord[] {
  const random = new SeededRandom(options.seed);
  const registers = new Map<string, Register>();
  let zxid = 0;
  const perform = (op: Planned): OpRecord => {
    const register = registers.get(op.path);
    const operation = request(op, register, random);
    const { error, result } = effect(operation, register, () => ++zxid, registers);
    const base = { id: op.id, client: op.client, op: operation, invoke_ns: op.invoke, return_ns: op.return };
    if (op.return === null) return { ...base, outcome: "unknown", result: null };
    if (error !== undefined) return { ...base, outcome: "fail", result: { error } };
    return { ...base, outcome: "ok", result: thin(operation, result, options, random) };
  };
  const planned = plan(options, random).toSorted((a, b) => a.effect - b.effect || a.id - b.id);
  const records = planned.map((op) => {
    if (op.effect !== Infinity) return perform(op);
    const operation = request(op, undefined, random);
    return {
      id: op.id,
      client: op.client,
      op: operation,
      invoke_ns: op.invoke,
      return_ns: null,
      outcome: "unknown" as const,
      result: null,
    };
  });
  return records.toSorted((a, b) => a.invoke_ns - b.invoke_ns || a.id - b.id);
}

function plan(options: GenerateOptions, random: SeededRandom): Planned[] {
  const clients = Array.from({ length: options.clients }, (_, id) => ({
    id,
    freeAt: random.below(options.spanNs),
  }));
  let nextClient = options.clients;
  const planned: Planned[] = [];
  for (let id = 0; id < options.ops; id++) {
    const client = clients.reduce((a, b) => (b.freeAt < a.freeAt ? b : a));
    const invoke = client.freeAt;
    const inside = invoke + random.below(options.spanNs);
    const end = inside + random.below(options.spanNs);
    const unknown = random.chance(options.unknownRate);
    const late = random.chance(0.3) ? Infinity : invoke + random.below(options.spanNs * 8);
    const type = random.pick(options.types);
    const path = `/${random.below(options.paths)}`;
    planned.push({
      id,
      client: client.id,
      type,
      path,
      invoke,
      effect: unknown ? late : inside,
      return: unknown ? null : end,
    });
    client.freeAt = end + random.below(3);
    if (unknown) client.id = nextClient++;
  }
  return planned;
}

function request(op: Planned, register: Register | undefined, random: SeededRandom): Operation {
  const { type, path, id } = op;
  const expectedVersion = Math.max(0, (register?.version ?? 0) - random.below(2));
  switch (type) {
    case "create":
      return { type, path, value: `v${id}` };
    case "set":
      return random.chance(0.3)
        ? { type, path, value: `v${id}`, expectedVersion }
        : { type, path, value: `v${id}` };
    case "cas":
      return { type, path, value: `v${id}`, expectedVersion };
    case "delete":
      return random.chance(0.3) ? { type, path, expectedVersion } : { type, path };
    default:
      return { type, path };
  }
}

function effect(
  op: Operation,
  register: Register | undefined,
  nextZxid: () => number,
  registers: Map<string, Register>,
): { error?: string; result: OpResult } {
  if (op.type === "exists") return { result: { exists: register !== undefined, ...register } };
  if (op.type === "create") {
    if (register !== undefined) return { error: "NODE_EXISTS", result: {} };
    const created = { value: op.value ?? "", version: 0, zxid: nextZxid() };
    registers.set(op.path, created);
    return { result: { version: 0, zxid: created.zxid } };
  }
  if (register === undefined) return { error: "NO_NODE", result: {} };
  if (op.type === "get") return { result: { ...register } };
  if (op.expectedVersion !== undefined && op.expectedVersion !== register.version)
    return { error: "BAD_VERSION", result: {} };
  const zxid = nextZxid();
  if (op.type === "delete") {
    registers.delete(op.path);
    return { result: { zxid } };
  }
  registers.set(op.path, { value: op.value ?? "", version: register.version + 1, zxid });
  return { result: { version: register.version + 1, zxid } };
}

function thin(op: Operation, result: OpResult, options: GenerateOptions, random: SeededRandom): OpResult {
  const { zxid, value, version, ...rest } = result;
  const out: { -readonly [K in keyof OpResult]: OpResult[K] } = { ...rest };
  const detailed = random.chance(options.detailRate);
  if (zxid !== undefined && random.chance(options.zxidRate)) out.zxid = zxid;
  if (version !== undefined && detailed) out.version = version;
  if (value !== undefined && (detailed || op.type === "get")) out.value = value;
  return out;
}
