import { encodeCommand, Machine } from "@flotilla/kv";
import type { WatchKind } from "@flotilla/kv";
import { expect, test } from "vitest";
import { ScopePages } from "../../src/server/pages.ts";

const session = "a".repeat(32);

function put(path: string) {
  return { type: "put", path, value: new Uint8Array(1), if: {} } as const;
}

/** Two children, each with so many below it. */
function filled(below: number): Machine {
  const machine = new Machine();
  let index = 0;
  const apply = (command: Parameters<typeof encodeCommand>[0]): void => {
    index += 1;
    machine.apply(encodeCommand(command), { index, timeMs: 0 });
  };
  apply({ type: "attach", session, secret: new Uint8Array(16), attach: 1, ttlMs: 10_000 });
  const deep = Array.from({ length: below }, (_, name) => [put(`/s/a/${name}`), put(`/s/b/${name}`)]);
  const ops = [put("/s"), put("/s/a"), put("/s/b"), ...deep.flat()];
  apply({ type: "request", session, attach: 1, seq: 1, ack: 0, operation: { type: "multi", ops } });
  return machine;
}

test.each<[kind: WatchKind, nodes: number, most: number]>([
  ["data", 1, 2],
  ["children", 3, 2],
  ["recursive", 903, 5],
])("a watch of kind %s takes as many pieces to show as its own nodes do", (kind, nodes, most) => {
  const pages = new ScopePages(filled(450), "/s", kind);
  let pieces = 0;
  let shown = 0;
  for (let isLast = false; !isLast; pieces += 1) {
    const { entries, last } = pages.next();
    shown += entries.length;
    isLast = last;
  }
  expect(shown).toBe(nodes);
  expect(pieces).toBeLessThanOrEqual(most);
});
