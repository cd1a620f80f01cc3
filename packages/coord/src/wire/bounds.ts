/** Bounds of the client protocol, the same on both sides. */
export const wireBounds = {
  /** A larger frame ends its channel. Bytes. */
  frameBytes: 4_194_304,
  /** Watches of one session. */
  watches: 1_000,
  /** How often a watch may ask for bookmarks, ms. */
  minBookmarkMs: 100,
  maxBookmarkMs: 86_400_000,
  /** Names and passwords of one client. */
  credentials: 8,
  /** Leases in one renewal. */
  leases: 1_000,
  /** Encoded result of one request, bytes. */
  resultBytes: 4_000_000,
  /** Events of one message. */
  events: 10_000,
  /** Nodes of one page of a snapshot. */
  snapshotNodes: 10_000,
  /** Of a backup, in one message. */
  pieceBytes: 2_097_152,
  /** Members named in a message. */
  members: 1_000,
  /** UTF-8 bytes of an id, an address or a name. */
  nameBytes: 512,
  /** UTF-8 bytes of a text for people. */
  messageBytes: 4_096,
} as const;

/** Largest frame either side of a client channel accepts, bytes. */
export const maxFrameBytes: number = wireBounds.frameBytes;
