import type { Channel, Clock, Host } from "@flotilla/runtime";
import { memoryChannelPair } from "@flotilla/runtime";
import { localDialer } from "../client/local-dialer.ts";
import { leaseTimes } from "../client/open-session.ts";
import type { SessionOptions } from "../client/options.ts";
import { ClientSession } from "../client/session.ts";
import { maxFrameBytes } from "../wire/bounds.ts";
import { clientProtocol } from "../wire/messages.ts";
import type { ClientDoor } from "./client-door.ts";

const defaultTimeoutMs = 15_000;

/** A channel within the process whose other side the member has taken. */
function localChannel(clock: Clock, door: Pick<ClientDoor, "acceptTrusted">): Channel {
  const [near, far] = memoryChannelPair((fn) => clock.defer(fn), { protocol: clientProtocol, maxFrameBytes });
  door.acceptTrusted(far);
  return near;
}

/** A session of this process at its own member. It is not open yet. */
export function localSession(host: Host, door: ClientDoor, options: SessionOptions): ClientSession {
  return new ClientSession({
    host,
    dialer: localDialer(() => localChannel(host.clock, door)),
    times: leaseTimes(options),
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    session: Buffer.from(host.random.bytes(16)).toString("hex"),
    secret: host.random.bytes(16),
  });
}
