/** What a node is made of, for tests that drive the parts by hand. Not stable from one version to the next. */
export { encodeConfiguration } from "../core/config/config-codec.ts";
export { isMember } from "../core/config/configuration.ts";
export { encodeEntry } from "../core/entry-codec.ts";
export type { Event, Receive } from "../core/event.ts";
export type { LogReader } from "../core/log/log-reader.ts";
export type { Budget } from "../core/log/window.ts";
export { defaultLimits, reservedLimits } from "../core/options.ts";
export { Raft } from "../core/raft.ts";
export type { Ready, Refused } from "../core/ready.ts";
export type { RefusalReason } from "../core/refusals.ts";
export { openStorage } from "../storage/open-storage.ts";
export { decodeFrame, encodeFrame } from "../transport/message-codec.ts";
export type { PeerMessage } from "../transport/message-codec.ts";
export { linkProtocols, readIdentity, writeIdentity } from "../transport/peer-identity.ts";
export type { LinkKind } from "../transport/peer-identity.ts";
export { PeerLink } from "../transport/peer-link.ts";
export { Peer } from "../transport/peer.ts";
export { isSnapshotTransfer } from "../transport/snapshot-codec.ts";
