// Tests an app's fail-over on virtual time: ten minutes in a second. `npm run example -- testing-your-app [SEED]`
import assert from "node:assert/strict";
import { test } from "node:test";
import { testCluster } from "@flotilla/testing";

/** The app: one of its instances sends a report every ten seconds. */
async function reporter(coord, id, { send, sleep }) {
  await coord.election("reporter", { id }).run(async ({ epoch, fence, signal }) => {
    while (!signal.aborted) {
      const last = Number(new TextDecoder().decode((await coord.session.get("/sent"))?.value));
      await coord.session.put("/sent", String(last + 1), { fence }); // refused once somebody else leads
      send({ number: last + 1, epoch });
      await sleep(10_000, { on: coord, signal });
    }
  });
}

const seed = Number(process.argv[2] ?? 7);
void test("no report is sent twice, whoever dies, hangs or is cut off", async (t) => {
  const cluster = await testCluster({ nodes: 3, seed });
  t.after(() => cluster.close());
  const sent = [];
  const ways = { send: (report) => sent.push(report), sleep: cluster.sleep };
  for (const name of ["app-1", "app-2", "app-3"])
    void reporter(await cluster.client({ name }), name, ways).catch(() => {}); // its session is lost
  const elected = async () =>
    cluster
      .coord(await cluster.leader())
      .election("reporter")
      .leader();
  const leader = async () => (await cluster.run(elected)).id;

  await cluster.advance(150_000);
  cluster.kill(await cluster.leader()); // a server
  await cluster.advance(150_000);
  cluster.isolate(await leader()); // an instance, which still runs
  await cluster.advance(150_000);
  cluster.pause(await leader()); // and one that hangs
  await cluster.advance(150_000);

  const numbers = sent.map(({ number }) => number);
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].toSorted((a, b) => a - b),
  );
  assert.ok(numbers.length >= 58, `only ${numbers.length} reports in ten minutes`);
  assert.equal(new Set(sent.map(({ epoch }) => epoch)).size, 3); // one leader after the other
  console.log(`${numbers.length} reports by 3 leaders, each once (seed ${seed})`);
});
