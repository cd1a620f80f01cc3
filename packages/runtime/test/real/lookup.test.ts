import dns from "node:dns";
import type { LookupAddress } from "node:dns";
import { realNetwork } from "@flotilla/runtime/real/client";
import { expect, onTestFinished, test, vi } from "vitest";
import { realProber } from "../../src/real/prober.ts";
import { realResolver } from "../../src/real/resolver.ts";

type Answer = (error: Error | null, found: LookupAddress[]) => void;

/** A name server that answers when it is told to. */
class HangingNames {
  readonly #asked: { readonly host: string; readonly answer: Answer }[] = [];

  constructor() {
    const lookup = vi.spyOn(dns, "lookup").mockImplementation(((host: string, _: unknown, answer: Answer) => {
      this.#asked.push({ host, answer });
    }) as typeof dns.lookup);
    onTestFinished(() => lookup.mockRestore());
  }

  get asked(): readonly string[] {
    return this.#asked.map(({ host }) => host);
  }

  async until(...names: readonly string[]): Promise<void> {
    await vi.waitFor(() => expect(this.asked).toEqual(names));
  }

  answer(error: Error | null, found: LookupAddress[] = []): void {
    for (const { answer } of this.#asked.splice(0)) answer(error, found);
  }
}

const failure = new Error("no such name");
const here: LookupAddress = { address: "127.0.0.1", family: 4 };
const { signal } = new AbortController();
const network = realNetwork();

function dial(host: string, timeoutMs: number): Promise<unknown> {
  return network.dial(`${host}:1`, { protocol: "test-1", maxFrameBytes: 100, timeoutMs });
}

function find(): Promise<readonly string[]> {
  return realResolver().addresses("name.example", { signal });
}

test("dials that were given up leave one lookup of a name behind, not one each", async () => {
  const names = new HangingNames();
  for (let k = 0; k < 5; k += 1)
    await expect(dial("hangs.example", 5)).rejects.toMatchObject({ code: "ERR_FLOTILLA_UNREACHABLE" });
  expect(names.asked).toEqual(["hangs.example"]);
  const other = dial("other.example", 60_000);
  await names.until("hangs.example", "other.example");
  names.answer(failure);
  await expect(other).rejects.toThrow("no such name");
});

test("all who wait are answered, and who comes later asks anew", async () => {
  const names = new HangingNames();
  const both = [find(), find()];
  names.answer(null, [here]);
  expect(await Promise.all(both)).toEqual([["127.0.0.1"], ["127.0.0.1"]]);
  const late = find();
  expect(names.asked).toHaveLength(1);
  names.answer(failure);
  await expect(late).rejects.toMatchObject({ code: "ERR_FLOTILLA_UNREACHABLE" });
});

test("what is found is dialed", async () => {
  const options = { address: "127.0.0.1:0", protocols: ["test-1"], maxFrameBytes: 100 };
  await using listener = await network.listen(options, (channel) =>
    channel.handle({ message: () => {}, end: () => {} }),
  );
  const names = new HangingNames();
  const port = listener.address.split(":")[1];
  const dialed = network.dial(`name.example:${port}`, { protocol: "test-1", maxFrameBytes: 100 });
  await names.until("name.example");
  names.answer(null, [here]);
  const channel = await dialed;
  channel.handle({ message: () => {}, end: () => {} });
  expect(channel.isOpen).toBe(true);
});

test("probes share the lookups of dials, datagrams those of each other, and few enough wait", async () => {
  await using port = await network.datagrams("127.0.0.1:0", () => {});
  const names = new HangingNames();
  const asking = [
    realProber().tcp("name.example:1", signal),
    realProber().http("http://name.example:1/", signal),
    dial("name.example", 60_000),
  ];
  for (let k = 0; k < 2_000; k += 1) port.send("name.example:1", new Uint8Array(1));
  // Datagrams go to addresses of one kind: another question.
  await names.until("name.example", "name.example");
  await new Promise((resolve) => setImmediate(resolve));
  expect(names.asked).toHaveLength(2);
  names.answer(failure);
  for (const each of asking) await expect(each).rejects.toThrow("no such name");
});
