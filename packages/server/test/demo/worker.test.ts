import { expect, test } from "vitest";
import type { Leadership } from "@flotilla/coord";
import { FlotillaError } from "@flotilla/runtime";
import type { Handler, JsonServer } from "../../src/demo/http.ts";
import { postJson, serveJson } from "../../src/demo/http.ts";
import { Leader } from "../../src/demo/leader.ts";
import { Worker } from "../../src/demo/worker.ts";
import { Corpus } from "../../src/search/corpus.ts";

const corpus = new Corpus(
  new Map(Array.from({ length: 10 }, (_, i) => [`d${i}`, `raft log ${"vote ".repeat(i)}`])),
);

function task(epoch: number): unknown {
  return { epoch, terms: ["vote"], documents: ["d1", "d0"] };
}

test("a worker refuses an epoch below the highest it has seen", () => {
  const stale: number[][] = [];
  const worker = new Worker(corpus, (epoch, highest) => stale.push([epoch, highest]));
  expect(worker.work(task(5)).status).toBe(200);
  expect(worker.work(task(9)).status).toBe(200);
  expect(worker.work(task(8))).toEqual({ status: 409, body: { stale: true, epoch: 8, highest: 9 } });
  expect(worker.work(task(9)).status).toBe(200);
  worker.raise(12);
  expect(worker.work(task(11)).status).toBe(409);
  expect(stale).toEqual([
    [8, 9],
    [11, 12],
  ]);
  expect(worker.tasks).toBe(3);
});

test("a worker does not take a wrong message for an epoch", () => {
  const worker = new Worker(corpus, () => {});
  for (const body of [
    null,
    {},
    { ...(task(1) as object), epoch: "9" },
    { epoch: 1.5, terms: [], documents: [] },
  ]) {
    expect(() => worker.work(body)).toThrow(expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" }));
  }
  expect(worker.work({ ...(task(1) as object), documents: ["elsewhere"] }).status).toBe(404);
  expect(worker.work(task(1)).status).toBe(200);
});

function leadership(epoch: number, held: { current: boolean }): Leadership {
  const assert = (): void => {
    if (!held.current) throw new FlotillaError("ERR_FLOTILLA_LOST", "no longer");
  };
  return { epoch, assert } as Leadership;
}

async function withServers<T>(
  handlers: readonly Handler[],
  use: (addresses: string[]) => Promise<T>,
): Promise<T> {
  const servers: JsonServer[] = await Promise.all(handlers.map(serveJson));
  try {
    return await use(servers.map((server) => server.address));
  } finally {
    for (const server of servers) server.close();
  }
}

function leaderOf(epoch: number, workers: readonly string[], held = { current: true }): Leader {
  return new Leader({
    leadership: leadership(epoch, held),
    corpus,
    workers: () => workers,
    beforeCheck: () => Promise.resolve(() => {}),
  });
}

const answering =
  (worker: Worker): Handler =>
  (_, body) =>
    Promise.resolve(worker.work(body));
const broken: Handler = () => Promise.resolve({ status: 500, body: {} });

test("a leader merges what the workers answer into the answer of one process", async () => {
  const workers = [1, 2, 3].map(() => new Worker(corpus, () => {}));
  const answer = await withServers(workers.map(answering), (addresses) =>
    leaderOf(4, addresses).answer("vote raft"),
  );
  expect(answer).toEqual({ epoch: 4, workers: 3, total: 10, hits: corpus.search("vote raft") });
  expect(workers.map((worker) => worker.tasks)).toEqual([1, 1, 1]);
});

test("a share that fails goes to another worker", async () => {
  const worker = new Worker(corpus, () => {});
  const answer = await withServers([broken, answering(worker)], (addresses) =>
    leaderOf(4, addresses).answer("vote"),
  );
  expect(answer.hits).toEqual(corpus.search("vote"));
  expect(worker.tasks).toBe(2);
});

test("a leader whose epoch is refused gives no answer", async () => {
  const worker = new Worker(corpus, () => {});
  worker.raise(9);
  await withServers([answering(worker)], async (addresses) => {
    await expect(leaderOf(8, addresses).answer("vote")).rejects.toMatchObject({
      code: "ERR_FLOTILLA_FENCED",
    });
  });
});

test("a leader that lost its place sends nothing", async () => {
  const worker = new Worker(corpus, () => {});
  await withServers([answering(worker)], async (addresses) => {
    const lost = leaderOf(8, addresses, { current: false });
    await expect(lost.answer("vote")).rejects.toMatchObject({ code: "ERR_FLOTILLA_LOST" });
  });
  expect(worker.tasks).toBe(0);
});

test("without a worker that answers there is no answer", async () => {
  await expect(leaderOf(1, []).answer("vote")).rejects.toMatchObject({ code: "ERR_FLOTILLA_UNREACHABLE" });
  await withServers([broken, broken], async (addresses) => {
    await expect(leaderOf(1, addresses).answer("vote")).rejects.toMatchObject({
      code: "ERR_FLOTILLA_UNREACHABLE",
    });
  });
});

test("the server answers bad requests as such", async () => {
  const worker = new Worker(corpus, () => {});
  await withServers([answering(worker)], async ([address]) => {
    const reply = await postJson(address!, "/task", { epoch: -1 }, { timeoutMs: 10_000 });
    expect(reply.status).toBe(400);
    const get = await fetch(`http://${address}/task`);
    expect(get.status).toBe(405);
  });
});
