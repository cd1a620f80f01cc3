import { crc32 } from "node:zlib";
import type { Command, Index, Restoring, Snapshot, StateMachine } from "@flotilla/raft";
import { restoreAtOnce } from "@flotilla/raft";

const sliceBytes = 512;
/** Commands that the state remembers: they tell in which order it came about, and give a snapshot some size. */
const remembered = 50;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What is asked of one register. */
export interface RegisterCommand {
  /** Unique over the world; what a register holds is the id of the command that wrote it. */
  readonly id: string;
  readonly type: "create" | "set" | "cas" | "delete";
  readonly path: string;
  /** Version that `cas` expects. */
  readonly expected: number;
  /** Bytes that mean nothing. */
  readonly padding: number;
}

/** One register that exists. */
export interface Register {
  readonly value: string;
  readonly version: number;
  /** The entry that wrote it. */
  readonly index: Index;
}

/** The version that a command left behind, or, of one that changed nothing, what it found. */
export type RegisterAnswer = number | "NO_NODE" | "NODE_EXISTS" | "BAD_VERSION";

/** Makes the bytes of a command. */
export function encodeCommand({ id, type, path, expected, padding }: RegisterCommand): Uint8Array {
  return encoder.encode([id, type, path, expected, "x".repeat(padding)].join(" "));
}

function decodeCommand(payload: Uint8Array): RegisterCommand {
  const [id = "", type = "", path = "", expected = "", padding = ""] = decoder.decode(payload).split(" ");
  if (type !== "create" && type !== "set" && type !== "cas" && type !== "delete")
    throw new RangeError(`no command is called ${type}`);
  return { id, type, path, expected: Number(expected), padding: padding.length };
}

interface State {
  readonly registers: readonly (readonly [path: string, register: Register])[];
  readonly recent: readonly string[];
}

/** Registers by path: a state machine for a log without the product. */
export class RegisterMachine implements StateMachine {
  readonly #onApply: (index: Index, command: RegisterCommand, answer: RegisterAnswer) => void;
  #registers = new Map<string, Register>();
  #recent: string[] = [];

  /** @param onApply called with each command; a throw is one of `apply` */
  constructor(onApply: (index: Index, command: RegisterCommand, answer: RegisterAnswer) => void) {
    this.#onApply = onApply;
  }

  get(path: string): Register | undefined {
    return this.#registers.get(path);
  }

  /** A checksum of the whole state. */
  digest(): string {
    return crc32(this.#encode()).toString(16);
  }

  apply({ index, payload }: Command): RegisterAnswer {
    const command = decodeCommand(payload);
    const answer = this.#execute(index, command);
    this.#recent.push(command.id);
    if (this.#recent.length >= 2 * remembered) this.#recent = this.#recent.slice(-remembered);
    this.#onApply(index, command, answer);
    return answer;
  }

  snapshot(): Snapshot {
    const bytes = encoder.encode(this.#encode());
    return {
      *chunks(): Iterable<Uint8Array> {
        for (let at = 0; at < bytes.length; at += sliceBytes) yield bytes.slice(at, at + sliceBytes);
      },
    };
  }

  beginRestore(): Restoring {
    return restoreAtOnce((bytes) => {
      const { registers, recent } = JSON.parse(decoder.decode(bytes)) as State;
      this.#registers = new Map(registers);
      this.#recent = [...recent];
    });
  }

  #execute(index: Index, { id, type, path, expected }: RegisterCommand): RegisterAnswer {
    const found = this.#registers.get(path);
    if (type === "create" && found !== undefined) return "NODE_EXISTS";
    if (type !== "create" && found === undefined) return "NO_NODE";
    if (type === "cas" && found?.version !== expected) return "BAD_VERSION";
    const version = found === undefined ? 0 : found.version + 1;
    if (type === "delete") this.#registers.delete(path);
    else this.#registers.set(path, { value: id, version, index });
    return version;
  }

  #encode(): string {
    const state: State = { registers: [...this.#registers], recent: this.#recent };
    return JSON.stringify(state);
  }
}
