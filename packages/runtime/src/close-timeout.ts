/** How long what is queued when a channel closes has to leave, ms. */
export const closeTimeoutMs = 5_000;
