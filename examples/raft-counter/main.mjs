// One counter in three processes: each adds ten, all see thirty. `npm run example -- raft-counter [DIR] [PORT]`
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { peerMaxFrameBytes as maxFrameBytes, peerProtocols as protocols } from "@flotilla/raft";
import { RaftNode, restoreAtOnce } from "@flotilla/raft";
import { realHost } from "@flotilla/runtime/real";

const [folder = `.flotilla/counter-${Date.now()}`, port = "7001", id = ""] = process.argv.slice(2);
const bootstrap = ["a", "b", "c"].map((id, k) => ({ id, address: `127.0.0.1:${Number(port) + k}` }));
const isDropped = ({ code }) => code === "ERR_FLOTILLA_DROPPED" || process.exit(1); // nobody leads yet
if (id === "") {
  const run = ({ id }) => fork(import.meta.filename, [folder, port, id]).once("exit", () => process.exit(1));
  for (const [word] of await Promise.all(bootstrap.map((it) => once(run(it), "message")))) console.log(word);
  process.exit();
} else {
  process.once("disconnect", () => process.exit());
  let total = 0;
  const apply = ({ payload }) => (total += payload[0]);
  const snapshot = () => ({ chunks: () => [Uint8Array.of(total)] });
  const beginRestore = () => restoreAtOnce((bytes) => (total = bytes[0]));
  const host = realHost({ directory: `${folder}/${id}` });
  const stateMachine = { apply, snapshot, beginRestore };
  const onApplied = () => total === 30 && process.send(`${id} sees ${total}`);
  const node = await RaftNode.open({ host, id, cluster: "counter", bootstrap, stateMachine, onApplied });
  const { address } = bootstrap.find((member) => member.id === id);
  await host.network.listen({ address, protocols, maxFrameBytes }, (channel) => node.accept(channel));
  for (let left = 10; left > 0; left -= 1)
    while (await node.propose(Uint8Array.of(1)).then(() => false, isDropped)) await pause(100);
}
