import { decodeResult, encodeCommand, Machine, openAcl } from "../src/index.ts";
import type {
  Applied,
  CreateOp,
  KvCommand,
  MachineOptions,
  Operation,
  Result,
  TreeEntry,
  TreeEvent,
} from "../src/index.ts";
import type { GoldenApplied, GoldenEvent } from "./golden-state.ts";

export function idOf(number: number): string {
  return number.toString(16).padStart(32, "0");
}

export function secretOf(number: number): Uint8Array {
  return new Uint8Array(16).fill(number);
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function create(path: string, options: Partial<Omit<CreateOp, "type" | "path">> = {}): CreateOp {
  const value = new Uint8Array(0);
  return { type: "create", path, value, lease: null, sequential: false, guarded: false, ...options };
}

export function join(chunks: Iterable<Uint8Array>): Uint8Array {
  return new Uint8Array(Buffer.concat([...chunks]));
}

export function allOf(machine: Machine, path = "/"): TreeEntry[] {
  return [...machine.subtree(path, 7).pages].flat();
}

/** Everything that can be seen of a machine, as plain data. */
export function dump(machine: Machine): unknown {
  return {
    revision: machine.revision,
    nodes: allOf(machine).map(({ path, node, acl = openAcl }) => ({
      path,
      value: [...node.value],
      stat: node.stat,
      acl,
    })),
    sessions: machine.sessions(),
    leases: machine.leases(),
    results: machine
      .sessions()
      .map(({ id }) => machine.pendingResults(id, 0).map(([seq, bytes]) => [seq, decodeResult(bytes)])),
  };
}

export function readable(applied: Applied): GoldenApplied {
  return applied.type === "answered" ? { ...applied, result: decodeResult(applied.result) } : applied;
}

export function readableEvents(events: readonly TreeEvent[]): GoldenEvent[] {
  return events.map(({ type, path, node }) => ({
    type,
    path,
    value: node === null ? null : [...node.value],
    stat: node === null ? null : node.stat,
  }));
}

/** A machine with sessions that number their requests themselves. */
export class Driver {
  readonly machine: Machine;
  #index = 0;
  #seqs: Map<number, number> = new Map();
  timeMs = 1_700_000_000_000;

  constructor(options: MachineOptions = {}) {
    this.machine = new Machine(options);
  }

  apply(command: KvCommand): Applied {
    this.#index = Math.max(this.#index, this.machine.lastIndex) + 1;
    return this.machine.apply(encodeCommand(command), { index: this.#index, timeMs: this.timeMs });
  }

  open(session: number, ttlMs: number | null = 10_000, attach = 1): Applied {
    return this.apply({ type: "attach", session: idOf(session), secret: secretOf(session), attach, ttlMs });
  }

  request(session: number, seq: number, operation: Operation, ack = 0, attach = 1): Applied {
    return this.apply({ type: "request", session: idOf(session), attach, seq, ack, operation });
  }

  /** Sends the next request of a session on attach 1, all earlier ones acknowledged. */
  send(session: number, operation: Operation): Result {
    const seq = (this.#seqs.get(session) ?? 0) + 1;
    this.#seqs.set(session, seq);
    const applied = this.request(session, seq, operation, seq - 1);
    if (applied.type !== "answered") throw new Error(`not answered: ${JSON.stringify(applied)}`);
    return decodeResult(applied.result);
  }

  /** As `send`, giving `ok` or the code. */
  code(session: number, operation: Operation): string {
    const result = this.send(session, operation);
    return result.ok ? "ok" : result.code.replace("ERR_FLOTILLA_", "");
  }

  expire(...leases: string[]): Applied {
    return this.apply({ type: "expire", leases });
  }
}

/** The events with their nodes put together, to be compared. */
export function plainEvents(events: readonly TreeEvent[]): TreeEvent[] {
  return events.map(({ revision, ordinal, type, path, node, previous, by, timeMs }) => {
    return { revision, ordinal, type, path, node, previous, by, timeMs };
  });
}
