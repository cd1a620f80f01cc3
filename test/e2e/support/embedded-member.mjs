// A process that embeds a member and, when told to, holds an election: `serve`'s flags, and JSON over IPC.
// In:  {type: "campaign"}, {type: "release"}
// Out: {type: "elected", epoch, fence}, and after every stall {type: "resumed", asserted, ownWrite, otherWrite}.
import { parseArgs } from "node:util";
import { start } from "@flotilla/coord";

const tickMs = 20;
const sessionTtlMs = 3_000;

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: {
    id: { type: "string" },
    "data-dir": { type: "string" },
    listen: { type: "string" },
    bootstrap: { type: "string" },
  },
});

const node = await start({
  id: values.id,
  dataDir: values["data-dir"],
  listen: values.listen,
  bootstrap: values.bootstrap.split(",").map((member) => {
    const [id, address] = member.split("=");
    return { id, address };
  }),
  sessionTtlMs,
});

let leadership = null;

/** The code of the error that `act` ends with, or "ok". */
async function outcome(act) {
  try {
    await act();
    return "ok";
  } catch (error) {
    return error.code ?? String(error);
  }
}

async function campaign() {
  const { session } = node;
  leadership = await node.election("job", { id: values.id }).campaign({ timeoutMs: Infinity });
  await session.put("/job-result", values.id, { fence: leadership.fence });
  process.send({ type: "elected", epoch: leadership.epoch, fence: leadership.fence });
}

async function reportStall(held) {
  let asserted = "ok";
  try {
    held.assert();
  } catch (error) {
    asserted = error.code;
  }
  const write = (session) => session.put("/job-result", `stale, from ${values.id}`, { fence: held.fence });
  const ownWrite = await outcome(() => write(node.session));
  const other = await node.connect();
  const otherWrite = await outcome(() => write(other.session));
  await other.close();
  process.send({ type: "resumed", asserted, ownWrite, otherWrite });
}

let last = performance.now();
setInterval(() => {
  const now = performance.now();
  const stalled = now - last > sessionTtlMs;
  last = now;
  if (!stalled || leadership === null) return;
  const held = leadership;
  leadership = null;
  void reportStall(held);
}, tickMs);

process.on("message", (message) => {
  if (message.type === "campaign") void campaign();
  if (message.type === "release") void leadership?.release();
});
process.on("disconnect", () => process.exit(0));
