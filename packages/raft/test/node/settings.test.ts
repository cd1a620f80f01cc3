import { FlotillaError } from "@flotilla/runtime";
import { Kernel } from "@flotilla/runtime/sim";
import { expect, test } from "vitest";
import type { RaftOptions } from "../../src/index.ts";
import { defaultLimits } from "../../src/core/options.ts";
import { settle } from "../../src/node/settings.ts";
import { Counter } from "./counter.ts";

function optionsWith(some: Partial<RaftOptions>): RaftOptions {
  const host = new Kernel({ seed: 1 }).node("a").start();
  return { host, id: "a", cluster: "test", stateMachine: new Counter(), ...some };
}

function complaint(some: Partial<RaftOptions>): string {
  try {
    settle(optionsWith(some));
    return "none";
  } catch (error) {
    if (FlotillaError.is(error, "ERR_FLOTILLA_BAD_CONFIG")) return error.message;
    throw error;
  }
}

test("what is left out takes its default", () => {
  expect(settle(optionsWith({}))).toMatchObject({
    heartbeatMs: 100,
    electionTimeoutMs: 1000,
    electionTicks: 10,
    snapshotEntries: 100_000,
    snapshotBytes: 64 << 20,
    trailingEntries: 10_000,
    maxProposalBytes: 2 << 20,
    level: 1,
    limits: defaultLimits,
  });
  const { limits } = settle(optionsWith({ limits: { inflightMessages: 1, cacheBytes: 0 } }));
  expect(limits).toEqual({ ...defaultLimits, inflightMessages: 1, cacheBytes: 0 });
});

test.each<[Partial<RaftOptions>, string]>([
  [{ heartbeatMs: 0 }, "heartbeatMs"],
  [{ heartbeatMs: 1.5 }, "heartbeatMs"],
  [{ heartbeatMs: Number.NaN }, "heartbeatMs"],
  [{ heartbeatMs: 200_001, electionTimeoutMs: 600_000 }, "heartbeatMs"],
  [{ heartbeatMs: 100, electionTimeoutMs: 299 }, "electionTimeoutMs: expected at least 3 times heartbeatMs"],
  [{ heartbeatMs: 400 }, "electionTimeoutMs: expected at least 3 times heartbeatMs"],
  [{ electionTimeoutMs: 600_001 }, "electionTimeoutMs"],
  [{ electionTimeoutMs: Number.POSITIVE_INFINITY }, "electionTimeoutMs"],
  [{ snapshotEntries: 0 }, "snapshotEntries"],
  [{ snapshotBytes: -1 }, "snapshotBytes"],
  [{ trailingEntries: -1 }, "trailingEntries"],
  [{ maxProposalBytes: 0 }, "maxProposalBytes"],
  [{ level: -1 }, "level"],
  [{ level: 1.5 }, "level"],
  [{ level: "1" as never }, "level"],
  [{ maxProposalBytes: (8 << 20) + 1 }, "maxProposalBytes"],
  [{ limits: { maxBatchEntries: 0 } }, "limits.maxBatchEntries"],
  [{ limits: { maxReads: 1.5 } }, "limits.maxReads"],
  [{ limits: { cacheBytes: -1 } }, "limits.cacheBytes"],
  [{ heartBeatMs: 50 } as never, "heartBeatMs: expected an option that there is, such as heartbeatMs"],
  [{ limits: { maxRead: 1 } } as never, "limits.maxRead: expected an option that there is, such as maxReads"],
  [{ limits: { maxBatchBytes: (8 << 20) + 1 } }, "limits.maxBatchBytes"],
  [{ limits: { inflightBytes: (16 << 20) + 1 } }, "limits.inflightBytes"],
  [{ limits: { maxForwardedBytes: (16 << 20) + 1 } }, "limits.maxForwardedBytes"],
])("%o is refused by the name of the option", (some, name) => {
  expect(complaint(some)).toContain(name);
});

test.each<[Partial<RaftOptions>, number]>([
  [{ heartbeatMs: 100, electionTimeoutMs: 300 }, 3],
  [{ heartbeatMs: 100, electionTimeoutMs: 301 }, 4],
  [{ heartbeatMs: 300, electionTimeoutMs: 1000 }, 4],
  [{ heartbeatMs: 200_000, electionTimeoutMs: 600_000 }, 3],
])("%o waits whole heartbeats, never less than the timeout", (some, electionTicks) => {
  expect(settle(optionsWith(some)).electionTicks).toBe(electionTicks);
});
