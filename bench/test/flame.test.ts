import { expect, test } from "vitest";
import { layerOf, timeByLayer } from "../src/flame/layers.ts";
import type { CpuProfile } from "../src/flame/profile.ts";
import { flameTree } from "../src/flame/profile.ts";
import { flameSvg } from "../src/flame/svg.ts";
import { hottest } from "../src/flame/top.ts";

function frame(functionName: string, url = ""): CpuProfile["nodes"][number]["callFrame"] {
  return { functionName, url, lineNumber: 0 };
}

/** step → writev (of Node.js), get of the tree, and idling; a sample every 10 µs from 100 on. */
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame("(root)"), children: [2, 5] },
    { id: 2, callFrame: frame("step", "file:///x/packages/raft/dist/core/raft.js"), children: [3, 4] },
    { id: 3, callFrame: frame("<writev>", "node:net") },
    { id: 4, callFrame: frame("get", "file:///x/packages/kv/dist/tree.js") },
    { id: 5, callFrame: frame("(idle)") },
  ],
  startTime: 90,
  samples: [2, 3, 4, 5, 4, 2],
  timeDeltas: [10, 10, 10, 10, 10, 10],
};

test("time counts for the function on top, and idling not at all", () => {
  const tree = flameTree(profile, 0, 1000);
  expect(tree.totalUs).toBe(40);
  expect(hottest(tree, 9).map(({ name, selfUs }) => [name, selfUs])).toEqual([
    ["get", 20],
    ["step", 10],
    ["<writev>", 10],
    ["(root)", 0],
  ]);
});

test("only samples of the interval count", () => {
  expect(flameTree(profile, 110, 130).totalUs).toBe(20);
  expect(flameTree(profile, 500, 600).totalUs).toBe(0);
});

test("what serves its caller counts for the caller's layer", () => {
  expect(timeByLayer(flameTree(profile, 0, 1000))).toEqual(
    new Map([
      ["Node.js", 0],
      ["raft", 20],
      ["apply", 20],
    ]),
  );
});

test("codecs belong to the codec wherever they stand", () => {
  expect(layerOf({ name: "pack", url: "file:///x/packages/kv/dist/command-codec.js" })).toBe("codec");
  expect(layerOf({ name: "consume", url: "file:///x/node_modules/ws/lib/receiver.js" })).toBe("wire");
  expect(layerOf({ name: "emit", url: "node:events" })).toBeNull();
});

test("the drawing escapes what functions are called, and stands an empty profile", () => {
  const svg = flameSvg(flameTree(profile, 0, 1000), "a < b");
  expect(svg).toContain("&lt;writev&gt;");
  expect(svg).toContain("a &lt; b");
  expect(svg).not.toContain("<writev>");
  expect(flameSvg(flameTree(profile, 500, 600), "")).toContain("</svg>");
});
