import { test } from "vitest";
import { Cluster } from "../support/cluster.ts";
import { SyncRecorder } from "../support/sync-recorder.ts";
import { endure } from "../support/endurance.ts";
import { execSync } from "node:child_process";
test("x", { timeout: 100000 }, async () => {
  execSync("rm -rf /tmp/flot/faults/k && mkdir /tmp/flot/faults/k");
  const r = SyncRecorder.build("/tmp/flot/faults/k");
  await using c = await Cluster.create("dbg", { arguments: ["--snapshot-entries", "300"], env: ({id, dataDir}, life) => r.env(dataDir, `${id}-${life}`) });
  c.start();
  await endure(c, { rounds: 1, whileDown: async () => {
    console.log(execSync(`cat /tmp/flot/faults/k/n1-1.events | grep -v 'S.*03.log'; tail -3 /tmp/flot/faults/k/n1-1.events; ls -lR ${c.places[0]!.dataDir}`).toString());
    console.log(await r.cutPower(c.places[0]!.dataDir, "n1-1"));
    console.log(execSync(`ls -lR ${c.places[0]!.dataDir}`).toString());
    throw new Error("stop");
  } });
});
