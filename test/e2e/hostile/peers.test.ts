import { randomBytes } from "node:crypto";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CoordNode } from "@flotilla/coord";
import { start, text } from "@flotilla/coord";
import { encode, FlotillaError, readArray, readString } from "@flotilla/runtime";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Message } from "@flotilla/raft";
import type { PeerMessage } from "../../../packages/raft/src/transport/message-codec.ts";
import { decodeFrame, encodeFrame } from "../../../packages/raft/src/transport/message-codec.ts";
import { freePorts } from "../../jepsen/src/processes/ports.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";
import { cluster, Complaints, eventually, hurried, rejection, secret } from "./lone-member.ts";
import { mutated, mutation } from "./mutate.ts";
import { Wire } from "./wire.ts";

const limitMs = 60_000;
const ids = ["n1", "n2", "n3"] as const;
const control = "flotilla-peer-control-1";
const bulk = "flotilla-peer-bulk-1";

let folder: TemporaryFolder;
let places: readonly { readonly id: string; readonly address: string }[];
const members = new Map<string, CoordNode>();
const complaints = new Complaints();

function member(id: string): CoordNode {
  const found = members.get(id);
  if (found === undefined) throw new RangeError(`no member ${id}`);
  return found;
}

function addressOf(id: string): string {
  return places.find((place) => place.id === id)?.address ?? "";
}

async function open(id: string): Promise<CoordNode> {
  const node = await start({
    id,
    dataDir: join(folder.path, id),
    listen: addressOf(id),
    bootstrap: places,
    cluster,
    secret,
    logger: complaints,
    ...hurried,
    sessionTtlMs: 120_000,
  });
  members.set(id, node);
  return node;
}

async function close(id: string): Promise<void> {
  await member(id).close();
  members.delete(id);
}

async function write(id: string, value: string): Promise<void> {
  await member(id).session.put("/kept", value, { timeoutMs: limitMs });
}

/** All members that run hold the same tree, with this value. */
async function expectAgreed(value: string): Promise<void> {
  for (const node of members.values()) {
    const found = await node.session.get("/kept", { timeoutMs: limitMs });
    expect(found === null ? null : text(found)).toBe(value);
  }
  const nodes = [...members.values()];
  await eventually(() => new Set(nodes.map((node) => node.status().digest)).size === 1);
}

beforeAll(async () => {
  folder = await TemporaryFolder.create("peers");
  const ports = await freePorts(ids.length);
  places = ids.map((id, k) => ({ id, address: `127.0.0.1:${ports[k]}` }));
  await Promise.all(ids.map((id) => open(id)));
  await write("n1", "first");
  await Promise.all(ids.map((id) => member(id).session.sync({ timeoutMs: limitMs })));
}, limitMs);

afterAll(async () => {
  await Promise.all([...members.keys()].map((id) => close(id)));
  await folder[Symbol.asyncDispose]();
});

type Claim = readonly [
  id: unknown,
  incarnation: unknown,
  historyId: unknown,
  version: unknown,
  kind: unknown,
  life: unknown,
  attempt: unknown,
  level: unknown,
];

const strange = "0".repeat(32);

/** Dials a member as a peer that says this of itself; also what the member says of itself. */
async function introduce(
  to: string,
  identity: unknown,
  protocol = control,
): Promise<{ readonly wire: Wire; readonly theirs: unknown }> {
  let theirs: unknown;
  const admit = (value: unknown): undefined => void (theirs = value);
  return { wire: await Wire.greeted(addressOf(to), { identity, admit }, protocol), theirs };
}

function claim(
  id: string,
  more: {
    readonly incarnation?: string;
    readonly kind?: string;
    readonly historyId?: string;
    readonly life?: number;
  } = {},
): Claim {
  const { incarnation = strange, kind = "control", historyId = "", life = 1 } = more;
  return [id, incarnation, historyId, 0, kind, life, 1, 1];
}

/** The incarnation by which a member is known, as it tells everybody who knows the secret. */
async function incarnationOf(id: string): Promise<string> {
  let found: unknown;
  const error = await rejection(
    Wire.greeted(addressOf(id), { identity: null, admit: (value) => void (found = value) }, control),
  );
  expect(error).toBeDefined();
  return readString(readArray(found, "identity", 8, 8)[1], "incarnation", 64);
}

test(
  "whoever is no member, or not with the data it was a member with, is refused with the reason",
  async () => {
    const calm = member("n3").status();
    const cases: readonly (readonly [unknown, string, string?])[] = [
      [claim("n0"), "ERR_FLOTILLA_BAD_CONFIG"],
      [claim("n3"), "ERR_FLOTILLA_BAD_CONFIG"],
      [claim("zz"), "ERR_FLOTILLA_BAD_CONFIG"],
      [claim("n1"), "ERR_FLOTILLA_WIPED"],
      [claim("n1", { historyId: "f".repeat(32) }), "ERR_FLOTILLA_WRONG_CLUSTER"],
      [claim("n1", { kind: "bulk" }), "ERR_FLOTILLA_BAD_FRAME"],
      [claim("n1", { kind: "other" }), "ERR_FLOTILLA_BAD_FRAME"],
      [claim("n1", { life: -1 }), "ERR_FLOTILLA_BAD_FRAME"],
      [claim("n".repeat(100)), "ERR_FLOTILLA_BAD_FRAME"],
      [null, "ERR_FLOTILLA_BAD_FRAME"],
      [claim("n1"), "ERR_FLOTILLA_BAD_FRAME", bulk],
    ];
    for (const [identity, code, protocol] of cases) {
      expect(await rejection(introduce("n3", identity, protocol)), JSON.stringify(identity)).toMatchObject({
        code,
      });
    }
    const wrong = await rejection(
      Wire.greeted(addressOf("n3"), { identity: claim("n1"), secret: "wrong" }, control),
    );
    expect(wrong).toMatchObject({ code: "ERR_FLOTILLA_WRONG_SECRET" });
    const foreign = await rejection(
      Wire.greeted(addressOf("n3"), { identity: claim("n1"), cluster: "another" }, control),
    );
    expect(foreign).toMatchObject({ code: "ERR_FLOTILLA_WRONG_CLUSTER" });
    expect(member("n3").status()).toMatchObject({
      term: calm.term,
      revision: calm.revision,
      digest: calm.digest,
    });
    await expectAgreed("first");
    expect(complaints.errors).toEqual([]);
  },
  limitMs,
);

test(
  "strangers who say nothing on peer channels are dropped, and the members keep their links",
  async () => {
    const { term } = member("n3").status();
    const wires = await Promise.all(Array.from({ length: 200 }, () => Wire.dial(addressOf("n3"), control)));
    await Promise.all(wires.map(({ ended }) => ended));
    expect(
      member("n3")
        .status()
        .members.every(({ connected }) => connected),
    ).toBe(true);
    expect(member("n3").status().term).toBe(term);
  },
  limitMs,
);

const id = { index: 3, term: 1 };
const seeds: readonly (readonly PeerMessage[])[] = [
  [{ type: "pre-vote", term: 1, last: id, closedLeader: null }],
  [
    { type: "vote-reply", term: 1, granted: false },
    { type: "heartbeat-reply", term: 1, round: 5, pledgeMs: 1000 },
  ],
  [{ type: "append-reply", term: 1, prevIndex: 3, match: null, hint: id }],
  [{ type: "read-reply", term: 1, id: 3, index: 4 }],
  [{ type: "snapshot-reply", term: 1, last: id, received: 5, done: true }],
  [{ type: "forward-reply", term: 1, firstId: 1, count: 1, firstIndex: 4 }],
  [{ type: "app", payload: encode([1, 5, []]) }],
];

/** Neither the codec nor the core takes part in what is not of the protocol. */
function isForeign(frame: Uint8Array): boolean {
  try {
    decodeFrame(frame);
    return false;
  } catch (error) {
    return FlotillaError.is(error, "ERR_FLOTILLA_BAD_FRAME");
  }
}

test(
  "malformed frames of one who passes for a member end its links and change nothing",
  async () => {
    const incarnation = await incarnationOf("n1");
    await close("n1");
    await write("n3", "second");
    const { revision, digest } = member("n3").status();
    let life = 100;
    let sent = 0;
    async function pose(): Promise<Wire> {
      life += 1;
      const { wire: other } = await introduce("n3", claim("n1", { incarnation, kind: "bulk", life }), bulk);
      const { wire } = await introduce("n3", claim("n1", { incarnation, life }), control);
      void wire.ended.then(() => other.channel.close());
      return wire;
    }
    const frames = seeds.map((messages) => encodeFrame(messages));
    const enough = Date.now() + 4_000;
    await fc.assert(
      fc.asyncProperty(
        fc.array(mutation(frames.length), { minLength: 20, maxLength: 40 }),
        async (mutations) => {
          for (const each of mutations) {
            if (Date.now() > enough) return;
            const frame = mutated(frames, each);
            if (!isForeign(frame)) continue;
            const wire = await pose();
            wire.channel.send(frame);
            expect((await wire.ended).reason).toMatch(/bad frame/);
            sent += 1;
          }
        },
      ),
      { numRuns: 200 },
    );
    for (const garbage of [
      randomBytes(1_000),
      new Uint8Array(20_000).fill(0x81),
      new Uint8Array(0),
      encode([[5, 1, 1, 1, 1, randomBytes(200)]]),
      encode([[13, 1, 1, [1]]]),
    ]) {
      const wire = await pose();
      wire.channel.send(garbage);
      expect((await wire.ended).reason).toMatch(/bad frame/);
    }
    expect(sent).toBeGreaterThan(20);
    expect(member("n3").status()).toMatchObject({ revision, digest });
    await open("n1");
    await expectAgreed("second");
    expect(complaints.errors).toEqual([]);
  },
  limitMs,
);

const later = 1_000;
const lies: readonly (readonly [string, Message])[] = [
  ["term-never-entered", { type: "append-reply", term: later, prevIndex: 3, match: 5, hint: null }],
  ["term-never-entered", { type: "append-reply", term: later, prevIndex: 3, match: null, hint: id }],
  ["term-never-entered", { type: "heartbeat-reply", term: later, round: 5, pledgeMs: 0 }],
  ["term-never-entered", { type: "read-request", term: later, id: 5 }],
  ["term-never-entered", { type: "forward", term: later, firstId: 5, payloads: [Uint8Array.of(1)] }],
  ["term-never-entered", { type: "timeout-now", term: later, last: { index: 9, term: later } }],
  ["vote-not-asked-for", { type: "vote-reply", term: later, granted: true }],
  ["term-out-of-reach", { type: "vote", term: 2 ** 40, last: id, transfer: true }],
  [
    "contradicts-commit",
    { type: "append", term: later, prev: { index: 2, term: later }, commit: 2, entries: [] },
  ],
];

test(
  "what no honest member says ends the links with the reason, and the member goes on as it was",
  async () => {
    const incarnation = await incarnationOf("n1");
    await close("n1");
    await write("n3", "before the lies");
    const { term, revision, digest, leader } = member("n3").status();
    const to = leader ?? "n3";
    const payloads = [Uint8Array.of(1, 2, 3)];
    const noCommand: Message = { type: "forward", term, firstId: 1, payloads };
    for (const [k, [reason, lie]] of [...lies, ["no-command", noCommand] as const].entries()) {
      const life = 10_000 + k;
      const { wire: other } = await introduce(to, claim("n1", { incarnation, kind: "bulk", life }), bulk);
      const { wire } = await introduce(to, claim("n1", { incarnation, life }), control);
      wire.channel.send(encodeFrame([lie]));
      const ends = await Promise.all([wire.ended, other.ended]);
      for (const end of ends) expect(end.reason).toBe(`refused: ${reason}`);
    }
    expect(member(to).status()).toMatchObject({ term, revision, digest });
    await open("n1");
    await expectAgreed("before the lies");
    expect(complaints.errors).toEqual([]);
  },
  limitMs,
);

test(
  "a member whose whole directory went back in time stops as damaged, and nothing acknowledged is lost",
  async () => {
    await close("n1");
    const [dataDir, earlier] = [join(folder.path, "n1"), join(folder.path, "earlier")];
    await cp(dataDir, earlier, { recursive: true });
    await open("n1");
    for (let k = 0; k < 20; k += 1) await write("n1", `later ${k}`);
    await close("n1");
    const { term } = member("n3").status();
    await rm(dataDir, { recursive: true });
    await cp(earlier, dataDir, { recursive: true });
    const reason = await (await open("n1")).closed;
    expect(reason).toMatchObject({ type: "failed", error: { code: "ERR_FLOTILLA_DAMAGED" } });
    await close("n1");
    // Whoever leads by then may not know what it acknowledged.
    expect(await rejection(open("n1"))).toMatchObject({ code: "ERR_FLOTILLA_DAMAGED" });
    expect(member("n3").status().term).toBe(term);
    await expectAgreed("later 19");
    await write("n3", "last");
    await expectAgreed("last");
    complaints.errors.splice(0);
  },
  limitMs,
);

test(
  "a member that lost everything is told so, and does not count",
  async () => {
    await rm(join(folder.path, "n1"), { recursive: true });
    const warned = complaints.warnings.length;
    await open("n1");
    await eventually(() =>
      complaints.warnings.slice(warned).some((warning) => /does not have the data/.test(warning)),
    );
    await write("n3", "without it");
    expect(member("n1").status()).toMatchObject({ leader: null, applied: 0 });
    await close("n1");
    await expectAgreed("without it");
  },
  limitMs,
);
