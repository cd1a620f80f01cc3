import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import type { BareRequest } from "./bare.ts";
import { monotonicUs } from "../raft/messages.ts";

// What an idle leader with default settings sends, and what each of its peers answers: every so often, bytes.
const heartbeat = { everyMs: 100, bytes: 14 };
const answer = { everyHeartbeats: 3, bytes: 10 };
const sign = { everyHeartbeats: 6, bytes: 7 };

function prepared(socket: Socket): Socket {
  socket.setNoDelay(true);
  socket.on("error", () => {});
  return socket;
}

/** Answers on the socket that frames come on, every third one of heartbeats and each of the others. */
function follow(): void {
  const server = createServer((socket) => {
    let heard = 0;
    prepared(socket).on("data", ({ length }) => {
      heard += 1;
      if (length === sign.bytes || heard % answer.everyHeartbeats === 0)
        socket.write(Buffer.alloc(answer.bytes));
    });
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    process.send?.({ port: typeof address === "object" ? address?.port : null });
  });
}

function dial(port: number): Socket {
  return prepared(connect(port, "127.0.0.1")).on("data", () => {});
}

/** Two sockets a peer, as members have: heartbeats on one, signs of life on the other. */
function lead(ports: readonly number[]): void {
  const control = ports.map(dial);
  const bulk = ports.map(dial);
  let beats = 0;
  setInterval(() => {
    beats += 1;
    for (const socket of control) socket.write(Buffer.alloc(heartbeat.bytes));
    if (beats % sign.everyHeartbeats === 0) for (const socket of bulk) socket.write(Buffer.alloc(sign.bytes));
  }, heartbeat.everyMs);
  process.send?.({});
}

process.on("message", (request: BareRequest) => {
  if (request.type === "follow") return follow();
  if (request.type === "lead") return lead(request.ports);
  const { user, system } = process.cpuUsage();
  return process.send?.({ cpuUs: user + system, atUs: monotonicUs() });
});
process.once("disconnect", () => process.exit(1));
