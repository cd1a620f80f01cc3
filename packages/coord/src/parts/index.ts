/** What a node is made of, for tests that drive the parts by hand. Not stable from one version to the next. */
export { AdminDoor } from "../server/admin-door.ts";
export type { AdminService } from "../server/admin-door.ts";
export { decodeAdminRequest, encodeAdminRequest } from "../wire/admin-codec.ts";
export { adminProtocol } from "../wire/admin-messages.ts";
export type { AdminRequest } from "../wire/admin-messages.ts";
export { wireBounds } from "../wire/bounds.ts";
export { coordOver } from "../client/coord.ts";
export type { Dialer, OnPort } from "../client/dialer.ts";
export { onAbort } from "../on-abort.ts";
export { openSession } from "../client/open-session.ts";
export type { Port, PortHandler } from "../ports/port.ts";
export { assemble } from "../server/parts.ts";
export type { Parts } from "../server/parts.ts";
export type { RaftPort } from "../server/raft-port.ts";
export type { ClientMessage, ServerMessage } from "../wire/messages.ts";
