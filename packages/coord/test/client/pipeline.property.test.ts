import fc from "fast-check";
import { expect, test } from "vitest";
import { FakeCluster } from "./fake-cluster.ts";

type Step =
  | { readonly type: "write" }
  | { readonly type: "read" }
  | { readonly type: "pass"; readonly ms: number }
  | { readonly type: "cut" }
  | { readonly type: "mute" | "deaf"; readonly on: boolean }
  | { readonly type: "resend"; readonly back: number }
  | { readonly type: "repeat"; readonly back: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>({ type: "write" }) },
  { weight: 2, arbitrary: fc.constant<Step>({ type: "read" }) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 80 }).map<Step>((ms) => ({ type: "pass", ms })) },
  { weight: 2, arbitrary: fc.constant<Step>({ type: "cut" }) },
  { weight: 2, arbitrary: fc.boolean().map<Step>((on) => ({ type: "mute", on })) },
  { weight: 2, arbitrary: fc.boolean().map<Step>((on) => ({ type: "deaf", on })) },
  { weight: 1, arbitrary: fc.nat(5).map<Step>((back) => ({ type: "resend", back })) },
  { weight: 1, arbitrary: fc.nat(5).map<Step>((back) => ({ type: "repeat", back })) },
);

/** Plays one step. Writes are named by their order. */
class Play {
  readonly cluster = new FakeCluster();
  readonly answered: string[] = [];
  readonly waits: Promise<unknown>[] = [];
  writes = 0;

  async run(steps: readonly Step[]): Promise<void> {
    this.cluster.servers = ["a", "b"];
    const session = await this.cluster.open({ sessionTtlMs: 120_000 });
    for (const next of steps) {
      if (next.type === "write") {
        const path = `/w${(this.writes += 1)}`;
        this.waits.push(
          session.put(path, "", { timeoutMs: 600_000 }).then((written) => this.answered.push(written.path)),
        );
      } else if (next.type === "read") {
        this.waits.push(session.get("/r", { timeoutMs: 600_000 }));
      } else {
        await this.#disturb(next);
      }
    }
    Object.assign(this.cluster.manners, { apply: true, answer: true, read: true });
    // What was asked of a deaf server is asked again on another channel.
    this.cluster.last.close();
    await this.cluster.until(Promise.all(this.waits));
  }

  async #disturb(next: Exclude<Step, { type: "write" | "read" }>): Promise<void> {
    const { cluster } = this;
    switch (next.type) {
      case "pass":
        await cluster.pass(next.ms);
        return;
      case "cut":
        cluster.last.close();
        return;
      case "mute":
        cluster.manners.answer = !next.on;
        return;
      case "deaf":
        Object.assign(cluster.manners, { apply: !next.on, read: !next.on });
        return;
      case "resend":
        cluster.last.send({ type: "resend", from: Math.max(1, cluster.lastSeq + 1 - next.back) });
        return;
      case "repeat": {
        const seq = cluster.lastSeq - next.back;
        const result = cluster.results.get(seq);
        if (result !== undefined) cluster.last.send({ type: "result", seq, result });
      }
    }
  }
}

test("every write takes effect once and is answered in order, whatever is lost, repeated or dropped", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const play = new Play();
      await play.run(steps);
      const expected = Array.from({ length: play.writes }, (_, i) => `/w${i + 1}`);
      const applied = play.cluster.applied.map(({ operation }) =>
        "path" in operation ? operation.path : "",
      );
      expect(applied).toEqual(expected);
      expect(play.answered).toEqual(expected);
      expect(play.cluster.applied.map(({ seq }) => seq)).toEqual(expected.map((_, i) => i + 1));
    }),
    { numRuns: 150 },
  );
});
