import { connect as connectFlotilla } from "@flotilla/coord";
import { connect } from "node:net";
import { EtcdClient } from "./etcd.ts";
import type { SystemName } from "./open.ts";

/** True when the server on that port of loopback leads. */
export function leads(system: SystemName, port: number): Promise<boolean> {
  switch (system) {
    case "flotilla":
      return flotillaLeads(port);
    case "zookeeper":
      return zooKeeperLeads(port);
    case "etcd":
      return etcdLeads(port);
    default:
      return Promise.resolve(true);
  }
}

async function flotillaLeads(port: number): Promise<boolean> {
  await using coord = await connectFlotilla({ endpoints: [`127.0.0.1:${port}`] });
  return (await coord.session.status()).role === "leader";
}

// One of the four-letter words that are on by default.
async function zooKeeperLeads(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  socket.end("srvr");
  const chunks: Buffer[] = [];
  for await (const chunk of socket) if (chunk instanceof Buffer) chunks.push(chunk);
  return Buffer.concat(chunks).toString().includes("Mode: leader");
}

async function etcdLeads(port: number): Promise<boolean> {
  const client = await EtcdClient.open(port);
  const leads = await client.isLeader();
  await client.close();
  return leads;
}
