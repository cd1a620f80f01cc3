import { connect } from "@flotilla/coord";
import { standardValue } from "../clients/client.ts";
import { EtcdClient } from "../clients/etcd.ts";
import type { LockSystem } from "../clients/lock.ts";
import { ZooKeeperClient } from "../clients/zookeeper.ts";
import type { SessionsJob, TrialAnswers } from "./messages.ts";

/** More at the same time would wait for their turn in the log, and lapse. */
const atOnce = 100;

async function openOne(system: LockSystem, port: number, ttlSeconds: number): Promise<object> {
  switch (system) {
    case "flotilla":
      return connect({ endpoints: [`127.0.0.1:${port}`], sessionTtlMs: ttlSeconds * 1_000 });
    case "zookeeper":
      return ZooKeeperClient.open(port, standardValue, ttlSeconds * 1_000);
    default: {
      const client = await EtcdClient.open(port);
      await client.lease(ttlSeconds);
      return client;
    }
  }
}

/** Opens every session; they are kept alive as long as the process lives. */
export async function openSessions(job: SessionsJob): Promise<TrialAnswers["sessions"]> {
  const { system, ports, count, ttlSeconds } = job;
  const open: object[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const port = ports[next % ports.length] ?? 0;
      next += 1;
      open.push(await openOne(system, port, ttlSeconds));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return { open: open.length };
}
