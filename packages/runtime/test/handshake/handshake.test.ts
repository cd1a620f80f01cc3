import { FlotillaError } from "@flotilla/runtime";
import { describe, expect, test } from "vitest";
import { shakeHands } from "./harness.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe("handshake", () => {
  test.each([
    ["without a secret", {}],
    ["with the same secret", { secret: "s3cret" }],
    ["with the same secret as bytes on one side", { secret: text("s3cret") }],
  ])("%s, both sides learn the other's identity and the highest common version", async (_name, secret) => {
    const { dialed, accepted, near, far, clock } = await shakeHands(
      { ...secret, identity: { id: "a", n: 1 }, versions: { min: 1, max: 4 } },
      {
        ...(Object.hasOwn(secret, "secret") ? { secret: "s3cret" } : {}),
        identity: ["b", 2],
        versions: { min: 2, max: 9 },
      },
    );
    expect(dialed.peer).toEqual({ identity: ["b", 2], version: 4 });
    expect(accepted.peer).toEqual({ identity: { id: "a", n: 1 }, version: 4 });
    expect(near.isOpen && far.isOpen).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  test("frames sent in the turn of completion arrive, in order, and so does the end", async () => {
    const { dialed, accepted, near, clock } = await shakeHands(
      { secret: "s", onReady: (_peer, channel) => channel.send(text("from dialer")) },
      {
        secret: "s",
        onReady: (_peer, channel) => {
          channel.send(text("one"));
          channel.send(text("two"));
        },
      },
    );
    expect(dialed.heard).toEqual(["ready", "one", "two"]);
    expect(accepted.heard).toEqual(["ready", "from dialer"]);
    near.close();
    clock.run();
    expect(dialed.heard.at(-1)).toBe("end closed");
    expect(accepted.heard.at(-1)).toBe("end closed");
  });

  test.each([
    ["different secrets", { secret: "a" }, { secret: "b" }, "ERR_FLOTILLA_WRONG_SECRET"],
    ["a secret with the dialer only", { secret: "a" }, {}, "ERR_FLOTILLA_WRONG_SECRET"],
    ["a secret with the acceptor only", {}, { secret: "a" }, "ERR_FLOTILLA_WRONG_SECRET"],
    ["another cluster", { cluster: "x" }, { cluster: "y" }, "ERR_FLOTILLA_WRONG_CLUSTER"],
    [
      "another cluster, before the secret is looked at",
      { cluster: "x", secret: "a" },
      { cluster: "y", secret: "b" },
      "ERR_FLOTILLA_WRONG_CLUSTER",
    ],
    [
      "no common version",
      { versions: { min: 1, max: 2 } },
      { versions: { min: 3, max: 4 } },
      "ERR_FLOTILLA_UNSUPPORTED",
    ],
    [
      "no common version the other way",
      { versions: { min: 5, max: 6 } },
      { versions: { min: 3, max: 4 } },
      "ERR_FLOTILLA_UNSUPPORTED",
    ],
  ])("%s is refused on both sides", async (_name, dialer, acceptor, code) => {
    const { dialed, accepted, near, far, clock } = await shakeHands(dialer, acceptor);
    expect([dialed.error?.code, accepted.error?.code]).toEqual([code, code]);
    expect([dialed.heard, accepted.heard]).toEqual([[], []]);
    expect(near.isOpen || far.isOpen).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });

  test("the acceptor's refusal travels to a dialer that trusts it", async () => {
    const seen: unknown[] = [];
    const { dialed, accepted } = await shakeHands(
      { secret: "s", identity: ["node-1", "old"] },
      {
        secret: "s",
        admit: (identity) => {
          seen.push(identity);
          return new FlotillaError("ERR_FLOTILLA_WIPED", "node-1 lost its data");
        },
      },
    );
    expect(seen).toEqual([["node-1", "old"]]);
    expect(accepted.error?.code).toBe("ERR_FLOTILLA_WIPED");
    expect(dialed.error?.code).toBe("ERR_FLOTILLA_WIPED");
    expect(dialed.error?.message).toMatch("node-1 lost its data");
    expect(dialed.heard).toEqual([]);
  });

  test("the dialer may refuse the acceptor; the acceptor takes no strong word from a stranger", async () => {
    const { dialed, accepted } = await shakeHands(
      { admit: () => new FlotillaError("ERR_FLOTILLA_FOREIGN", "not who I called") },
      {},
    );
    expect(dialed.error?.code).toBe("ERR_FLOTILLA_FOREIGN");
    expect(accepted.error?.code).toBe("ERR_FLOTILLA_UNREACHABLE");
    expect(accepted.error?.details).toEqual({ refusedWith: "ERR_FLOTILLA_FOREIGN" });
  });

  test("an admit that throws for an identity of a wrong shape refuses it", async () => {
    const { dialed, accepted } = await shakeHands(
      {},
      {
        admit: () => {
          throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "identity: expected an array");
        },
      },
    );
    expect([dialed.error?.code, accepted.error?.code]).toEqual([
      "ERR_FLOTILLA_BAD_FRAME",
      "ERR_FLOTILLA_BAD_FRAME",
    ]);
  });

  test("an error that is not ours ends the handshake, and tells the other side nothing", async () => {
    const broken = new Error("with a secret in it");
    const { dialed, accepted } = await shakeHands(
      { secret: "s" },
      {
        secret: "s",
        admit: () => {
          throw broken;
        },
      },
    );
    expect(accepted.error).toBe(broken);
    expect(dialed.error?.code).toBe("ERR_FLOTILLA_INTERNAL");
    expect(dialed.error?.message).not.toMatch("secret in it");
  });

  test("a stranger's identity is never judged, nor shown to the owner", async () => {
    const judged: unknown[] = [];
    const admit = (identity: unknown): undefined => void judged.push(identity);
    await shakeHands({ secret: "a", admit }, { secret: "b", admit });
    expect(judged).toEqual([]);
  });

  test("an owner that throws when ready ends the channel with its error", async () => {
    const broken = new Error("broken owner");
    const { accepted, dialed, far } = await shakeHands(
      {},
      {
        onReady: () => {
          throw broken;
        },
      },
    );
    expect(accepted.error).toBe(broken);
    expect(far.isOpen).toBe(false);
    expect(dialed.heard).toEqual(["ready", "end closed"]);
  });

  test.each([
    ["an empty secret", { secret: "" }, "ERR_FLOTILLA_BAD_CONFIG"],
    ["an identity above 1 KiB", { identity: "x".repeat(1100) }, "ERR_FLOTILLA_BAD_ARGUMENT"],
  ])("%s is the caller's mistake, and ends the channel", async (_name, options, code) => {
    const { dialed, near, clock } = await shakeHands(options, {});
    expect(dialed.error?.code).toBe(code);
    expect(near.isOpen).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });
});
