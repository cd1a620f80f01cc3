import { expect, test } from "vitest";
import { readArguments } from "../src/arguments.ts";

const both = () => ["zookeeper", "etcd"] as const;

test("peers alone takes what is installed, every workload, three seconds and three rounds", () => {
  expect(readArguments(["peers"], () => ["etcd"])).toEqual({
    type: "peers",
    peers: ["etcd"],
    only: ["floor", ...Array.from({ length: 14 }, (_, k) => `W${k + 1}`)],
    connections: null,
    seconds: 3,
    rounds: 3,
    repeats: 2,
    trials: 20,
    sessions: 10_000,
    nodes: 1_000_000,
    members: 3,
    valueBytes: 256,
    json: false,
    pins: { servers: null, load: null },
    folder: null,
  });
});

test("peers takes lists, in any case, and cores", () => {
  const args = [
    "peers",
    "--peers",
    "zookeeper",
    "--only",
    "w1,W13",
    "--connections",
    "1,64",
    "--pin",
    "0:1,3-4",
  ];
  expect(readArguments([...args, "--seconds", "0.5", "--json"], both)).toMatchObject({
    peers: ["zookeeper"],
    only: ["W1", "W13"],
    connections: [1, 64],
    seconds: 0.5,
    json: true,
    pins: { servers: "0", load: "1,3-4" },
  });
});

test("a cluster of another size stands alone, and is asked of what does not need three", () => {
  expect(readArguments(["peers", "--members", "5", "--values", "1024"], both)).toMatchObject({
    peers: [],
    only: ["W1", "W2", "W3", "W4", "W5", "W6", "W7"],
    members: 5,
    valueBytes: 1_024,
  });
  const args = ["peers", "--members", "1"];
  expect(readArguments([...args, "--peers", "none", "--only", "W1"], both)).toMatchObject({ only: ["W1"] });
  expect(() => readArguments([...args, "--peers", "etcd"], both)).toThrow("--peers none");
  expect(() => readArguments([...args, "--only", "W1,W8"], both)).toThrow("W8 is measured with three");
});

test("peers can be left out", () => {
  expect(readArguments(["peers", "--peers", "none"], both)).toMatchObject({ peers: [] });
});

test("coord takes every figure, and ZooKeeper beside it when it is there", () => {
  const args = ["coord", "--only", "lock,Sessions", "--sessions", "5", "--leases", "7", "--trials", "2"];
  expect(readArguments(args, both)).toEqual({
    type: "coord",
    only: ["lock", "sessions"],
    measureMs: 10_000,
    trials: 2,
    sessions: 5,
    leases: 7,
    zooKeeper: true,
    json: false,
    folder: null,
  });
  expect(readArguments(["coord"], () => ["etcd"])).toMatchObject({ zooKeeper: false, trials: 20 });
  for (const bad of [
    ["--sessions", "0"],
    ["--leases", "x"],
    ["--nodes", "5"],
  ])
    expect(() => readArguments(["coord", ...bad], both)).toThrow(RangeError);
});

test("recipes takes every figure, and ZooKeeper beside them when it is there", () => {
  expect(readArguments(["recipes", "--only", "Counter", "--seconds", "3", "--json"], both)).toEqual({
    type: "recipes",
    only: ["counter"],
    measureMs: 3_000,
    zooKeeper: true,
    json: true,
    folder: null,
  });
  expect(readArguments(["recipes"], () => ["etcd"])).toMatchObject({ zooKeeper: false, measureMs: 10_000 });
  expect(() => readArguments(["recipes", "--trials", "2"], both)).toThrow(RangeError);
});

test("kv takes every figure of a million nodes unless told otherwise", () => {
  const { type, ...all } = readArguments(["kv"], both);
  expect(type).toBe("kv");
  expect(all).toEqual({
    only: ["apply", "memory", "snapshot", "restore", "watchers"],
    nodes: 1_000_000,
    trials: 3,
    json: false,
    folder: null,
  });
  const args = ["kv", "--only", "restore", "--nodes", "50", "--trials", "1", "--json"];
  expect(readArguments(args, both)).toMatchObject({ only: ["restore"], nodes: 50, trials: 1, json: true });
  for (const bad of [
    ["--nodes", "0"],
    ["--only", "speed"],
    ["--seconds", "1"],
  ])
    expect(() => readArguments(["kv", ...bad], both)).toThrow(RangeError);
});

test("flame profiles 64 connections of W1 unless told otherwise", () => {
  expect(readArguments(["flame"], both)).toMatchObject({
    workload: { name: "W1", operation: "set", connections: 64, depth: 1 },
    embedded: false,
    seconds: 5,
  });
  expect(readArguments(["flame", "--workload", "w4", "--embedded", "--depth", "16"], both)).toMatchObject({
    workload: { name: "W13", operation: "getLocal", connections: 1, depth: 16 },
    embedded: true,
  });
});

test("micro takes parts of names", () => {
  expect(readArguments(["micro", "--only", "codec,log"], both)).toEqual({
    type: "micro",
    only: ["codec", "log"],
    json: false,
    folder: null,
  });
});

test("raft measures every figure, a hundred dead leaders, no mutants", () => {
  expect(readArguments(["raft"], both)).toEqual({
    type: "raft",
    only: ["mutants", "speed", "throughput", "latency", "failover", "stall", "idle"],
    measureMs: 10_000,
    trials: 100,
    mutants: false,
    results: null,
    json: false,
    pins: { servers: null, load: null },
    folder: null,
  });
  const some = ["raft", "--only", "stall,idle", "--trials", "10", "--mutants", "--pin", "0,1", "--json"];
  const args = [...some, "--results", "lines.json"];
  expect(readArguments(args, both)).toMatchObject({
    only: ["stall", "idle"],
    trials: 10,
    mutants: true,
    results: "lines.json",
    json: true,
    pins: { servers: "0,1", load: null },
  });
});

test.each([
  [[]],
  [["raft", "--only", "W1"]],
  [["raft", "--trials", "0"]],
  [["raft", "--pin", "0:1"]],
  [["raft", "--rounds", "2"]],
  [["fast"]],
  [["peers", "micro"]],
  [["peers", "--peers", "consul"]],
  [["peers", "--only", "W15"]],
  [["peers", "--seconds", "0"]],
  [["peers", "--seconds", "ten"]],
  [["peers", "--rounds", "0"]],
  [["peers", "--connections", "1,x"]],
  [["peers", "--members", "2"]],
  [["peers", "--values", "0"]],
  [["peers", "--values", "17000"]],
  [["peers", "--trials", "0"]],
  [["peers", "--sessions", "1e9"]],
  [["peers", "--nodes", "ten"]],
  [["peers", "--leases", "5"]],
  [["peers", "--pin", "0"]],
  [["peers", "--pin", "0:1:2"]],
  [["peers", "--pin", "0:all"]],
  [["peers", "--depth", "3"]],
  [["micro", "--seconds", "3"]],
  [["flame", "--workload", "W13"]],
  [["flame", "--unknown"]],
])("%j makes no sense", (args) => {
  expect(() => readArguments(args, both)).toThrow(/expected|--/);
});
