export { formatAddress, hasAddressShape, isUnspecified, parseAddress } from "./address.ts";
export type { Address } from "./address.ts";
export { ByteQueue } from "./byte-queue.ts";
export { CborReader, expectItems } from "./cbor-reader.ts";
export { CborWriter } from "./cbor-writer.ts";
export { cutReason } from "./channel-reason.ts";
export type { Clock, Timer } from "./clock.ts";
export { decode, encode } from "./codec.ts";
export { publishNothing } from "./diagnostics.ts";
export type { DiagnosticChannel, Publish } from "./diagnostics.ts";
export { checkFileName } from "./file-name.ts";
export type { Disk, Files, OpenFile, Store, StoreRange, StoreWrite } from "./disk.ts";
export { errorCodes, FlotillaError, invariant, toErrorCode } from "./errors.ts";
export type { ErrorCode, FlotillaErrorOptions } from "./errors.ts";
export { Heap } from "./heap.ts";
export { acceptHandshake } from "./handshake/acceptor.ts";
export { dialHandshake } from "./handshake/dialer.ts";
export { Lobby } from "./handshake/lobby.ts";
export { refusalCode, RefusalLog } from "./handshake/refusal-log.ts";
export type { HandshakeOptions, HandshakePeer } from "./handshake/options.ts";
export type { ClientHost, Host } from "./host.ts";
export { silentLogger } from "./logger.ts";
export type { Logger, LogMethod } from "./logger.ts";
export { memoryChannelPair } from "./memory-channel.ts";
export type { MemoryChannelOptions } from "./memory-channel.ts";
export type {
  Channel,
  ChannelEnd,
  ChannelHandler,
  Datagrams,
  DialOptions,
  Listener,
  ListenOptions,
  Network,
} from "./network.ts";
export type { Prober } from "./prober.ts";
export type { Random } from "./random.ts";
export type { LookupOptions, Resolver } from "./resolver.ts";
export {
  readArray,
  readBoolean,
  readBytes,
  readInt,
  readList,
  readOneOf,
  readOptionalBoolean,
  readOptionalString,
  readOptionalUint,
  readString,
  readUint,
} from "./shape.ts";
export { Slab } from "./slab.ts";
export { unknownOption } from "./unknown-option.ts";
export type { UnknownOption } from "./unknown-option.ts";
