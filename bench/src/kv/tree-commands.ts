import type { KvCommand, Machine, Operation } from "@flotilla/kv";
import { encodeCommand } from "@flotilla/kv";

const session = "5e".repeat(16);
const timeMs = 1_700_000_000_000;
const nodesOfFolder = 1_000;
const valueBytes = 100;

function valueOf(key: number): Uint8Array {
  const value = new Uint8Array(valueBytes);
  new DataView(value.buffer).setUint32(0, key);
  return value;
}

/** The folder of a node. */
export function folderOf(key: number): string {
  return `/folder-${String(Math.floor(key / nodesOfFolder)).padStart(4, "0")}`;
}

/** The path of a node. */
export function pathOf(key: number): string {
  const folder = folderOf(key);
  const place = key % nodesOfFolder;
  return place === 0 ? folder : `${folder}/node-${String(place).padStart(4, "0")}`;
}

/** A large tree of small nodes in folders of a thousand, and the commands of the one session that writes to it. */
export class TreeCommands {
  readonly #nodes: number;
  #seq = 0;

  constructor(nodes: number) {
    this.#nodes = nodes;
  }

  /** Builds it in an empty machine; returns the index of the last command. */
  grow(machine: Machine): number {
    let index = 0;
    const apply = (command: KvCommand): void => {
      index += 1;
      machine.apply(encodeCommand(command), { index, timeMs: timeMs + index });
      machine.takeEvents();
    };
    apply({ type: "attach", session, secret: new Uint8Array(16), attach: 1, ttlMs: 10_000 });
    for (let key = 0; key < this.#nodes; key += 1) {
      const path = pathOf(key);
      const facts = { lease: null, sequential: false, guarded: false } as const;
      apply(this.#request({ type: "create", path, value: valueOf(key), ...facts }));
    }
    return index;
  }

  /** Writes another value to a node drawn at random, once the tree is built. */
  set(random: () => number): Uint8Array {
    const key = Math.floor(random() * this.#nodes);
    const command = this.#request({
      type: "set",
      path: pathOf(key),
      value: valueOf(key + this.#seq),
      if: {},
    });
    return encodeCommand(command).slice();
  }

  #request(operation: Operation): KvCommand {
    this.#seq += 1;
    return { type: "request", session, attach: 1, seq: this.#seq, ack: this.#seq - 1, operation };
  }
}
